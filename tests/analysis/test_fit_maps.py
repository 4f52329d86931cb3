"""Maps by fit: known areas come back, in synthetic scans and beside windows."""

from __future__ import annotations

from dataclasses import replace

import dask.array as da
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr

from napari_maxrf.analysis import (
    DetectorState,
    MapConfig,
    Resolution,
    fit_maps,
    fit_maps_steps,
    fit_spectrum,
    line_model,
    map_elements,
)
from napari_maxrf.analysis._linear_fit import LinearFit
from napari_maxrf.analysis._lines import line_groups
from napari_maxrf.analysis._shells import escape_share, named_shells, shells_between
from napari_maxrf.cube import EnergyAxis, SpectralCube
from napari_maxrf.errors import MaxrfError
from napari_maxrf.io import open_cube

AXIS = EnergyAxis.from_range(0.2, 20.2, 800)
WIDTH = Resolution(1.0e-3, 4.5e-4)
DETECTOR = DetectorState(AXIS, WIDTH)
AREAS = {"Ca": 900.0, "Fe": 400.0, "Cu": 150.0, "Pb": 2000.0}
PLAIN = MapConfig(
    method="fit",
    elements=tuple(AREAS),
    matrix="",
    fit_others=False,
    refine_ratios=False,
    pile_up=False,
    low_kev=3.0,
)


def shell_counts(element: str, shell: str, axis: EnergyAxis = AXIS) -> np.ndarray:
    """Draw a thin shell line by line, escape peaks too, as a slow reference."""
    import xraylib

    counts, total = np.zeros(axis.n_channels), 0.0
    for group in line_groups(element):
        for energy, share in zip(group.energies_kev, group.shares, strict=True):
            if not group.label.startswith(shell):
                continue
            caught = 1 - np.exp(-xraylib.CS_Photo(14, energy) * 0.045 * 2.33)
            area = group.strength * share * caught
            escape = float(escape_share(np.array([energy]))[0])
            for at, part in ((energy, 1.0), (energy - 1.74, escape)):
                sigma = np.sqrt(1.0e-3 + 4.5e-4 * at)
                counts += area * part * np.diff(ndtr((axis.edges_kev - at) / sigma))
            total += area
    return counts / total


SHELLS = {element: "L" if element == "Pb" else "K" for element in AREAS}
SHAPES = {e: shell_counts(e, shell) for e, shell in SHELLS.items()}
CONTINUUM = 12 * np.exp(-AXIS.centres_kev / 7) + 2


def scan(rows: int, seed: int, share: float = 1.0) -> SpectralCube:
    """Draw a scan whose left half has all elements, and whose right half has none."""
    mean = np.tile(CONTINUUM, (rows, 40, 1))
    for element, area in AREAS.items():
        mean[:, :20] += area * share * SHAPES[element]
    counts = np.random.default_rng(seed).poisson(mean).astype(np.uint16)
    return SpectralCube(da.from_array(counts, chunks=(7, 40, 800)), AXIS)


def model_of(cube: SpectralCube, config: MapConfig):
    return line_model(cube.sum_spectrum(), AXIS, config, DETECTOR)


@pytest.mark.parametrize(
    ("background", "share"), [("polynomial", 0.008), ("snip", 0.02)]
)
def test_areas_come_back_within_their_errors(background, share):
    """SNIP lifts the continuum under crowded lines: that share of the areas is lost."""
    cube = scan(30, 0)
    config = replace_config(background=background, non_negative=False, errors=True)
    made = fit_maps(cube, config, model_of(cube, config))
    assert [one.name for one in made.maps] == ["Ca K", "Fe K", "Cu K", "Pb L"]
    for one in made.maps:
        left, right = one.image[:, :20], one.image[:, 20:]
        error = float(one.error[:, :20].mean()) / np.sqrt(left.size)
        area = AREAS[one.element]
        assert left.mean() == pytest.approx(area, abs=4 * error + share * area)
        assert right.mean() == pytest.approx(0, abs=4 * error + 2.5)
        assert left.std() == pytest.approx(one.error[:, :20].mean(), rel=0.15)


def replace_config(**changes) -> MapConfig:
    return PLAIN.model_copy(update=changes)


