"""Every kind of picture comes out as RGB in 0..1, or is refused in one line."""

from __future__ import annotations

import zlib
from io import BytesIO
from struct import pack
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from napari_maxrf.errors import MaxrfError, PictureError
from napari_maxrf.pictures import as_picture, load_picture, resize, save_picture

RGB = np.random.default_rng(1).integers(0, 256, (12, 17, 3)).astype(np.uint8)


def saved(tmp_path, image: Image.Image, suffix=".png", **options):
    path = tmp_path / f"picture{suffix}"
    image.save(path, **options)
    return path


def test_rgb_is_divided_by_255(tmp_path):
    picture = load_picture(saved(tmp_path, Image.fromarray(RGB)))
    assert picture.dtype == np.float32
    np.testing.assert_allclose(picture, RGB / 255, atol=1e-7)


def test_grey_becomes_three_equal_channels(tmp_path):
    grey = RGB[:, :, 0]
    picture = load_picture(saved(tmp_path, Image.fromarray(grey)))
    np.testing.assert_allclose(picture, np.repeat(grey[:, :, None], 3, 2) / 255)


def test_transparent_pixels_show_white_paper(tmp_path):
    rgba = np.dstack([RGB, np.full(RGB.shape[:2], 255, np.uint8)])
    rgba[0, 0, 3], rgba[0, 1, 3] = 0, 51
    picture = load_picture(saved(tmp_path, Image.fromarray(rgba)))
    assert picture[0, 0].tolist() == [1, 1, 1]
    np.testing.assert_allclose(picture[0, 1], RGB[0, 1] / 255 * 0.2 + 0.8, atol=3e-3)
    np.testing.assert_allclose(picture[1:], RGB[1:] / 255, atol=1e-6)


def test_16_bit_grey_keeps_its_depth(tmp_path):
    deep = np.array([[0, 1, 256, 65535]], np.uint16)
    for suffix in (".png", ".tif"):
        picture = load_picture(saved(tmp_path, Image.fromarray(deep), suffix))
        np.testing.assert_allclose(picture[0, :, 1], deep[0] / 65535, rtol=1e-6)


def test_16_bit_rgb_tiff_keeps_its_depth(tmp_path):
    deep = RGB.astype(np.uint16) * 257 - 100 * (RGB > 1)
    tifffile.imwrite(tmp_path / "deep.tif", deep, photometric="rgb")
    picture = load_picture(tmp_path / "deep.tif")
    np.testing.assert_allclose(picture, deep / 65535, rtol=1e-5)


def test_planar_16_bit_tiff_is_turned(tmp_path):
    deep = RGB.astype(np.uint16) * 257
    planes = np.ascontiguousarray(np.moveaxis(deep, 2, 0))
    path = tmp_path / "planar.tif"
    tifffile.imwrite(path, planes, photometric="rgb", planarconfig="separate")
    np.testing.assert_allclose(load_picture(path), RGB / 255, atol=1e-6)


def test_float_tiff_in_0_to_1_is_taken_as_it_is(tmp_path):
    values = (RGB / 255).astype(np.float32)
    tifffile.imwrite(tmp_path / "float.tif", values, photometric="rgb")
    np.testing.assert_array_equal(load_picture(tmp_path / "float.tif"), values)


def test_float_tiff_up_to_255_is_scaled(tmp_path):
    tifffile.imwrite(tmp_path / "f.tif", RGB.astype(np.float32), photometric="rgb")
    np.testing.assert_allclose(load_picture(tmp_path / "f.tif"), RGB / 255, rtol=1e-6)


def test_a_palette_picture_shows_its_colours(tmp_path):
    indexed = Image.fromarray(RGB).quantize(200)
    expected = np.asarray(indexed.convert("RGB")) / 255
    for suffix in (".png", ".gif", ".tif"):
        picture = load_picture(saved(tmp_path, indexed, suffix))
        np.testing.assert_allclose(picture, expected, atol=1e-6)


