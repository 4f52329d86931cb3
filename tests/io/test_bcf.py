"""Bruker .bcf: every count of every pixel, from real files and from written ones."""

from __future__ import annotations

import pickle
import struct
import zlib
from xml.etree import ElementTree

import numpy as np
import pytest
from _bcf_files import ALL_CODES, Bcf, image, sample_counts
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_maxrf.errors import CalibrationError, FormatError
from napari_maxrf.io import describe, open_cube, open_images, recognise
from napari_maxrf.io.formats.bcf import _pulses, _reader

COUNTS = sample_counts()
TOTALS = {
    "bcf_v2_50x50px.bcf": 949_769,
    "Hitachi_TM3030Plus.bcf": 171_804,
    "test_TEM.bcf": 26_005,
}


@pytest.fixture
def scan(tmp_path):
    """Return a function that writes a file and opens it."""

    def opened(how, **options):
        path = tmp_path / "scan.bcf"
        path.write_bytes(how.content())
        return open_cube(path, **options)

    return opened


@pytest.fixture
def lazily(monkeypatch):
    """Treat every file as too large to walk through when it is opened."""
    monkeypatch.setattr(_reader, "_WALKED_AT_ONCE", -1)


# -- real files


@pytest.fixture(params=sorted(TOTALS))
def real(request, shared_cubes):
    path = shared_cubes / "eds_bruker" / request.param
    if not path.is_file():
        pytest.skip(f"needs {request.param}, which is not here")
    return path


