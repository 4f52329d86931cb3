"""Element maps against hand-made peaks on hand-made backgrounds."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st

from napari_maxrf.analysis import element_maps, element_maps_steps, save_element_map
from napari_maxrf.analysis._lines import resolution_kev
from napari_maxrf.analysis._visits import pixel_tiles
from napari_maxrf.analysis._windows import line_window, net_weights
from napari_maxrf.cube import EnergyAxis, SpectralCube
from napari_maxrf.errors import MaxrfError
from napari_maxrf.io import open_cube
from napari_maxrf.progress import finish

FINE = EnergyAxis.from_range(0.5, 38.5, 2048)
COARSE = EnergyAxis.from_range(0.5, 38.5, 512)
FE, CU = 6.3995, 8.0411


def peak(axis: EnergyAxis, energy: float, area: float) -> np.ndarray:
    """Sum a Gaussian over fine points inside every channel, as a slow reference."""
    points = np.linspace(axis.edges_kev[0], axis.edges_kev[-1], axis.n_channels * 50)
    sigma = resolution_kev(energy) / 2.3548
    density = np.exp(-((points - energy) ** 2) / (2 * sigma**2))
    counts = density.reshape(axis.n_channels, 50).sum(axis=1)
    return area * counts / counts.sum()


def cube_of(spectra: np.ndarray, axis: EnergyAxis, chunks=(3, 4, 100)) -> SpectralCube:
    return SpectralCube(da.from_array(spectra, chunks=chunks), axis)


@pytest.mark.parametrize("axis", [FINE, COARSE])
def test_a_peak_on_a_slope_is_counted_nearly_whole(axis):
    slope = 50 + 3 * np.arange(axis.n_channels)
    net = net_weights(axis, FE) @ (peak(axis, FE, 10_000) + slope)
    assert net == pytest.approx(10_000, rel=0.04)


@given(
    st.sampled_from([FINE, COARSE]),
    st.floats(1.5, 35),
    st.floats(-100, 100),
    st.floats(-10, 10),
)
def test_any_straight_background_gives_nothing(axis, energy, level, slope):
    straight = level + slope * (axis.centres_kev - 20)
    assert net_weights(axis, energy) @ straight == pytest.approx(0, abs=1e-6)


def test_the_window_is_one_resolution_to_either_side():
    low, high = line_window(FINE, FE)
    assert (low + high) / 2 == pytest.approx(FE)
    assert (high - low) / 2 * 1000 == pytest.approx(147.8, abs=1)


def test_a_window_at_the_rim_uses_the_only_side_it_has():
    axis = EnergyAxis.from_range(6.2, 12, 200)
    weights = net_weights(axis, FE)
    assert weights @ np.full(200, 7.0) == pytest.approx(0, abs=1e-9)


def test_maps_show_where_each_element_lies():
    spectra = np.full((6, 8, 512), 5.0)
    spectra[:, :4] += peak(COARSE, FE, 900)
    spectra[2:4] += peak(COARSE, CU, 500)
    iron, copper = element_maps(cube_of(np.rint(spectra), COARSE), ["Fe", "Cu"])
    assert (iron.element, iron.line) == ("Fe", "Ka")
    assert iron.energy_kev == pytest.approx(FE, abs=0.01)
    assert iron.image.dtype == np.float32
    np.testing.assert_allclose(iron.image[:, :4], 900, rtol=0.06)
    np.testing.assert_allclose(iron.image[:, 4:], 0, atol=12)
    np.testing.assert_allclose(copper.image[2:4], 500, rtol=0.06)
    np.testing.assert_allclose(copper.image[[0, 1, 4, 5]], 0, atol=12)


def test_noise_without_the_element_scatters_around_zero():
    noise = np.random.default_rng(0).poisson(20, (60, 60, 512)).astype(np.uint16)
    (iron,) = element_maps(cube_of(noise, COARSE, (30, 30, 512)), ["Fe"])
    assert (iron.image < 0).mean() == pytest.approx(0.5, abs=0.05)
    error = iron.image.std() / np.sqrt(iron.image.size)
    assert abs(iron.image.mean()) < 4 * error


def test_maps_do_not_depend_on_the_blocks():
    counts = np.random.default_rng(1).poisson(9, (20, 17, 512)).astype(np.uint16)
    small = element_maps(cube_of(counts, COARSE, (3, 5, 64)), ["Fe", "Pb"])
    whole = element_maps(cube_of(counts, COARSE, (20, 17, 512)), ["Fe", "Pb"])
    for one, other in zip(small, whole, strict=True):
        np.testing.assert_array_equal(one.image, other.image)


def test_tiles_follow_the_blocks_and_cover_every_pixel():
    counts = da.zeros((70, 90, 4096), chunks=(16, 40, 64), dtype=np.uint16)
    cube = SpectralCube(counts, EnergyAxis.from_range(0, 40.96, 4096))
    hits = np.zeros((70, 90), int)
    for rows, columns in pixel_tiles(cube):
        assert rows.start % 16 == columns.start % 40 == 0
        hits[rows, columns] += 1
    assert (hits == 1).all()


def test_progress_is_reported_and_nothing_asked_gives_nothing():
    cube = cube_of(np.ones((6, 8, 512), np.uint16), COARSE)
    records = list(element_maps_steps(cube, ["Fe"]))
    assert records[-1].done == records[-1].total > 0
    assert finish(element_maps_steps(cube, [])) == []


@pytest.mark.parametrize("element", ["Xx", "fe", "U"])
def test_an_element_that_cannot_be_mapped_is_named(element):
    axis = EnergyAxis.from_range(0.5, 10, 512)
    with pytest.raises(MaxrfError, match=element):
        element_maps(cube_of(np.ones((2, 2, 512), np.uint16), axis), ["Cu", element])


def test_a_map_is_saved_with_its_values_and_pixel_size(tmp_path):
    spectra = np.random.default_rng(0).poisson(5, (6, 8, 512))
    (iron,) = element_maps(cube_of(spectra, COARSE), ["Fe"])
    save_element_map(iron, tmp_path / "fe.tif", (0.5, 0.25))
    with tifffile.TiffFile(tmp_path / "fe.tif") as tiff:
        np.testing.assert_array_equal(tiff.asarray(), iron.image)
        assert tiff.imagej_metadata["unit"] == "mm"
        across = tiff.pages.first.tags["XResolution"].value
        assert across[0] / across[1] == pytest.approx(4)
    with pytest.raises(MaxrfError, match=r"\.tif"):
        save_element_map(iron, tmp_path / "fe.png")


def test_the_real_scan_shows_hands_in_iron_and_the_ground_in_copper(prova1):
    cube = open_cube(prova1)
    iron, copper, mercury = element_maps(cube, ["Fe", "Cu", "Hg"])
    hands = mercury.image > np.percentile(mercury.image[:, 5:], 75)
    hands[:, :5] = False
    ground = mercury.image < np.percentile(mercury.image[:, 5:], 40)
    ground[:, :5] = False
    assert np.median(iron.image[hands]) > 2.5 * np.median(iron.image[ground])
    assert np.median(copper.image[ground]) > 4 * np.median(copper.image[hands])
    together = np.corrcoef(iron.image[:, 5:].ravel(), copper.image[:, 5:].ravel())
    assert together[0, 1] < -0.3
