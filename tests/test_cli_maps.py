from __future__ import annotations

import json

import dask.array as da
import numpy as np
import pytest
import tifffile
from scipy.special import ndtr

from napari_maxrf.cli import main
from napari_maxrf.cube import EnergyAxis, SpectralCube
from napari_maxrf.io import open_maps, save_cube

AXIS = EnergyAxis.from_range(0.5, 20.5, 500)
LINES = {"Ca": (3.69, 900), "Fe": (6.40, 700), "Cu": (8.04, 500)}


@pytest.fixture
def scan(tmp_path):
    mean = np.tile(8 * np.exp(-AXIS.centres_kev / 8) + 1, (12, 15, 1))
    for column, (energy, area) in enumerate(LINES.values()):
        sigma = np.sqrt(1e-3 + 4.5e-4 * energy)
        shape = np.diff(ndtr((AXIS.edges_kev - energy) / sigma))
        mean[:, 5 * column :] += area * shape
    counts = np.random.default_rng(0).poisson(mean).astype(np.uint16)
    times = np.full((12, 15), 0.5, np.float32)
    cube = SpectralCube(da.from_array(counts), AXIS, "scan é", live_time_s=times)
    path = tmp_path / "scan é.maxrf"
    save_cube(cube, path)
    return path


def run(capsys, *words):
    code = main([str(word) for word in words])
    out, err = capsys.readouterr()
    return code, out, err


@pytest.mark.parametrize("method", ["window", "fit"])
def test_maps_show_where_elements_lie(scan, tmp_path, capsys, method):
    out = tmp_path / "out"
    words = ("--elements", "Fe", "Cu", "--method", method)
    code, said, _ = run(capsys, "maps", scan, "-o", out, *words)
    assert code == 0
    assert "Fe K" in said
    line = "Ka" if method == "window" else "K"
    iron = tifffile.imread(out / f"scan é_Fe_{line}.tif")
    assert iron[:, 5:].mean() == pytest.approx(700, rel=0.2)
    assert abs(iron[:, :5].mean()) < 30


def test_every_format_holds_the_same(scan, tmp_path, capsys):
    out = tmp_path / "out"
    words = ("--elements", "Fe", "Cu", "--window", "5-5.5", "--ratio", "Cu/Fe-Ka")
    kinds = ("--format", "ome", "h5", "csv")
    composite = ("--composite", "Fe=#ff0000", "Cu=#0000ff")
    code, said, err = run(
        capsys, "maps", scan, "-o", out, *words, *kinds, *composite, "--json"
    )
    assert (code, err) == (0, "")
    report = json.loads(said)
    names = ["Fe Ka", "Cu Ka", "5.00-5.50 keV", "Cu Ka/Fe Ka"]
    assert [one["name"] for one in report["maps"]] == names
    assert report["provenance"][-1]["process"] == "map elements"
    for path in report["files"]:
        assert (tmp_path / path).is_file()
    assert (out / "scan é_composite.png").is_file()
    made = [open_maps(out / f"scan é_maps{end}") for end in (".ome.tif", ".csv")]
    for name in names:
        one, other = (maps.maps[name] for maps in made)
        np.testing.assert_allclose(one, other, rtol=1e-5)


def test_maps_are_normalised_on_request(scan, tmp_path, capsys):
    rate_only = ("--normalise", "livetime", "--format", "tif", "png")
    for out, words in (("a", ()), ("b", rate_only)):
        run(capsys, "maps", scan, "-o", tmp_path / out, "--elements", "Fe", *words)
    plain, rate = (tifffile.imread(tmp_path / d / "scan é_Fe_Ka.tif") for d in "ab")
    np.testing.assert_allclose(rate, 2 * plain, rtol=1e-6)
    assert (tmp_path / "b" / "scan é_Fe_Ka.png").is_file()


def test_elements_are_proposed_where_none_is_named(scan, tmp_path, capsys):
    code, said, _ = run(capsys, "maps", scan, "-o", tmp_path, "--rare", "--json")
    assert code == 0
    assert {one["name"] for one in json.loads(said)["maps"]} >= {"Fe Ka", "Ca Ka"}


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("--elements", "Fx"), "not a chemical element"),
        (("--elements", "Fe", "--ratio", "Cu/Fe"), "no map of 'Cu'"),
        (("--elements", "Fe", "--ratio", "Cu"), "not a ratio"),
        (("--elements", "Fe", "--window", "a-b"), "not a window"),
        (("--elements", "Fe", "--window", "90-95"), "No channel"),
        (("--elements", "Fe", "--composite", "Fe"), "no colour"),
        (("--elements", "Fe", "--normalise", "dose"), "no dose"),
        (("--elements", "Fe", "--matrix", "paint", "--method", "fit"), "not a formula"),
    ],
)
def test_mistakes_are_told_in_one_line(scan, tmp_path, capsys, words, part):
    code, _, err = run(capsys, "maps", scan, "-o", tmp_path / "out", *words)
    assert code == 1
    assert part in err
    assert err.count("\n") == 1
