"""The ganX preset against numbers of ganX 0.0.2 (benchmarks/make_ganx_reference.py)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from napari_maxrf.colours import ciede2000
from napari_maxrf.cube import EnergyAxis
from napari_maxrf.synthesis import (
    Synthesis,
    expected_spectra,
    ganx_preset,
    mixture_weights,
    sample_spectra,
    synthesise,
)

REFERENCE = json.loads(Path(__file__).with_name("ganx_reference.json").read_text())
TILES = np.array(REFERENCE["tiles"]) / 255
SUMS = np.array(REFERENCE["sums"], float)
N = REFERENCE["pixels_of_a_tile"]


class GanxPalette:
    """The pigments that the reference was made with."""

    id = "ganx"
    ids = tuple("abcdef")
    content_hash = "ganx"
    colours = np.array(REFERENCE["pigment_colours"]) / 255

    def spectra(self, axis: EnergyAxis) -> np.ndarray:
        """Spectra as ganX cut and binned them."""
        assert axis.n_channels == len(REFERENCE["pigment_spectra"][0])
        return np.array(REFERENCE["pigment_spectra"])


@pytest.fixture(scope="module")
def ours() -> Synthesis:
    side = REFERENCE["side"]
    tiles = TILES.reshape(3, 3, 3)
    picture = tiles.repeat(side, axis=0).repeat(side, axis=1).astype(np.float32)
    return synthesise(picture, GanxPalette(), ganx_preset(n_bins=64))


def theirs_of(colour: np.ndarray) -> tuple[int, np.ndarray]:
    """Tile and expected spectrum of ganX for one of our cluster colours."""
    theirs = np.array(REFERENCE["cluster_colours"])
    k = np.abs(theirs - colour).sum(axis=1).argmin()
    tile = np.abs(TILES - colour).sum(axis=1).argmin()
    assert theirs[k] == pytest.approx(colour, abs=1e-6)
    return int(tile), np.array(REFERENCE["expected"][k])


def test_expected_spectrum_of_every_cluster_is_that_of_ganx(ours: Synthesis) -> None:
    # ganX's matrix from sRGB to XYZ has other last digits than ours: see below.
    assert ours.clusters.n_clusters == len(TILES)
    for colour, expected in zip(ours.clusters.colours, ours.expected, strict=True):
        assert expected == pytest.approx(theirs_of(colour)[1], rel=2e-4)


def lab_of_scikit_image(colours: np.ndarray) -> np.ndarray:
    """CIELAB with the matrix and white of scikit-image, which ganX uses."""
    matrix = [
        [0.412453, 0.357580, 0.180423],
        [0.212671, 0.715160, 0.072169],
        [0.019334, 0.119193, 0.950227],
    ]
    linear = np.where(
        colours > 0.04045, ((colours + 0.055) / 1.055) ** 2.4, colours / 12.92
    )
    xyz = linear @ np.transpose(matrix) / [0.95047, 1.0, 1.08883]
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116).T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def test_with_the_rounded_matrix_of_ganx_nothing_differs_but_rounding() -> None:
    clusters = lab_of_scikit_image(np.array(REFERENCE["cluster_colours"]))
    pigments = lab_of_scikit_image(GanxPalette.colours)
    likeness = (101 - ciede2000(clusters[:, None], pigments[None])) / 101
    weights = mixture_weights(likeness, ganx_preset().threshold)
    expected = expected_spectra(weights, REFERENCE["pigment_spectra"])
    assert expected == pytest.approx(np.array(REFERENCE["expected"]), rel=1e-9)


def chi_square(two: list[np.ndarray], pixels: list[int]) -> float:
    """p-value of two histograms of the same law (two-sample chi-square)."""
    table: Any = np.array(two)
    table = table[:, table.sum(axis=0) > 20]
    assert table.sum(axis=1) == pytest.approx(400 * np.array(pixels), rel=1e-2)
    return float(stats.chi2_contingency(table, correction=False).pvalue)


def test_samples_cannot_be_told_from_those_of_ganx(ours: Synthesis) -> None:
    p_values = []
    for k, colour in enumerate(ours.clusters.colours):
        tile, _ = theirs_of(colour)
        if not TILES[tile].any():
            continue
        for seed in range(10):
            counts = sample_spectra(
                ours.expected[k], np.zeros(N, int), 400, seed, "fixed"
            )
            p_values.append(chi_square([SUMS[tile], counts.sum(axis=0)], [N, N]))
    assert min(p_values) > 1e-4
    assert np.median(p_values) > 0.1


def test_spread_of_every_bin_is_that_of_ganx(ours: Synthesis) -> None:
    squares = np.array(REFERENCE["sums_of_squares"], float)
    for k, colour in enumerate(ours.clusters.colours):
        tile, expected = theirs_of(colour)
        if TILES[tile].any():
            counts = sample_spectra(expected, np.zeros(N, int), 400, k, "fixed")
            variance = squares[tile] / N - (SUMS[tile] / N) ** 2
            used = expected * 400 > 1
            ratio = counts.var(axis=0)[used] / variance[used]
            assert ratio == pytest.approx(1, abs=6 * (2 * 2 / N) ** 0.5 * 1.5)


def test_black_pixels_have_counts_which_ganx_leaves_empty(ours: Synthesis) -> None:
    black = int((TILES.sum(axis=1) == 0).argmax())
    assert not SUMS[black].any()
    counts = np.asarray(ours.cube.counts[:8, :8].compute())
    assert black == 0
    assert (counts.sum(axis=2) == 400).all()


def test_upper_end_of_the_range_of_clusters_is_tried() -> None:
    preset = ganx_preset()
    assert (preset.k_min, preset.k_max) == (9, 10)