def test_cmyk_becomes_rgb(tmp_path):
    ink = np.zeros((2, 2, 4), np.uint8)
    ink[0, 0] = (255, 0, 0, 0)
    ink[1, 1] = (0, 0, 0, 255)
    path = saved(tmp_path, Image.fromarray(ink, mode="CMYK"), ".tif")
    picture = load_picture(path)
    np.testing.assert_allclose(picture[0, 0], [0, 1, 1], atol=0.01)
    np.testing.assert_allclose(picture[1, 1], [0, 0, 0], atol=0.01)
    np.testing.assert_allclose(picture[0, 1], [1, 1, 1], atol=0.01)


def test_cmyk_jpeg_is_read(tmp_path):
    image = Image.fromarray(RGB).resize((64, 64)).convert("CMYK")
    picture = load_picture(saved(tmp_path, image, ".jpg", quality=100))
    expected = np.asarray(image.convert("RGB")) / 255
    assert np.abs(picture - expected).mean() < 0.02


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["jpeg", "deep tiff"])
def test_turned_pictures_stand_upright(tmp_path, orientation, kind):
    blocks = np.zeros((16, 24), np.uint8)
    blocks[:8, :8], blocks[8:, 16:] = 255, 128
    image = Image.fromarray(blocks)
    exif = Image.Exif()
    exif[0x112] = orientation
    if kind == "jpeg":
        path = saved(tmp_path, image, ".jpg", exif=exif, quality=100)
    else:
        path = tmp_path / "deep.tif"
        tag = (274, "H", 1, orientation, True)
        tifffile.imwrite(path, blocks.astype(np.uint16) * 257, extratags=[tag])
    turns = {
        1: blocks,
        2: blocks[:, ::-1],
        3: blocks[::-1, ::-1],
        4: blocks[::-1],
        5: blocks.T,
        6: np.rot90(blocks, -1),
        7: np.rot90(blocks, 2).T,
        8: np.rot90(blocks),
    }
    np.testing.assert_allclose(
        load_picture(path)[:, :, 0], turns[orientation] / 255, atol=0.02
    )


def test_a_foreign_colour_profile_is_converted(tmp_path):
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    plain = load_picture(saved(tmp_path, Image.fromarray(RGB)))
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    same = load_picture(saved(tmp_path, Image.fromarray(RGB), icc_profile=srgb))
    np.testing.assert_array_equal(plain, same)
    wrong = saved(tmp_path, Image.fromarray(RGB), icc_profile=lab.tobytes())
    np.testing.assert_array_equal(plain, load_picture(wrong))
    broken = saved(tmp_path, Image.fromarray(RGB), icc_profile=b"nonsense")
    np.testing.assert_array_equal(plain, load_picture(broken))


def test_one_pixel_is_a_picture(tmp_path):
    picture = load_picture(saved(tmp_path, Image.new("RGB", (1, 1), (255, 0, 51))))
    np.testing.assert_allclose(picture, [[[1, 0, 0.2]]])
    assert load_picture(tmp_path / "picture.png", max_side=300).shape == (1, 1, 3)


def test_max_side_shrinks_and_never_enlarges(tmp_path):
    for suffix in (".png", ".jpg"):
        path = saved(tmp_path, Image.new("RGB", (400, 100), "red"), suffix)
        assert load_picture(path, max_side=40).shape == (10, 40, 3)
        assert load_picture(path, max_side=4000).shape == (100, 400, 3)
    with pytest.raises(PictureError, match="max_side"):
        load_picture(path, max_side=0)


def test_a_deep_picture_shrinks_too(tmp_path):
    values = np.full((60, 90), 0.25, np.float32)
    tifffile.imwrite(tmp_path / "f.tif", values)
    picture = load_picture(tmp_path / "f.tif", max_side=30)
    assert picture.shape == (20, 30, 3)
    np.testing.assert_allclose(picture, 0.25, rtol=1e-5)


def huge_png(path, side: int) -> None:
    """Write a square 1-bit PNG without holding its pixels."""
    packer = zlib.compressobj(1)
    row = b"\0" + b"\xf0" * (side // 8)
    pixels = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()

    def chunk(kind: bytes, data: bytes) -> bytes:
        return pack(">I", len(data)) + kind + data + pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0))
    end = chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", pixels) + end)


