"""The whole way from a picture to a lazy scan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import dask
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from napari_maxrf.errors import PaletteError, PictureError
from napari_maxrf.pigments import load_palette
from napari_maxrf.progress import Progress, finish
from napari_maxrf.synthesis import (
    SynthesisConfig,
    _synthesise,
    ganx_preset,
    synthesise,
    synthesise_steps,
)

if TYPE_CHECKING:
    from napari_maxrf.cube import EnergyAxis


@dataclass(frozen=True)
class LinePalette:
    """Four pigments, each with two lines of its own on a weak continuum."""

    id: str = "lines"
    ids: tuple[str, ...] = ("red", "green", "blue", "black")
    content_hash: str = "0123456789abcdef"
    missing: int = 0

    @property
    def colours(self) -> np.ndarray:
        table = [[0.8, 0.1, 0.1], [0.1, 0.6, 0.2], [0.1, 0.2, 0.7], [0, 0, 0]]
        return np.array(table)[: len(self.ids)]

    def spectra(self, axis: EnergyAxis) -> np.ndarray:
        n = len(self.ids)
        spectra = np.full((n, axis.n_channels - self.missing), 0.1 / axis.n_channels)
        for row in range(n):
            for energy in (3.0 + 2 * row, 15.0 + 3 * row):
                spectra[row, axis.channel_of(energy)] += 1
        return spectra / spectra.sum(axis=1, keepdims=True)


PALETTE = LinePalette()
SMALL = SynthesisConfig(n_bins=64, k_min=3, k_max=5)


def picture(height: int = 90, width: int = 70, seed: int = 0) -> np.ndarray:
    """The palette's colours in noisy vertical stripes."""
    rng = np.random.default_rng(seed)
    which = np.arange(width) * 4 // width
    stripes = np.broadcast_to(PALETTE.colours[which], (height, width, 3))
    noisy = stripes + rng.normal(0, 0.02, stripes.shape)
    return np.clip(noisy, 0, 1).astype(np.float32)


def test_cube_has_the_shape_axis_and_integers_asked_for() -> None:
    made = synthesise(picture(), PALETTE, SMALL, name="stripes")
    cube = made.cube
    assert cube.shape == (90, 70, 64)
    assert cube.energy == SMALL.axis
    assert cube.counts.dtype == np.uint16
    assert cube.counts.chunks == ((64, 26), (64, 6), (64,))
    assert cube.name == "stripes"
    assert cube.pixel_size_mm == (1.0, 1.0)
    block = cube.counts.compute()
    assert block.shape == cube.shape
    assert block.dtype == np.uint16


def test_counts_of_each_cluster_follow_its_expected_spectrum() -> None:
    made = synthesise(picture(), PALETTE, SMALL)
    counts = made.cube.counts.compute()
    for number, expected in enumerate(made.expected):
        members = counts[made.clusters.labels == number]
        mean = expected * 400 * len(members)
        distance = ((members.sum(axis=0) - mean) ** 2 / mean).sum()
        assert 1e-3 < stats.chi2.sf(distance, 64) < 1 - 1e-3


def test_pure_colour_gives_its_own_pigment_with_a_high_threshold() -> None:
    config = SMALL.model_copy(update={"threshold": 0.9})
    made = synthesise(picture(), PALETTE, config)
    shares = np.stack([made.cube.maps[f"pigment_{name}"] for name in PALETTE.ids], -1)
    stripe = np.arange(70) * 4 // 70
    assert (shares.argmax(axis=-1) == stripe).mean() > 0.99
    assert shares.max(axis=-1).min() > 0.99


def test_black_cluster_keeps_its_counts() -> None:
    dark = picture()
    dark[:, :40] = 0
    made = synthesise(dark, PALETTE, SMALL)
    totals = made.cube.sum_image().compute()
    assert totals[:, :40].min() > 300


def test_maps_hold_the_truth_of_every_pixel() -> None:
    made = synthesise(picture(), PALETTE, SMALL)
    maps = made.cube.maps
    assert set(maps) == {"cluster", *(f"pigment_{name}" for name in PALETTE.ids)}
    assert all(plane.dtype == np.float32 for plane in maps.values())
    assert np.array_equal(maps["cluster"], made.clusters.labels)
    assert sum(maps[f"pigment_{name}"] for name in PALETTE.ids) == pytest.approx(1)
    assert maps["pigment_blue"][5, 6] == pytest.approx(
        made.weights[made.clusters.labels[5, 6], 2]
    )


@settings(max_examples=8, deadline=None)
@given(st.integers(4, 80), st.sampled_from(["poisson", "fixed", "log-uniform"]))
def test_counts_do_not_depend_on_the_size_of_blocks(block: int, mode: str) -> None:
    config = SMALL.model_copy(update={"counts_mode": mode})
    small = picture(33, 47)
    reference = synthesise(small, PALETTE, config).cube.counts.compute()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_synthesise, "BLOCK", block)
        other = synthesise(small, PALETTE, config).cube.counts.compute()
    assert np.array_equal(reference, other)