def header_of(path):
    """Cut the XML out of the container by hand, block by block where it is packed."""
    data = path.read_bytes()
    (chunk,) = struct.unpack_from("<I", data, 0x128)
    (table,) = struct.unpack_from("<I", data, 0x140)
    row = data[0x138 + table * chunk + 512 :][:512]
    pointer, size = struct.unpack_from("<iQ", row)
    assert row[224:234] == b"HeaderData"
    n_chunks = -(-size // (chunk - 32))
    numbers = struct.unpack_from(f"<{n_chunks}I", data, 0x138 + pointer * chunk)
    places = [0x138 + number * chunk for number in numbers]
    content = b"".join(data[at : at + chunk - 32] for at in places)[:size]
    is_packed = content.startswith(b"AACS")
    out, at = (b"", 0x80) if is_packed else (content, len(content))
    while at < len(content):
        (length,) = struct.unpack_from("<I", content, at)
        out += zlib.decompress(content[at + 16 : at + 16 + length])
        at += 16 + length
    return ElementTree.fromstring(out)  # noqa: S314 (a file of our own folder)


def test_the_sum_over_all_pixels_is_the_sum_spectrum_of_the_header(real):
    texts = [one.text for one in header_of(real).iter("Channels")]
    stored = np.array(texts[0].split(","), int)
    total = open_cube(real).sum_spectrum()
    assert stored.sum() == TOTALS[real.name]
    np.testing.assert_array_equal(total[: stored.size], stored)
    assert not total[stored.size :].any()


def test_a_real_file_says_what_it_is(real):
    facts = describe(real, counts=True)
    root = header_of(real)
    texts = {key: [e.text for e in root.iter(key)] for key in ("CalibAbs", "CalibLin")}
    assert facts["format"] == "bcf"
    assert facts["total_counts"] == TOTALS[real.name]
    assert facts["offset_kev"] == float(texts["CalibAbs"][0])
    assert facts["gain_kev"] == float(texts["CalibLin"][0])
    assert facts["energy_source"] == "file"
    assert facts["detectors"] == ["0"]
    dx = [float(e.text) for e in root.iter("DX")]
    size = facts["pixel_size_mm"]
    assert [size[1]] == pytest.approx([dx[0] / 1000]) if dx else size is None


def test_large_real_files_decode_alike_without_a_walk(real, lazily):
    cube = open_cube(real)
    assert cube.counts.dtype == np.uint32
    assert cube.sum_spectrum().sum() == TOTALS[real.name]


def test_images_of_a_real_file(shared_cubes):
    images = open_images(shared_cubes / "eds_bruker" / "bcf_v2_50x50px.bcf")
    assert [one.name for one in images] == ["Ch 1", "PixelTimes", "42 Ch 1"]
    assert [one.pixels.shape for one in images] == [(50, 50), (50, 50), (825, 1100)]
    assert (images[1].pixels == 7680).all()
    assert images[2].pixels[0, :3].tolist() == [16176, 16160, 16240]


# -- written files


@st.composite
def files(draw):
    height, width = draw(st.integers(1, 6)), draw(st.integers(1, 7))
    channels = draw(st.sampled_from([1, 2, 16, 300, 4096]))
    n_detectors = draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    mean = draw(st.sampled_from([0, 0.01, 1, 40]))
    shape = (n_detectors, height, width, channels)
    counts = rng.poisson(min(mean, 4000 / channels), shape).astype(np.uint32)
    packings = draw(st.sets(st.integers(0, 3), min_size=1))
    for _ in range(draw(st.integers(0, 3))):
        place = tuple(int(rng.integers(size)) for size in shape)
        counts[place] = draw(st.sampled_from([255, 256, 500, 3000, 2_000_000]))
    counts[rng.random(shape[:3]) < draw(st.sampled_from([0, 0.3, 1]))] = 0
    return Bcf(
        tuple(counts),
        packings=tuple(packings),
        codes=tuple(draw(st.sets(st.sampled_from(ALL_CODES), min_size=1))),
        singles=draw(st.sampled_from([0, 0.3, 1])),
        keep_empty=draw(st.booleans()),
        chunk=draw(st.sampled_from([64, 4096, 65536])),
        scattered=draw(st.booleans()),
        block=draw(st.sampled_from([None, 100, 4096])),
        positions=draw(st.booleans()),
    )


@settings(max_examples=60, deadline=None)
@given(how=files(), walked=st.booleans())
def test_any_file_gives_back_its_counts(tmp_path_factory, how, walked):
    path = tmp_path_factory.mktemp("bcf") / "scan.bcf"
    path.write_bytes(how.content())
    with pytest.MonkeyPatch.context() as patch:
        if not walked:
            patch.setattr(_reader, "_WALKED_AT_ONCE", -1)
        total = sum(counts.astype(np.int64) for counts in how.detectors)
        cube = open_cube(path)
        values = cube.counts.compute()
        np.testing.assert_array_equal(values, total)
        assert values.dtype == cube.counts.dtype
        y, x = np.argwhere(total.sum(axis=2) == total.sum(axis=2).max())[0]
        np.testing.assert_array_equal(cube.spectrum(y, x), total[y, x])
        for number, counts in enumerate(how.detectors):
            one = open_cube(path, detector=str(number))
            np.testing.assert_array_equal(one.counts.compute(), counts)


@pytest.mark.parametrize("packing", [0, 1, 2, 3])
@pytest.mark.parametrize("code", ALL_CODES)
def test_each_packing_and_code_alone(scan, packing, code):
    counts = COUNTS if code else np.zeros_like(COUNTS)
    how = Bcf((counts,), packings=(packing,), codes=(code,), keep_empty=True)
    np.testing.assert_array_equal(scan(how).counts.compute(), counts)


@pytest.mark.parametrize("packing", [1, 2])
def test_a_pixel_of_500_counts_in_a_channel_does_not_wrap(scan, packing):
    counts = COUNTS.copy()
    counts[1, 2, 7] = 500
    cube = scan(Bcf((counts,), packings=(packing,)))
    assert cube.counts.dtype == np.uint16
    assert cube.spectrum(1, 2)[7] == 500


def test_counts_above_16_bits_are_wide(scan):
    counts = COUNTS.copy()
    counts[1, 2, 7] = 70_000
    cube = scan(Bcf((counts,), packings=(2,)))
    assert cube.counts.dtype == np.uint32
    assert cube.counts.max().compute() == 70_000


def test_the_sum_of_detectors_is_as_wide_as_it_must_be(scan):
    counts = COUNTS.copy()
    counts[1, 2, 7] = 40_000
    assert scan(Bcf((counts,), packings=(2,))).counts.dtype == np.uint16
    both = scan(Bcf((counts, counts), packings=(2,)))
    assert both.counts.dtype == np.uint32
    assert both.spectrum(1, 2)[7] == 80_000


def test_header_facts_reach_the_cube(scan):
    cube = scan(Bcf((COUNTS,)))
    assert cube.shape == COUNTS.shape
    assert cube.pixel_size_mm == (0.15, 0.1)
    assert (cube.energy.offset_kev, cube.energy.gain_kev) == (-0.95, 0.01)
    assert cube.metadata["title"] == "Bodegón"
    assert cube.metadata["total_live_time_s"] == 90
    assert cube.metadata["instrument"]["xrf"] == {
        "Voltage": "50",
        "Anode": "45",
        "ExcitationFilter/AtomicNumber": "13",
    }
    assert cube.metadata["calibration"]["sigma_lin_kev"] == 0.00045
    assert cube.provenance[0].parameters["format"] == "bcf"
    assert cube.detectors == ("0",)


def test_each_detector_is_opened_with_its_own_axis(scan):
    other = sample_counts(seed=1)
    how = Bcf((COUNTS, other), axes=((-0.95, 0.01), (-0.955, 0.0101)))
    assert scan(how).detectors == ("0", "1")
    one = scan(how, detector="SpectrumData1")
    assert (one.detectors, one.energy.gain_kev) == (("1",), 0.0101)
    np.testing.assert_array_equal(one.counts.compute(), other)
    with pytest.raises(FormatError, match="no detector '2'; it has 0, 1"):
        scan(how, detector="2")


def test_detectors_whose_axes_differ_are_added_by_energy(scan):
    other = sample_counts(seed=1)
    other[..., 50:] = 0
    cube = scan(Bcf((COUNTS, other), axes=((-0.95, 0.01), (-0.91, 0.01))))
    expected = COUNTS.astype(np.float32)
    expected[..., 4:] += other[..., :-4]
    np.testing.assert_allclose(cube.counts.compute(), expected, atol=1e-4)


def test_a_file_without_calibration_opens_with_an_assumed_axis(scan):
    header = b"<TRTSpectrumDatabase/>"
    cube = scan(Bcf((COUNTS,), header=header))
    assert cube.energy.source == "assumed"
    assert cube.pixel_size_mm is None
    np.testing.assert_array_equal(cube.counts.compute(), COUNTS)


@pytest.mark.parametrize("gain", [0.0, -0.01, float("nan"), 5.0])
def test_a_calibration_without_sense_is_refused(scan, gain):
    with pytest.raises(CalibrationError, match=r"scan\.bcf"):
        scan(Bcf((COUNTS,), axes=((0.0, gain),)))


def test_images_are_read_with_their_size(tmp_path):
    photo = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)
    grey = np.arange(20, dtype="<u2").reshape(4, 5) * 3000
    blank = np.zeros((4, 5), np.uint8)
    text = image(photo, "Video", "Overview") + image(grey, "SE") + image(blank, "none")
    short = image(photo, "short").replace("<Width>5", "<Width>6")
    path = tmp_path / "scan.bcf"
    path.write_bytes(Bcf((COUNTS,), images=text + short, block=1000).content())
    images = open_images(path)
    assert [one.name for one in images] == ["Overview Video", "SE"]
    np.testing.assert_array_equal(images[0].pixels, photo)
    np.testing.assert_array_equal(images[1].pixels, grey)
    assert images[0].pixel_size_mm == (0.025, 0.02)
    assert open_cube(path).metadata["instrument"]["xrf"]["Voltage"] == "50"