def test_20_000_pixels_square_are_refused_with_the_memory_they_take(
    tmp_path, monkeypatch
):
    huge_png(tmp_path / "huge.png", 20_000)
    free = SimpleNamespace(available=2 * 2**30)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: free)
    limit = Image.MAX_IMAGE_PIXELS
    with pytest.raises(
        PictureError, match=r"huge\.png has 20000 x 20000 .*GiB.*2\.0 GiB"
    ):
        load_picture(tmp_path / "huge.png")
    assert limit == Image.MAX_IMAGE_PIXELS


@pytest.mark.slow
def test_20_000_pixels_square_can_be_read_small(tmp_path):
    if psutil.virtual_memory().available < 6 * 2**30:
        pytest.skip("needs 6 GiB of free memory")
    huge_png(tmp_path / "huge.png", 20_000)
    picture = load_picture(tmp_path / "huge.png", max_side=100)
    assert picture.shape == (100, 100, 3)
    np.testing.assert_allclose(picture, 0.5, atol=0.08)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("text.png", b"this is no picture"),
        ("empty.jpg", b""),
        ("zeros.tif", bytes(100)),
        ("header.tif", b"II*\0\x08\0\0\0"),
        ("deep.tiff", b"II*\0" + b"\xff" * 60),
        ("webpage.png", b"<html><body>404</body></html>"),
    ],
)
def test_what_is_no_picture_is_refused_in_one_line(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(PictureError, match=name) as caught:
        load_picture(path)
    assert "\n" not in str(caught.value)


def test_missing_files_and_folders_are_refused(tmp_path):
    with pytest.raises(PictureError, match=r"none\.png: No such file"):
        load_picture(tmp_path / "none.png")
    with pytest.raises(PictureError, match="Cannot read"):
        load_picture(tmp_path)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif"])
def test_a_cut_off_file_is_refused(tmp_path, suffix):
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3)).astype(np.uint8)
    path = saved(tmp_path, Image.fromarray(noise), suffix)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(PictureError) as caught:
        load_picture(path)
    assert "\n" not in str(caught.value)


def test_a_cut_off_deep_tiff_is_refused(tmp_path):
    path = tmp_path / "deep.tif"
    tifffile.imwrite(path, RGB.astype(np.uint16), photometric="rgb")
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(PictureError):
        load_picture(path)


def picture_bytes(kind: str) -> bytes:
    stream = BytesIO()
    Image.fromarray(RGB).save(stream, format=kind)
    return stream.getvalue()


GOOD = {kind: picture_bytes(kind) for kind in ("PNG", "JPEG", "TIFF", "GIF")}


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(sorted(GOOD)),
    place=st.floats(0, 1),
    junk=st.binary(min_size=1, max_size=12),
)
def test_damaged_files_raise_nothing_but_picture_errors(
    tmp_path_factory, kind, place, junk
):
    content = bytearray(GOOD[kind])
    start = int(place * (len(content) - 1))
    content[start : start + len(junk)] = junk
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(content)
    try:
        picture = load_picture(path)
    except PictureError as error:
        assert "\n" not in str(error)  # noqa: PT017
    else:
        assert picture.min() >= 0
        assert picture.max() <= 1


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (np.array([[False, True]]), [0, 1]),
        (np.array([[0, 255]], np.uint8), [0, 1]),
        (np.array([[0, 65535]], np.uint16), [0, 1]),
        (np.array([[0, 32767]], np.int16), [0, 1]),
        (np.array([[0, 51, 255]], np.int64), [0, 0.2, 1]),
        (np.array([[0, 13107, 65535]], np.uint32), [0, 0.2, 1]),
        (np.array([[0, 0.5, 1]], np.float64), [0, 0.5, 1]),
        (np.array([[-0.5, 1.2]], np.float32), [0, 1]),
        (np.array([[0, 51.0, 200]], np.float32), [0, 0.2, 200 / 255]),
        (np.array([[0, 1000.0, 65535]], np.float32), [0, 1000 / 65535, 1]),
        (np.array([[0, 1e6]], np.float32), [0, 1]),
        (np.array([[0, 0.5, np.nan, np.inf]], np.float16), [0, 0.5, 1, 1]),
    ],
)
def test_value_ranges(array, expected):
    picture = as_picture(array)
    assert picture.dtype == np.float32
    for channel in range(3):
        np.testing.assert_allclose(picture[0, :, channel], expected, rtol=1e-3)