def test_counts_do_not_depend_on_the_scheduler() -> None:
    counts = synthesise(picture(), PALETTE, SMALL).cube.counts
    with dask.config.set(scheduler="threads", num_workers=4):
        threads = counts.compute()
    assert np.array_equal(threads, counts.compute(scheduler="synchronous"))


def test_part_of_the_scan_is_the_same_as_the_whole() -> None:
    made = synthesise(picture(), PALETTE, SMALL)
    whole = made.cube.counts.compute()
    assert np.array_equal(made.cube.spectrum(70, 66), whole[70, 66])
    assert np.array_equal(made.cube.counts[60:70, 10:12].compute(), whole[60:70, 10:12])
    assert np.array_equal(made.cube.counts.compute(), whole)


def test_seed_and_picture_decide_the_noise() -> None:
    def counts(seed: int, changed: bool = False) -> np.ndarray:
        flat = np.full((40, 40, 3), 0.5, np.float32)
        flat[0, 0] = 0.25 if changed else 0.5
        config = SMALL.model_copy(update={"seed": seed})
        return synthesise(flat, PALETTE, config).cube.counts.compute()

    first = counts(0)
    assert np.array_equal(first, counts(0))
    for other in (counts(1), counts(0, changed=True)):
        one, two = (c[1:].sum(axis=2).ravel().astype(float) for c in (first, other))
        assert abs(np.corrcoef(one, two)[0, 1]) < 4.5 / len(one) ** 0.5


def test_every_progress_record_is_named_and_the_stages_follow_each_other() -> None:
    seen = list(synthesise_steps(picture(), PALETTE, SMALL))
    assert all(isinstance(record, Progress) and record.stage for record in seen)
    stages = list(dict.fromkeys(record.stage for record in seen))
    assert stages == [
        "Colour clusters",
        "Similarity of colours and pigments",
        "Pigment mixtures",
    ]
    assert seen[-1].done == seen[-1].total


def test_provenance_tells_how_to_repeat_it() -> None:
    made = synthesise(picture(), PALETTE, SMALL)
    (step,) = made.cube.provenance
    assert step.process == "synthesise"
    assert SynthesisConfig(**step.parameters["config"]) == SMALL
    assert step.parameters["palette"] == "lines"
    assert step.parameters["palette_hash"] == PALETTE.content_hash
    assert len(step.parameters["picture_hash"]) == 16
    assert made.cube.metadata["synthetic"] is True


def test_log_uniform_scan_has_one_mean_that_differs_between_pictures() -> None:
    config = SMALL.model_copy(update={"counts_mode": "log-uniform", "counts": 200.0})
    means = []
    for seed in range(6):
        cube = synthesise(picture(20, 20, seed), PALETTE, config).cube
        mean = cube.provenance[0].parameters["mean_counts"]
        assert 200 <= mean <= 5000
        totals = cube.sum_image().compute()
        assert totals.mean() == pytest.approx(mean, abs=5 * (mean / 400) ** 0.5)
        means.append(mean)
    assert max(means) / min(means) > 2


def test_ganx_preset_gives_exactly_400_counts_everywhere() -> None:
    made = synthesise(picture(20, 20), PALETTE, ganx_preset(n_bins=64))
    assert (made.cube.sum_image().compute() == 400).all()
    assert made.clusters.n_clusters in (9, 10)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (200, 1)])
def test_thin_pictures_work(shape: tuple[int, int]) -> None:
    made = synthesise(np.full((*shape, 3), 0.3, np.float32), PALETTE)
    assert made.cube.counts.compute().shape == (*shape, 512)


def test_palette_of_one_pigment_works() -> None:
    made = synthesise(picture(), LinePalette(ids=("red",)), SMALL)
    assert (made.weights == 1).all()


def test_empty_palette_is_refused() -> None:
    with pytest.raises(PaletteError, match="empty"):
        synthesise(picture(), LinePalette(ids=()), SMALL)


def test_palette_spectra_on_another_axis_are_refused() -> None:
    with pytest.raises(PaletteError, match=r"\(4, 63\).*\(4, 64\)"):
        synthesise(picture(), LinePalette(missing=1), SMALL)


def test_real_palette_gives_a_scan_of_its_own_lines() -> None:
    palette = load_palette("sarteano")
    config = SynthesisConfig(threshold=1.0, k_min=2, k_max=2)
    names = (palette.ids[0], palette.ids[-1])
    colours = palette.subset(names).colours.astype(np.float32)
    halves = np.repeat(colours[:, None], 30, axis=1)
    made = synthesise(halves, palette, config)
    counts = made.cube.counts.compute()
    for row, name in enumerate(names):
        assert (made.cube.maps[f"pigment_{name}"][row] == 1).all()
        spectrum = palette.spectra(config.axis)[palette.ids.index(name)]
        assert np.corrcoef(counts[row].sum(axis=0), spectrum)[0, 1] > 0.98


def test_raw_8_bit_picture_is_refused_with_advice() -> None:
    with pytest.raises(PictureError, match="as_picture"):
        finish(synthesise_steps(np.zeros((4, 4, 3), np.uint8), PALETTE, SMALL))