def test_formats_without_images_have_none(tmp_path):
    path = tmp_path / "spectrum.txt"
    path.write_text("\n".join(map(str, range(64))))
    assert open_images(path) == ()


# -- what is read, and what is not


@pytest.fixture
def asked(monkeypatch):
    """Record the shapes that are decoded."""
    shapes = []
    block = _pulses.PulseArray._block

    def recorded(self, *spans):
        shapes.append(tuple(stop - start for start, stop in spans))
        return block(self, *spans)

    monkeypatch.setattr(_pulses.PulseArray, "_block", recorded)
    return shapes


def test_one_pixel_decodes_one_pixel(scan, asked):
    cube = scan(Bcf((COUNTS, COUNTS)))
    np.testing.assert_array_equal(cube.spectrum(4, 5), 2 * COUNTS[4, 5])
    assert asked == [(1, 1, 64)]


def test_a_window_decodes_its_channels_only(scan, asked):
    cube = scan(Bcf((COUNTS,)))
    image = cube.counts[:, :, 10:14].sum(axis=2).compute()
    np.testing.assert_array_equal(image, COUNTS[..., 10:14].sum(axis=2))
    assert {shape[2] for shape in asked} == {4}


def keys(size):
    edge = st.none() | st.integers(-size - 2, size + 2)
    step = st.none() | st.integers(1, 3) | st.just(-1)
    return st.integers(-size, size - 1) | st.builds(slice, edge, edge, step)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    path = tmp_path_factory.mktemp("bcf") / "scan.bcf"
    path.write_bytes(Bcf((COUNTS,), packings=(1, 2), block=512).content())
    return path


