"""The training task and the model it leaves, on a tiny made-up world."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from napari_maxrf.errors import MaxrfError, ModelError, TrainingError
from napari_maxrf.recolouring import (
    RecolouringConfig,
    RecolouringTask,
    load_recolourer,
)
from napari_maxrf.recolouring._inference import recolour_latents
from napari_maxrf.recolouring._task import computes_in_bfloat16
from napari_maxrf.training import TrainingConfig, run_training, write_model

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

CONFIG = RecolouringConfig(
    image_size=128, crop_size=32, dropout=0.0, drop_path=0.0, precision="float32"
)
HASH = "0123456789abcdef"


class Blocks:
    """Pictures of coloured blocks; latents are a turned colour with noise."""

    def __init__(self, n_train: int = 6, side: int = 128) -> None:
        self.n_train = n_train
        self.side = side
        self.asked: list[int] = []

    def _pair(self, rng: np.random.Generator, key: int) -> tuple[np.ndarray, ...]:
        colours = np.random.default_rng(key).random((self.side // 8, self.side // 8, 3))
        rgb = np.kron(colours, np.ones((8, 8, 1)))
        latents = 3 * (rgb[..., ::-1] - 0.5) + 0.1 * rng.standard_normal(rgb.shape)
        return latents.astype(np.float32), rgb.astype(np.float32)

    def train_pair(self, i: int, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        self.asked.append(i)
        return self._pair(rng, i)

    def val_pairs(self) -> Sequence[tuple[np.ndarray, ...]]:
        return [self._pair(np.random.default_rng(9), 100)]


@dataclass
class Embedded:
    """What recolouring needs of an embedded image."""

    latents: np.ndarray
    model_hash: str = HASH
    name: str = "panel"

    def standardised(self) -> np.ndarray:
        return self.latents


def make_task(
    samples: Blocks | None = None, config: RecolouringConfig = CONFIG, seed: int = 0
) -> RecolouringTask:
    return RecolouringTask(
        samples or Blocks(), config, embedding_hash=HASH, batch_size=2, seed=seed
    )


def saved(task: RecolouringTask, path: Path) -> Path:
    task.save(path, task.model, {"metrics": {"ms_ssim": 0.5}, "steps": 3})
    return path


def test_batch_is_a_pure_function_of_its_number() -> None:
    task = make_task()
    there = [task.batch(i) for i in (3, 0, 7)]
    back = [make_task().batch(i) for i in (7, 0, 3)][::-1]
    for one, two in zip(there, back, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(one, two, strict=True))
    assert not torch.equal(there[0][0], make_task(seed=1).batch(3)[0])


def test_batch_has_the_shape_and_memory_layout_the_network_wants() -> None:
    latents, rgb = make_task().batch(0)
    for tensor in (latents, rgb):
        assert tensor.shape == (2, 3, 32, 32)
        assert tensor.dtype == torch.float32
        assert tensor.is_contiguous(memory_format=torch.channels_last)


def test_every_picture_comes_once_in_a_round_and_rounds_differ() -> None:
    samples = Blocks(n_train=6)
    task = make_task(samples)
    for index in range(6):
        task.batch(index)
    first, second = samples.asked[:6], samples.asked[6:]
    assert sorted(first) == sorted(second) == list(range(6))
    assert first != second


def test_the_same_picture_has_fresh_noise_in_the_next_round() -> None:
    task = make_task(Blocks(n_train=2))
    assert not torch.equal(task.batch(0)[0].sum(), task.batch(1)[0].sum())


def test_first_weights_depend_on_the_seed_alone() -> None:
    torch.manual_seed(1)
    before = torch.get_rng_state()
    one = make_task().model.state_dict()
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    two = make_task().model.state_dict()
    other = make_task(seed=3).model.state_dict()
    assert all(torch.equal(one[n], two[n]) for n in one)
    assert any(not torch.equal(one[n], other[n]) for n in one)


def test_loss_is_finite_and_float32_in_low_precision() -> None:
    config = CONFIG.model_copy(update={"precision": "bfloat16"})
    task = make_task(config=config)
    terms = task.loss(task.model, task.batch(0), 0)
    terms["loss"].backward()
    assert terms["loss"].dtype == torch.float32
    assert terms["loss"].isfinite()
    exact = make_task().loss(task.model, task.batch(0), 0)["loss"]
    assert terms["loss"].item() == pytest.approx(exact.item(), rel=0.02)


def test_precision_can_be_forced() -> None:
    assert computes_in_bfloat16("bfloat16", "cpu")
    assert not computes_in_bfloat16("float32", "cuda")
    assert not computes_in_bfloat16("auto", "mps")


def test_validation_gives_the_figures_of_the_report() -> None:
    task = make_task()
    task.model.eval()
    figures = task.validate(task.model, 0)
    assert set(figures) == {"ms_ssim", "uqi", "ciede2000", "compuphase"}
    assert task.metric in figures
    assert task.mode == "max"
    assert all(isinstance(v, float) and np.isfinite(v) for v in figures.values())


def test_validation_pictures_too_small_for_ms_ssim_are_refused() -> None:
    task = make_task(Blocks(side=64))
    with pytest.raises(TrainingError, match="112"):
        task.validate(task.model, 0)


def test_no_training_pictures_are_refused() -> None:
    with pytest.raises(TrainingError, match="no training pictures"):
        make_task(Blocks(n_train=0))


def test_training_learns_and_its_model_can_be_applied(tmp_path: Path) -> None:
    samples = Blocks()
    task = make_task(samples)
    task.model.eval()
    before = task.validate(task.model, 0)
    settings = TrainingConfig(
        epochs=1, steps_per_epoch=12, batch_size=2, learning_rate=3e-3, warmup_steps=2
    )
    result = run_training(task, settings, tmp_path)
    assert result.metrics["ciede2000"] < before["ciede2000"]
    recolourer = load_recolourer(result.model_path, device="cpu")
    latents, rgb = samples.val_pairs()[0]
    colours = recolourer.recolour(Embedded(latents))
    distance = float(np.abs(colours - rgb).mean())
    assert distance < 0.3
    assert recolourer.header["metrics"] == pytest.approx(result.metrics)
    assert recolourer.header["training"]["steps"] == 12


def test_saved_model_gives_the_same_colours_and_says_what_it_is(
    tmp_path: Path,
) -> None:
    task = make_task()
    recolourer = load_recolourer(saved(task, tmp_path / "m.safetensors"), "cpu")
    latents = Blocks().val_pairs()[0][0][:60, :90]
    expected = recolour_latents(task.model.eval(), latents, 128)
    first, second = (recolourer.recolour(Embedded(latents)) for _ in range(2))
    np.testing.assert_allclose(first, expected, atol=1e-5)
    np.testing.assert_array_equal(first, second)
    assert recolourer.embedding_hash == HASH
    assert recolourer.config == CONFIG
    assert len(recolourer.model_hash) == 16
    assert recolourer.header["metrics"] == {"ms_ssim": 0.5}


@pytest.mark.parametrize("network", ["smalluvit", "detail"])
def test_both_networks_survive_their_file_in_half_precision(
    network: str, tmp_path: Path
) -> None:
    config = CONFIG.model_copy(update={"network": network})
    task = RecolouringTask(
        Blocks(), config, embedding_hash=HASH, batch_size=2, half=True
    )
    path = saved(task, tmp_path / "m.safetensors")
    assert path.stat().st_size < 8e6
    recolourer = load_recolourer(path, "cpu")
    latents = Blocks().val_pairs()[0][0]
    expected = recolour_latents(task.model.eval(), latents, 128)
    np.testing.assert_allclose(
        recolourer.recolour(Embedded(latents)), expected, atol=0.01
    )


def test_image_of_another_embedding_is_refused_naming_both(tmp_path: Path) -> None:
    recolourer = load_recolourer(saved(make_task(), tmp_path / "m.safetensors"), "cpu")
    other = Embedded(np.zeros((4, 4, 3), np.float32), model_hash="feedfeedfeedfeed")
    with pytest.raises(ModelError, match=f"panel.*feedfeedfeedfeed.*{HASH}"):
        recolourer.recolour(other)


def header(**changes: object) -> dict[str, object]:
    base = {
        "config": CONFIG.to_json(),
        "energy_axis": {},
        "palette": {},
        "provenance": [],
        "metrics": {},
        "licence": "x",
        "embedding_hash": HASH,
    }
    return {**base, **changes}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"embedding_hash": None}, "does not name the embedding"),
        ({"config": {"network": "unknown"}}, "configuration"),
        ({"config": {"new_field": 1}}, "configuration"),
        ({}, "do not fit"),
    ],
)
def test_unusable_model_files_are_refused(
    changes: dict[str, object], words: str, tmp_path: Path
) -> None:
    path = tmp_path / "m.safetensors"
    write_model(path, "recolouring", {"a": torch.zeros(2)}, header(**changes))
    with pytest.raises(ModelError, match=words):
        load_recolourer(path, "cpu")


def test_embedding_model_is_not_taken_for_a_recolouring_one(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    write_model(path, "embedding", {"a": torch.zeros(2)}, header())
    with pytest.raises(ModelError, match="kind"):
        load_recolourer(path, "cpu")


def test_bad_settings_are_refused_in_one_line() -> None:
    with pytest.raises(MaxrfError, match="crop_size"):
        RecolouringConfig.checked(crop_size=100)
    with pytest.raises(MaxrfError, match="network"):
        RecolouringConfig.checked(network="swin")
