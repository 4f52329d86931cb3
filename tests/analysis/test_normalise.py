"""Maps per second and per dose, ratios, and figures of maps."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest

from napari_maxrf.analysis import (
    ElementMap,
    EnergyWindow,
    map_statistics,
    normalised,
    ratio_map,
    window_maps,
)
from napari_maxrf.cube import EnergyAxis, SpectralCube
from napari_maxrf.errors import MaxrfError


def one(image, error=None, name="Fe") -> ElementMap:
    error = None if error is None else np.asarray(error, np.float32)
    return ElementMap(name, "K", 6.4, (6.3, 6.5), np.asarray(image, np.float32), error)


def cube(**extra) -> SpectralCube:
    return SpectralCube(da.ones((1, 3, 8)), EnergyAxis.from_range(0, 8, 8), **extra)


def test_live_time_gives_counts_per_second_and_no_value_where_unknown():
    times = np.float32([[2.0, 0.0, 4.0]])
    scan = cube(live_time_s=times)
    made = normalised(one([[8, 8, 8]], [[2, 2, 2]]), scan, "livetime")
    np.testing.assert_array_equal(made.image, [[4, np.nan, 2]])
    np.testing.assert_array_equal(made.error, [[1, np.nan, 0.5]])
    assert made.unit == "counts/s"
    with pytest.raises(MaxrfError, match="counts/s already"):
        normalised(made, scan, "livetime")


def test_dose_keeps_the_mean():
    dose = cube(maps={"I0": np.float32([[1, 2, 3]])})
    made = normalised(one([[10, 10, 10]]), dose, "dose")
    np.testing.assert_allclose(made.image, [[20, 10, 20 / 3]])
    assert made.unit == "counts at mean dose"


def test_nothing_is_normalised_silently():
    plain = one([[1, 2, 3]])
    assert normalised(plain, cube(), "none") is plain
    for by, words in (
        ("livetime", "no live time"),
        ("dose", "no dose"),
        ("mass", "not by 'mass'"),
    ):
        with pytest.raises(MaxrfError, match=words):
            normalised(plain, cube(), by)
    with pytest.raises(MaxrfError, match="No pixel"):
        normalised(plain, cube(live_time_s=np.zeros((1, 3), np.float32)), "livetime")


def test_ratios_are_masked_where_the_denominator_is_noise():
    over = one([[10, 10, 10, 0]], [[3, 3, 3, 1]], "Cu")
    under = one([[20, 2, -4, 20]], [[4, 2, 2, 4]])
    made = ratio_map(over, under)
    np.testing.assert_allclose(made.image, [[0.5, np.nan, np.nan, 0]])
    assert made.name == "Cu K/Fe K"
    assert made.error[0, 0] == pytest.approx(0.5 * np.hypot(3 / 10, 4 / 20))
    assert made.error[0, 3] == pytest.approx(1 / 20)


def test_ratios_scatter_as_their_errors_say():
    random = np.random.default_rng(0)
    counts = random.poisson([[400], [900]], (2, 20000)).astype(float)
    over, under = (one(row[None], np.sqrt(row[None])) for row in counts)
    made = ratio_map(over, under)
    assert made.image.std() == pytest.approx(made.error.mean(), rel=0.03)
    assert made.image.mean() == pytest.approx(400 / 900, rel=0.005)


def test_ratios_need_errors_and_one_scan():
    with pytest.raises(MaxrfError, match="has no errors"):
        ratio_map(one([[1]]), one([[1]]))
    with pytest.raises(MaxrfError, match="one scan"):
        ratio_map(one([[1, 2]]), one([[1]], [[1]]))


def test_figures_of_a_map_leave_out_what_has_no_value():
    made = map_statistics(one([[1, 2, np.nan, 9]], [[1, 0.5, 1, 1]]))
    assert (made.n_pixels, made.total, made.maximum) == (3, 12, 9)
    assert made.median == 2
    assert made.significant == pytest.approx(2 / 3)
    region = map_statistics(one([[1, 2, 3]]), np.array([[True, False, True]]))
    assert (region.n_pixels, region.mean, region.significant) == (2, 2, None)
    assert region.to_json()["name"] == "Fe K"
    with pytest.raises(MaxrfError, match="no value"):
        map_statistics(one([[np.nan]]))
    with pytest.raises(MaxrfError, match="region has shape"):
        map_statistics(one([[1]]), np.ones((2, 2), bool))


def test_windows_of_any_limits_are_added_in_one_pass():
    counts = np.random.default_rng(1).poisson(30, (5, 6, 8))
    scan = SpectralCube(da.from_array(counts, chunks=(2, 3, 4)), cube().energy)
    windows = [
        EnergyWindow(2, 4, background=False),
        EnergyWindow(3, 4, "mine", background=False),
        EnergyWindow(3, 5),
    ]
    two, mine, net = window_maps(scan, windows, errors=True)
    np.testing.assert_array_equal(two.image, counts[:, :, 2:4].sum(2))
    np.testing.assert_allclose(two.error, np.sqrt(counts[:, :, 2:4].sum(2)))
    assert (two.name, mine.name) == ("2.00-4.00 keV", "mine")
    assert abs(net.image.mean()) < 5
    assert window_maps(scan, []) == []
    with pytest.raises(MaxrfError):
        window_maps(scan, [EnergyWindow(5, 4)])