@pytest.fixture(scope="module")
def pulses(written):
    return array_behind(open_cube(written))


@given(key=st.tuples(*map(keys, COUNTS.shape)))
def test_any_key_is_what_numpy_gives(pulses, key):
    np.testing.assert_array_equal(pulses[key], COUNTS[key])


@pytest.mark.parametrize(
    "key", [2, ..., (..., 3), (1, ...), slice(2), ([4, 1], slice(3)), np.array([5, 0])]
)
def test_short_fancy_and_ellipsis_keys(pulses, key):
    np.testing.assert_array_equal(pulses[key], COUNTS[key])


@pytest.mark.parametrize("key", [6, (0, 9), (0, 0, -65)])
def test_keys_outside_are_refused(pulses, key):
    with pytest.raises(IndexError):
        pulses[key]


def test_the_array_travels_to_other_processes(pulses):
    copy = pickle.loads(pickle.dumps(pulses))  # noqa: S301
    np.testing.assert_array_equal(copy[...], COUNTS)


def test_wide_rows_are_cut_into_blocks(scan, monkeypatch):
    monkeypatch.setattr(_pulses, "_BLOCK_BYTES", 4 * 64 * 2)
    cube = scan(Bcf((COUNTS,)))
    assert cube.counts.chunks[:2] == ((1,) * 6, (4, 4, 1))
    np.testing.assert_array_equal(cube.counts.compute(), COUNTS)


def array_behind(cube):
    return next(
        array
        for name, array in cube.counts.dask.items()
        if str(name).startswith("original-")
    )


def test_rows_are_found_as_far_as_needed(scan, lazily):
    cube, found = scan(Bcf((COUNTS,))), []
    pulses = array_behind(cube)
    for y in (1, 4, 0):
        np.testing.assert_array_equal(cube.spectrum(y, 3), COUNTS[y, 3])
        found.append(pulses._rows[0].n_found)
    assert found == [2, 5, 5]


def test_places_of_the_file_save_the_walk(scan, lazily):
    cube = scan(Bcf((COUNTS,), positions=True))
    pulses = array_behind(cube)
    assert pulses._rows[0].trusting
    np.testing.assert_array_equal(cube.counts.compute(), COUNTS)
    assert pulses._rows[0].trusting


@pytest.mark.parametrize("wrong", ["shifted", "zero", "swapped", "reversed", "short"])
def test_wrong_places_of_the_file_do_no_harm(tmp_path, lazily, wrong, monkeypatch):
    how = Bcf((COUNTS,), positions=True)
    entries = how.entries()
    places = np.frombuffer(entries["SpectrumPositions0"][8:], "<i8").reshape(6, 9)
    changed = {
        "shifted": np.where(places > 0, places + 2 * (places > 700), places),
        "zero": places * 0,
        "swapped": places[[0, 2, 1, 3, 4, 5]],
        "reversed": places[::-1],
        "short": places[:5],
    }[wrong]
    entries["SpectrumPositions0"] = (
        entries["SpectrumPositions0"][:8] + changed.astype("<i8").tobytes()
    )
    monkeypatch.setattr(Bcf, "entries", lambda self: entries)
    path = tmp_path / "scan.bcf"
    path.write_bytes(how.content())
    np.testing.assert_array_equal(open_cube(path).counts.compute(), COUNTS)


def test_a_stretch_may_end_anywhere(scan, monkeypatch):
    from napari_maxrf.io.formats.bcf import _rows

    for size in (401, 500, 1001):
        monkeypatch.setattr(_rows, "_STRETCH_BYTES", size)
        cube = scan(Bcf((COUNTS,), packings=(1, 2), singles=1))
        np.testing.assert_array_equal(cube.counts.compute(), COUNTS)


def test_the_content_decides_and_names_may_be_any(tmp_path):
    path = tmp_path / "Bodegón мазок 絵.raw"
    path.write_bytes(Bcf((COUNTS,)).content())
    assert recognise(path) == "bcf"
    assert open_cube(path).name == "Bodegón мазок 絵"
