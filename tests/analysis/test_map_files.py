"""Maps in files, read back by other programs' libraries and by the map readers."""

from __future__ import annotations

import json

import h5py
import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_maxrf.analysis import (
    ElementMap,
    save_composite_picture,
    save_map_picture,
    save_maps,
)
from napari_maxrf.analysis._map_pictures import bar_length
from napari_maxrf.errors import MaxrfError
from napari_maxrf.io import open_maps
from napari_maxrf.provenance import ProcessStep

STEPS = (ProcessStep("open", {"file": "gemälde.h5"}),)


@pytest.fixture
def maps():
    random = np.random.default_rng(0)
    images = random.normal(50, 30, (3, 5, 7)).astype(np.float32)
    images[2, 1, 1] = np.nan
    error = np.full((5, 7), 2, np.float32)
    return [
        ElementMap("Pb", "L", 10.55, (9.2, 15.2), images[0], error),
        ElementMap("Fe", "K", 6.4, (6.4, 7.1), images[1], error),
        ElementMap("", "Cu K/Fe K", 8.0, (8, 9), images[2], None, "ratio"),
    ]


@pytest.mark.parametrize("name", ["é.ome.tif", "m.OME.TIFF", "m.h5", "m.hdf5", "m.csv"])
def test_maps_come_back_by_the_readers_of_maps(maps, name, tmp_path):
    save_maps(maps, tmp_path / name, (0.5, 0.25), STEPS)
    made = open_maps(tmp_path / name)
    names = [one.name for one in maps]
    if name.endswith(("h5", "hdf5")):
        names = ["Pb_L", "Fe_K", "Cu_K_Fe_K"]
        assert "s(Pb_L)" in made.maps
    for own, one in zip(names, maps, strict=True):
        np.testing.assert_allclose(made.maps[own], one.image, rtol=2e-6)


def test_ome_tiff_holds_sizes_names_and_history(maps, tmp_path):
    save_maps(maps, tmp_path / "m.ome.tif", (0.5, 0.25), STEPS)
    with tifffile.TiffFile(tmp_path / "m.ome.tif") as tiff:
        assert tiff.is_ome
        assert tiff.series[0].axes == "CYX"
        assert tiff.asarray().dtype == np.float32
        facts = tifffile.xml2dict(tiff.ome_metadata)["OME"]["Image"]
    pixels = facts["Pixels"]
    assert (pixels["PhysicalSizeY"], pixels["PhysicalSizeXUnit"]) == (0.5, "mm")
    assert [one["Name"] for one in pixels["Channel"]][:2] == ["Pb L", "Fe K"]
    story = json.loads(facts["Description"])
    assert story["provenance"][0]["parameters"]["file"] == "gemälde.h5"
    assert story["units"]["Cu K/Fe K"] == "ratio"


def test_hdf5_is_a_nexus_plot_as_pymca_writes_it(maps, tmp_path):
    save_maps(maps, tmp_path / "m.h5", (0.5, 0.25), STEPS)
    with h5py.File(tmp_path / "m.h5") as file:
        shown = file[f"entry/{file['entry'].attrs['default']}"]
        assert shown.attrs["NX_class"] == "NXdata"
        assert shown[shown.attrs["signal"]].shape == (5, 7)
        assert list(shown.attrs["auxiliary_signals"]) == ["Fe_K", "Cu_K_Fe_K"]
        assert list(shown.attrs["axes"]) == ["y", "x"]
        np.testing.assert_allclose(shown["y"][()], np.arange(5) * 0.5)
        assert "Pb_L" in file["entry/xrf_maps/results/uncertainties"]


def test_pictures_are_of_600_dpi_and_as_long_as_the_scan(maps, tmp_path):
    save_map_picture(maps[2], tmp_path / "m.png", (0.5, 0.25))
    save_composite_picture(maps[:2], ["#ff0000", (0, 1, 0)], tmp_path / "c.png")
    for name in ("m.png", "c.png"):
        with Image.open(tmp_path / name) as picture:
            assert picture.info["dpi"] == pytest.approx((600, 600), abs=0.1)
            assert max(picture.size) > 2800
    with Image.open(tmp_path / "c.png") as picture:
        colours = np.asarray(picture.convert("RGB")).reshape(-1, 3)
    assert (colours[:, 2] == 0).mean() > 0.4  # red and green without any blue


@pytest.mark.parametrize(
    ("width", "length"), [(100, 20), (97, 20), (10, 2), (0.8, 0.2), (40000, 10000)]
)
def test_scale_bars_have_round_lengths(width, length):
    assert bar_length(width) == pytest.approx(length)


def test_what_cannot_be_saved_is_said(maps, tmp_path):
    with pytest.raises(MaxrfError, match=r"use one of .ome.tif"):
        save_maps(maps, tmp_path / "m.tif")
    with pytest.raises(MaxrfError, match="no maps"):
        save_maps([], tmp_path / "m.h5")
    with pytest.raises(MaxrfError, match="Two maps"):
        save_maps([maps[0], maps[0]], tmp_path / "m.h5")
    with pytest.raises(MaxrfError, match=r"\.png"):
        save_map_picture(maps[0], tmp_path / "m.jpg")
    with pytest.raises(MaxrfError, match="did you mean 'viridis'"):
        save_map_picture(maps[0], tmp_path / "m.png", colours="virids")
    with pytest.raises(MaxrfError, match="must rise"):
        save_map_picture(maps[0], tmp_path / "m.png", limits=(1, 1))
    assert not list(tmp_path.iterdir())
