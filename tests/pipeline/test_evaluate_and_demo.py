from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from napari_maxrf.embedding import load_embedder
from napari_maxrf.errors import ModelError, PictureError
from napari_maxrf.io import open_cube
from napari_maxrf.pigments import load_palette
from napari_maxrf.pipeline import demo_steps, evaluate_steps, picture_paths
from napari_maxrf.pipeline._evaluate import METRICS, NearestNeighbour
from napari_maxrf.pipeline._stages import StageClock
from napari_maxrf.progress import finish
from napari_maxrf.recolouring import load_recolourer, picture_metrics


@pytest.fixture(scope="module")
def models(trained):
    return load_embedder(trained[0]), load_recolourer(trained[1])


def test_evaluation_has_all_methods_against_the_original(
    pictures, recolouring_plan, models
):
    paths = picture_paths(pictures)[:2]
    palette = load_palette("sarteano")
    result = finish(
        evaluate_steps(paths, palette, recolouring_plan.synthesis, *models, size=192)
    )
    report = result.to_json()
    assert report["pictures"] == 2
    for method in ("recoloured", "nearest_neighbour", "clustered"):
        assert set(report[method]) == set(METRICS)
    assert report["clustered"]["ciede2000"] < report["recoloured"]["ciede2000"]
    assert report["settings"]["synthesis"]["k_max"] == 5
    json.dumps(report)


def test_nearest_neighbour_is_the_brute_force_answer(models):
    _, recolourer = models
    latents, colours = recolourer.reference
    rng = np.random.default_rng(0)
    asked = rng.normal(size=(3, 5, 3)).astype(np.float32)

    class Embedded:
        def standardised(self):
            return asked

    found = NearestNeighbour(recolourer).recolour(Embedded())
    for y in range(3):
        for x in range(5):
            distance = ((latents - asked[y, x]) ** 2).sum(axis=1)
            tied = colours[distance == distance.min()]
            assert (tied == found[y, x]).all(axis=1).any()


def test_unreadable_pictures_are_listed(tmp_path, recolouring_plan, models):
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8nothing")
    palette = load_palette("sarteano")
    with pytest.raises(PictureError, match=r"broken\.jpg"):
        finish(evaluate_steps([broken], palette, recolouring_plan.synthesis, *models))


def test_models_that_do_not_belong_together_are_refused(
    pictures, recolouring_plan, models, trained, tmp_path
):
    embedder, recolourer = models
    recolourer = load_recolourer(trained[1])
    recolourer.header["embedding_hash"] = "0123456789abcdef"
    palette = load_palette("sarteano")
    steps = evaluate_steps(
        picture_paths(pictures)[:1],
        palette,
        recolouring_plan.synthesis,
        embedder,
        recolourer,
    )
    with pytest.raises(ModelError, match="0123456789abcdef"):
        finish(steps)


def test_demo_leaves_scan_montage_and_metrics(
    pictures, recolouring_plan, models, tmp_path
):
    palette = load_palette("sarteano")
    picture = picture_paths(pictures)[0]
    result = finish(
        demo_steps(picture, tmp_path, palette, recolouring_plan.synthesis, *models)
    )
    report = json.loads((tmp_path / "metrics.json").read_text())
    assert set(report["stages"]) >= {"synthesise", "embed", "recolour", "montage"}
    for cost in report["stages"].values():
        assert cost["seconds"] >= 0
        assert cost["peak_mib"] > 10
    cube = open_cube(tmp_path / "picture0.maxrf")
    assert cube.shape == (72, 90, 512)
    assert cube.counts.dtype.kind == "u"
    np.testing.assert_array_equal(
        cube.counts.compute(), result.synthesis.cube.counts.compute()
    )
    again = picture_metrics(result.recoloured, result.original)
    assert report["ciede2000"] == pytest.approx(again["ciede2000"])
    with Image.open(tmp_path / "montage.png") as montage:
        assert min(montage.size) > 500


def test_stage_clock_sees_the_memory_of_its_stage():
    clock = StageClock()
    with clock.stage("small"):
        pass
    with clock.stage("large"):
        held = np.ones(200 * 2**17)
        held += 1
    grown = clock.stages["large"]["peak_mib"] - clock.stages["small"]["peak_mib"]
    assert grown > 150
