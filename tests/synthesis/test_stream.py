"""Scans drawn block by block equal the scans that are made in one piece."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_maxrf.errors import PictureError
from napari_maxrf.pictures import load_picture
from napari_maxrf.pigments import load_palette
from napari_maxrf.progress import finish
from napari_maxrf.synthesis import (
    SynthesisConfig,
    _picture_rows,
    picture_rows,
    scan_blocks_steps,
    synthesise,
)
from napari_maxrf.synthesis._picture_rows import HeldRows, StoredRows

if TYPE_CHECKING:
    from pathlib import Path

PALETTE = load_palette("sarteano")


def levels(height: int, width: int, dtype: str = "u1") -> np.ndarray:
    top = np.iinfo(dtype).max
    rng = np.random.default_rng(height)
    return rng.integers(0, top + 1, (height, width, 3), dtype=dtype)


@pytest.mark.parametrize("mode", ["poisson", "fixed", "log-uniform"])
def test_counts_and_maps_equal_those_of_one_piece(
    mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_picture_rows, "_BAND_PIXELS", 700)  # several bands
    picture = levels(150, 131)
    config = SynthesisConfig(n_bins=40, k_min=4, k_max=5, seed=3, counts_mode=mode)
    whole = synthesise(picture / np.float32(255), PALETTE, config, "one")
    parts = finish(scan_blocks_steps(HeldRows(picture), PALETTE, config, "one"))
    counts = whole.cube.counts.compute()
    np.testing.assert_array_equal(parts.cube.counts.compute(), counts)
    np.testing.assert_array_equal(
        parts.cube.counts[5:140:3, ::7, 2:9].compute(), counts[5:140:3, ::7, 2:9]
    )
    assert parts.cube.provenance == whole.cube.provenance
    assert parts.planes == tuple(whole.cube.maps)
    where = slice(64, 128), slice(64, 131)
    block, planes = parts.draw(*where)
    np.testing.assert_array_equal(block, counts[where])
    for name, plane in planes.items():
        np.testing.assert_array_equal(plane, whole.cube.maps[name][where])


def test_more_pixels_than_are_fitted_give_the_same_clusters() -> None:
    picture = levels(170, 130)  # more than FITTED_PIXELS
    config = SynthesisConfig(n_bins=16, k_min=3, k_max=4)
    whole = synthesise(picture / np.float32(255), PALETTE, config)
    parts = finish(scan_blocks_steps(HeldRows(picture), PALETTE, config))
    assert parts.cube.provenance == whole.cube.provenance
    assert parts.n_clusters == whole.clusters.n_clusters


@pytest.mark.parametrize("dtype", ["u1", "u2"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_plain_tiff_stays_on_the_disk_and_reads_as_ever(
    dtype: str, order: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(
        path, levels(40, 30, dtype), photometric="rgb", byteorder=order, rowsperstrip=7
    )
    rows = picture_rows(path)
    assert isinstance(rows, StoredRows)
    assert rows.shape == (40, 30)
    np.testing.assert_array_equal(rows.rows(0, 40), load_picture(path))
    np.testing.assert_array_equal(rows.rows(11, 13), load_picture(path)[11:13])
    assert picture_rows(path, max_side=20).shape == (20, 15)


@pytest.mark.parametrize(
    "options",
    [
        {"compression": "zlib"},
        {"extratags": [(274, 3, 1, 6, True)]},
        {"planarconfig": "separate"},
    ],
)
def test_other_tiff_reads_as_ever(options: dict[str, object], tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    data = levels(40, 30)
    if "planarconfig" in options:
        data = np.moveaxis(data, 2, 0)
    tifffile.imwrite(path, data, photometric="rgb", **options)
    rows = picture_rows(path)
    assert isinstance(rows, HeldRows)
    np.testing.assert_array_equal(rows.rows(0, rows.shape[0]), load_picture(path))


@pytest.mark.parametrize("suffix", ["png", "tif", "gif"])
def test_alpha_and_frames_read_as_ever(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{suffix}"
    rgba = np.dstack([levels(12, 9), levels(12, 9)[:, :, :1]])
    frame = Image.fromarray(rgba)
    more = {} if suffix == "tif" else {"save_all": True, "append_images": [frame]}
    frame.save(path, **more)
    rows = picture_rows(path)
    np.testing.assert_array_equal(rows.rows(0, 12), load_picture(path))


def test_a_truncated_picture_is_named(tmp_path: Path) -> None:
    for suffix in ("png", "tif"):
        path = tmp_path / f"a.{suffix}"
        Image.fromarray(levels(60, 50)).save(path)
        path.write_bytes(path.read_bytes()[:5000])
        with pytest.raises(PictureError, match=rf"a\.{suffix}"):
            picture_rows(path)


def test_a_picture_that_shrinks_meanwhile_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, levels(40, 30), photometric="rgb")
    rows = picture_rows(path)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(PictureError, match=r"a\.tif ends early"):
        rows.rows(0, 40)


def test_fewer_colours_than_clusters_wanted_give_as_many_as_there_are() -> None:
    picture = np.zeros((3, 2, 3), np.uint8)
    picture[:, 1] = 255
    scan = finish(scan_blocks_steps(HeldRows(picture), PALETTE))
    assert scan.n_clusters == 2
    assert scan.cube.counts.compute().sum(axis=2).min() > 0