def test_bounded_areas_are_not_negative_and_agree_where_there_is_much():
    cube = scan(12, 1)
    bound = fit_maps(cube, PLAIN, model_of(cube, PLAIN))
    free = replace_config(non_negative=False)
    unbound = fit_maps(cube, free, model_of(cube, free))
    for one, other in zip(bound.maps, unbound.maps, strict=True):
        assert one.image.min() >= 0 > other.image.min()
        np.testing.assert_allclose(one.image[:, :20], other.image[:, :20], atol=15)


def test_maps_do_not_depend_on_the_blocks_or_the_way_to_the_model():
    cube = scan(9, 2)
    model = model_of(cube, PLAIN)
    whole = replace(cube, counts=cube.counts.rechunk((9, 40, 800)))
    small = replace(cube, counts=cube.counts.rechunk((2, 3, 50)))
    for one, other in zip(
        fit_maps(whole, PLAIN, model).maps,
        fit_maps(small, PLAIN, model).maps,
        strict=True,
    ):
        np.testing.assert_array_equal(one.image, other.image)


def test_one_pass_gives_sums_and_maxima_too():
    cube = scan(9, 3)
    steps = fit_maps_steps(cube, PLAIN, model_of(cube, PLAIN))
    records = []
    while True:
        try:
            records.append(next(steps))
        except StopIteration as stop:
            made = stop.value
            break
    assert records[-1].done == records[-1].total > 0
    counts = cube.counts.compute()
    np.testing.assert_array_equal(made.sum_spectrum, counts.sum((0, 1)))
    np.testing.assert_array_equal(made.max_spectrum, counts.max((0, 1)))
    assert made.max_spectrum.dtype == counts.dtype


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.floats(0, 5e4), min_size=4, max_size=4),
    st.floats(0.1, 100),
    st.sampled_from(["polynomial", "none"]),
)
def test_a_spectrum_made_of_the_columns_gives_their_areas(areas, level, background):
    config = replace_config(background=background)
    shapes = [area * SHAPES[e] for e, area in zip(AREAS, areas, strict=True)]
    spectrum = np.sum(shapes, axis=0) + (
        level * CONTINUUM if background[0] == "p" else 0
    )
    reference = CONTINUUM * 1000 + sum(AREAS[e] * SHAPES[e] for e in AREAS)
    model = line_model(reference, AXIS, config, DETECTOR)
    fitted = fit_spectrum(spectrum, model)
    # the continuum of the model is that of SNIP, which is not quite the one put in
    slack = 60 * level if background == "polynomial" else 1e-2
    np.testing.assert_allclose(fitted.areas[:4], areas, rtol=2e-3, atol=slack)
    np.testing.assert_allclose(fitted.parts.sum(0), fitted.fitted, atol=1e-6)


def test_the_shapes_are_those_of_a_slow_loop():
    model = line_model(CONTINUUM + SHAPES["Fe"], AXIS, PLAIN, DETECTOR)
    for element, shell in SHELLS.items():
        column = model.columns[:, model.names.index(f"{element} {shell}")]
        np.testing.assert_allclose(column, SHAPES[element], atol=2e-4)


def test_an_escape_peak_is_three_thousandths_of_iron_and_more_below():
    share = escape_share(np.array([1.5, 2.3, 3.69, 6.4, 12.6]))
    assert share[0] == 0
    assert 0.002 < share[3] < 0.004
    assert (np.diff(share[1:]) < 0).all()


def test_ratios_are_mended_by_the_sum_spectrum():
    thin = shell_counts("Pb", "L")
    config = replace_config(elements=("Pb",), matrix="CaCO3", high_kev=19.0)
    spectrum = 1e6 * thin + 1e3 * CONTINUUM
    kept = line_model(spectrum, AXIS, config, DETECTOR)
    config = config.model_copy(update={"refine_ratios": True})
    mended = line_model(spectrum, AXIS, config, DETECTOR)
    before, after = (np.abs(m.columns[:, 0] - thin).sum() for m in (kept, mended))
    assert before > 0.05
    assert after < 0.25 * before


