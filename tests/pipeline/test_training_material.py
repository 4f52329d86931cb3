from __future__ import annotations

import numpy as np
from scipy import stats

from napari_maxrf.embedding import load_embedder
from napari_maxrf.pigments import load_palette
from napari_maxrf.pipeline import picture_paths, prepare_pictures, square_picture
from napari_maxrf.pipeline._train_embedding import draw_spectra
from napari_maxrf.pipeline._train_recolouring import prepare_pairs
from napari_maxrf.progress import finish
from napari_maxrf.recolouring import load_recolourer
from napari_maxrf.synthesis import synthesise


def test_drawn_spectra_have_the_mean_counts_and_repeat(pictures, embedding_plan):
    palette = load_palette("sarteano")
    synthesis = embedding_plan.synthesis
    prepared = finish(prepare_pictures(picture_paths(pictures), palette, synthesis, 64))
    spectra = finish(draw_spectra(prepared, 200, synthesis, 0))
    again = finish(draw_spectra(prepared, 200, synthesis, 0))
    other = finish(draw_spectra(prepared, 200, synthesis, 1))
    np.testing.assert_array_equal(spectra, again)
    assert not np.array_equal(spectra, other)
    totals = spectra.sum(axis=1)
    assert abs(totals.mean() - 200) < 5 * np.sqrt(200 / len(totals))


def test_pools_have_the_latents_of_a_synthesised_scan(
    pictures, recolouring_plan, trained
):
    embedder = load_embedder(trained[0])
    palette = load_palette("sarteano")
    fixed = recolouring_plan.synthesis.model_copy(update={"k_min": 4, "k_max": 4})
    plan = recolouring_plan.model_copy(
        update={"pool": 400, "size": 64, "synthesis": fixed}
    )
    pairs = finish(prepare_pairs(pictures, None, palette, plan, embedder, None))
    latents, rgb = pairs.train_pair(0, np.random.default_rng(1))
    path = picture_paths(pictures)[1]
    np.testing.assert_allclose(rgb, square_picture(path, 64), atol=1 / 255)
    scan = synthesise(square_picture(path, 64), palette, fixed)
    direct = embedder.embed(scan.cube).standardised()
    # Neither set is more random than the pool it is drawn from, hence the bound
    # of a two-sample test at the size of the pool and not of the picture.
    distance = stats.ks_2samp(latents[..., 0].ravel(), direct[..., 0].ravel())
    assert distance.statistic < 0.08


def test_noise_is_new_at_every_draw_but_validation_stays(
    pictures, recolouring_plan, trained
):
    embedder = load_embedder(trained[0])
    palette = load_palette("sarteano")
    pairs = finish(
        prepare_pairs(pictures, None, palette, recolouring_plan, embedder, None)
    )
    one = pairs.train_pair(0, np.random.default_rng(1))[0]
    two = pairs.train_pair(0, np.random.default_rng(2))[0]
    assert not np.array_equal(one, two)
    for before, after in zip(pairs.val_pairs(), pairs.val_pairs(), strict=True):
        np.testing.assert_array_equal(before[0], after[0])


def test_model_files_say_how_they_were_made(trained, embedding_plan):
    embedder, recolourer = load_embedder(trained[0]), load_recolourer(trained[1])
    assert recolourer.embedding_hash == embedder.model_hash
    steps = {step["process"]: step for step in embedder.header["provenance"]}
    facts = steps["train embedding"]["parameters"]
    assert facts
    assert embedder.header["palette"]["id"] == "sarteano"
    assert recolourer.reference is not None
    latents, colours = recolourer.reference
    assert latents.shape == colours.shape
    assert 0 <= colours.min() <= colours.max() <= 1