def test_a_pixel_with_one_missing_channel_is_white():
    values = np.full((2, 2, 3), 0.3, np.float32)
    values[0, 1, 2] = np.nan
    picture = as_picture(values)
    assert picture[0, 1].tolist() == [1, 1, 1]
    np.testing.assert_allclose(picture[1], 0.3, rtol=1e-6)


def test_missing_alpha_is_transparent():
    values = np.array([[[0.2, 0.2, 0.2, np.nan], [0.2, 0.4, 0.6, 0.5]]])
    picture = as_picture(values)
    np.testing.assert_allclose(picture, [[[1, 1, 1], [0.6, 0.7, 0.8]]], rtol=1e-6)


def test_grey_with_alpha():
    values = np.array([[[0, 255], [0, 0], [255, 255]]], np.uint8)
    assert as_picture(values)[0, :, 0].tolist() == [0, 1, 1]


@pytest.mark.parametrize("shape", [(4,), (2, 3, 5), (0, 3, 3), (1, 2, 3, 3), ()])
def test_other_shapes_are_refused(shape):
    with pytest.raises(PictureError, match="not a picture"):
        as_picture(np.zeros(shape))


def test_all_missing_and_complex_values_are_refused():
    with pytest.raises(PictureError, match="no value"):
        as_picture(np.full((2, 2, 3), np.nan))
    with pytest.raises(PictureError, match="complex"):
        as_picture(np.zeros((2, 2, 3), complex))


@pytest.mark.parametrize("suffix", [".png", ".tif", ".TIFF"])
def test_saved_pictures_come_back_the_same(tmp_path, suffix):
    path = tmp_path / "new" / f"out{suffix}"
    save_picture(path, RGB / 255)
    np.testing.assert_allclose(load_picture(path), RGB / 255, atol=1e-6)


def test_jpeg_comes_back_alike(tmp_path):
    smooth = np.linspace(0, 1, 64 * 48 * 3).reshape(48, 64, 3)
    save_picture(tmp_path / "out.jpg", smooth)
    assert np.abs(load_picture(tmp_path / "out.jpg") - smooth).max() < 0.03


def test_saving_under_another_suffix_is_refused(tmp_path):
    with pytest.raises(PictureError, match=r"\.png"):
        save_picture(tmp_path / "out.bmp", RGB)


def test_a_failed_save_leaves_the_old_picture(tmp_path, monkeypatch):
    path = tmp_path / "out.png"
    save_picture(path, RGB)
    before = path.read_bytes()

    def full(*args, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(MaxrfError, match="No space left"):
        save_picture(path, RGB // 2)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_shrinking_averages_fine_stripes_instead_of_aliasing():
    stripes = np.zeros((64, 64, 3), np.float32)
    stripes[:, ::2] = 1
    small = resize(stripes, (16, 16))
    assert small.shape == (16, 16, 3)
    assert np.abs(small[2:-2, 2:-2] - 0.5).max() < 0.02


def test_resizing_keeps_the_range_and_a_constant():
    edge = np.zeros((20, 20, 3), np.float32)
    edge[:, 10:] = 1
    large = resize(edge, (55, 47))
    assert large.shape == (55, 47, 3)
    assert large.min() >= 0
    assert large.max() <= 1
    flat = resize(np.full((9, 7, 3), 0.3, np.float32), (30, 31))
    np.testing.assert_allclose(flat, 0.3, rtol=1e-5)
    assert resize(edge, (20, 20)) is edge