def test_sum_peaks_get_a_column_of_their_own():
    mean = 3e4 * SHAPES["Fe"]
    both = np.convolve(mean, mean)
    energies = 2 * AXIS.offset_kev + AXIS.gain_kev * np.arange(both.size)
    piled = mean + 1e-6 * np.interp(AXIS.centres_kev, energies, both)
    config = replace_config(elements=("Fe",), pile_up=True, high_kev=15.0)
    model = line_model(1e3 * (piled + CONTINUUM), AXIS, config, DETECTOR)
    assert model.names[:2] == ("Fe K", "pile-up")
    peak = AXIS.centres_kev[np.argmax(model.columns[:, 1])]
    assert peak == pytest.approx(12.8, abs=0.05)
    fitted = fit_spectrum(piled + CONTINUUM, model)
    assert fitted.areas[0] == pytest.approx(3e4, rel=0.01)
    assert fitted.areas[1] == pytest.approx(1e-6 * 3e4**2, rel=0.15)


def test_what_is_not_mapped_is_fitted_along():
    cube = scan(12, 6)
    alone = replace_config(elements=("Fe",), fit_others=True, high_kev=15.0)
    made = fit_maps(cube, alone, model_of(cube, alone))
    assert [one.name for one in made.maps] == ["Fe K"]
    assert {"Ca K", "Cu K", "Pb L"} <= set(made.model.names)
    left = made.maps[0].image[:, :20].mean()
    assert left == pytest.approx(AREAS["Fe"], rel=0.02)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("Xx",), "Xx"),
        (("Pb Q",), "no shell 'Q'"),
        (("Pb K",), "no line between"),
        (("a b c",), "is not an element"),
    ],
)
def test_what_cannot_be_fitted_is_named(names, words):
    with pytest.raises(MaxrfError, match=words):
        named_shells(names, 1.0, 30.0)


def test_shells_are_chosen_one_by_one():
    assert [one.name for one in named_shells(("Pb L", "Fe"), 1, 30)] == ["Pb L", "Fe K"]
    assert [one.name for one in named_shells(("Sn",), 1, 30)] == ["Sn K", "Sn L"]


@pytest.mark.parametrize("matrix", ["", "PbC2CaO6"])
def test_every_element_has_shells_whose_shares_sum_to_one(matrix):
    import xraylib

    elements = [xraylib.AtomicNumberToSymbol(number) for number in range(3, 93)]
    shells = shells_between(elements, 0.0, 200.0, matrix)
    assert len(shells) > 150
    for one in shells:
        assert sum(one.shares) == pytest.approx(1)
        assert min(one.shares) > 0
        assert min(one.energies_kev) > 0.1


def test_errors_say_what_is_wrong():
    cube = scan(3, 4)
    with pytest.raises(MaxrfError, match="no counts"):
        line_model(np.zeros(800), AXIS, PLAIN, DETECTOR)
    with pytest.raises(MaxrfError, match="no clear element"):
        line_model(CONTINUUM, AXIS, MapConfig(method="fit"), DETECTOR)
    with pytest.raises(MaxrfError, match="not a formula"):
        model_of(cube, replace_config(matrix="lead white"))
    with pytest.raises(MaxrfError, match="channels"):
        fit_spectrum(np.ones(7), model_of(cube, PLAIN))
    with pytest.raises(MaxrfError, match="high_kev must be above"):
        MapConfig.checked(low_kev=5.0, high_kev=4.0)


def test_counts_of_any_type_give_the_same_areas():
    cube = scan(3, 5)
    fit = LinearFit(model_of(cube, PLAIN))
    spectra = cube.counts.compute().reshape(-1, 800)
    wanted = fit.areas(spectra)
    for kind in (np.uint32, np.int64, np.float64, np.dtype(">u2")):
        np.testing.assert_array_equal(fit.areas(spectra.astype(kind)), wanted)


def test_the_real_scan_agrees_with_its_window_maps(prova1):
    cube = open_cube(prova1)
    fitted = map_elements(cube, MapConfig(method="fit"))
    by_window = map_elements(
        cube, MapConfig(elements=("Pb", "Ca", "Ti", "Hg", "Fe", "Cu"))
    )
    assert {"Pb", "Ca", "Ti", "Hg", "Fe", "Cu", "Ni", "Zn"} <= {
        one.element for one in fitted.maps
    }
    assert fitted.model.detector.source == "fit"
    assert fitted.provenance[-1].process == "map elements"
    images = {one.name: one.image[:, 5:].ravel() for one in fitted.maps}
    for one in by_window.maps:
        shell = images[f"{one.element} {one.line[0]}"]
        assert np.corrcoef(shell, one.image[:, 5:].ravel())[0, 1] > 0.99
