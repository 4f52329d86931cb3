from __future__ import annotations

import json
import math
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from _toy_training import ToyTask, toy_config
from PIL import Image

from napari_maxrf.errors import MaxrfError, TrainingError
from napari_maxrf.progress import Progress, finish
from napari_maxrf.training import _loop, read_log, read_model, run_training, train
from napari_maxrf.training._curves import draw_curves
from napari_maxrf.training._schedule import (
    average_of,
    make_optimiser,
    step_seed,
    warm_up,
)
from napari_maxrf.training._state import load_checkpoint

TOY = Path(__file__).with_name("_toy_training.py")


def checkpoint(folder: Path) -> dict[str, Any]:
    """Everything of a checkpoint that has to be the same, flattened."""
    content = load_checkpoint(folder / "checkpoint.pt")
    state = content["state"]
    state.pop("seconds")
    for record in state["history"]:
        record.pop("seconds")
    content.pop("description")
    return flat(content)


def flat(value: Any, name: str = "") -> dict[str, Any]:
    if isinstance(value, dict):
        pairs = value.items()
    elif isinstance(value, list | tuple):
        pairs = enumerate(value)
    else:
        return {name: value}
    return {k: v for key, part in pairs for k, v in flat(part, f"{name}/{key}").items()}


def assert_same_training(one: Path, other: Path) -> None:
    first, second = checkpoint(one), checkpoint(other)
    assert first.keys() == second.keys()
    for name, value in first.items():
        if isinstance(value, torch.Tensor):
            assert torch.equal(value, second[name]), name
        else:
            assert value == second[name], name
    models = [read_model(f / "model.safetensors", "embedding")[0] for f in (one, other)]
    for name, value in models[0].items():
        assert torch.equal(value, models[1][name]), name


def steps_until(folder: Path, done: int, **changes: Any) -> None:
    """Train until `done` steps are made, then close the generator."""
    steps = train(ToyTask(), toy_config(**changes), folder)
    for record in steps:
        if record.done == done and record.stage.startswith("Training"):
            break
    steps.close()


@pytest.fixture
def unbroken(tmp_path: Path) -> Path:
    run_training(ToyTask(), toy_config(), tmp_path / "unbroken")
    return tmp_path / "unbroken"


def test_two_epochs_are_one_and_resume_and_one(tmp_path: Path, unbroken: Path) -> None:
    folder = tmp_path / "parts"
    run_training(ToyTask(), toy_config(epochs=1), folder)
    run_training(ToyTask(), toy_config(epochs=2), folder, resume=True)
    assert_same_training(unbroken, folder)


@pytest.mark.parametrize("done", [1, 4, 10, 13])
def test_a_stop_at_any_step_leaves_no_trace(
    tmp_path: Path, unbroken: Path, done: int
) -> None:
    folder = tmp_path / "parts"
    steps_until(folder, done)
    assert load_checkpoint(folder / "checkpoint.pt")["state"]["step"] == done
    assert (folder / "model.safetensors").exists()
    run_training(ToyTask(), toy_config(), folder, resume=True)
    assert_same_training(unbroken, folder)


def test_a_killed_process_resumes_to_the_same_weights(tmp_path: Path) -> None:
    folder, whole = tmp_path / "killed", tmp_path / "whole"
    with subprocess.Popen(
        [sys.executable, str(TOY), str(folder)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) >= 10 and (folder / "checkpoint.pt").exists():
                process.send_signal(signal.SIGKILL)
                break
        process.communicate()
    assert process.returncode == -signal.SIGKILL
    reached = load_checkpoint(folder / "checkpoint.pt")["state"]["step"]
    assert 0 < reached < 60
    config = toy_config(steps_per_epoch=30)
    run_training(ToyTask(), config, folder, resume=True)
    run_training(ToyTask(), config, whole)
    assert_same_training(whole, folder)


def test_resume_without_a_checkpoint_begins_anew(
    tmp_path: Path, unbroken: Path
) -> None:
    run_training(ToyTask(), toy_config(), tmp_path / "new", resume=True)
    assert_same_training(unbroken, tmp_path / "new")


def test_the_seed_decides(tmp_path: Path, unbroken: Path) -> None:
    run_training(ToyTask(), toy_config(seed=1), tmp_path / "other")
    first, second = checkpoint(unbroken), checkpoint(tmp_path / "other")
    assert not torch.equal(first["/model/0.weight"], second["/model/0.weight"])


def test_the_model_of_the_task_is_left_alone(tmp_path: Path) -> None:
    task = ToyTask()
    before = task.model[0].weight.detach().clone()
    run_training(task, toy_config(), tmp_path)
    assert torch.equal(before, task.model[0].weight)


def test_resume_with_other_settings_shows_the_difference(
    tmp_path: Path, unbroken: Path
) -> None:
    with pytest.raises(
        TrainingError, match=r"training.learning_rate was 0.01, is 0.02"
    ):
        run_training(ToyTask(), toy_config(learning_rate=0.02), unbroken, resume=True)
    task = ToyTask()
    task.description = {**task.description, "widths": [4, 8, 1]}
    with pytest.raises(TrainingError, match=r"widths was \[4, 16, 1\], is \[4, 8, 1\]"):
        run_training(task, toy_config(), unbroken, resume=True)


def test_a_training_is_never_overwritten(unbroken: Path) -> None:
    with pytest.raises(TrainingError, match="already holds a training"):
        run_training(ToyTask(), toy_config(), unbroken)


def test_a_finished_training_resumed_does_nothing_more(unbroken: Path) -> None:
    before = checkpoint(unbroken)["/model/0.weight"]
    result = run_training(ToyTask(), toy_config(), unbroken, resume=True)
    assert result.steps == 20
    assert torch.equal(checkpoint(unbroken)["/model/0.weight"], before)


@pytest.mark.parametrize("damage", [b"", b"not a checkpoint", None])
def test_a_damaged_checkpoint_is_one_clear_line(
    unbroken: Path, damage: bytes | None
) -> None:
    path = unbroken / "checkpoint.pt"
    raw = path.read_bytes()
    path.write_bytes(raw[: len(raw) // 2] if damage is None else damage)
    with pytest.raises(TrainingError, match="cannot be read") as caught:
        run_training(ToyTask(), toy_config(), unbroken, resume=True)
    assert "\n" not in str(caught.value)


def test_a_checkpoint_that_would_run_code_is_refused(unbroken: Path) -> None:
    torch.save({"checkpoint_version": 1, "path": Path("x")}, unbroken / "checkpoint.pt")
    with pytest.raises(TrainingError, match="cannot be read"):
        run_training(ToyTask(), toy_config(), unbroken, resume=True)


def test_leftovers_of_a_killed_writer_are_removed(unbroken: Path) -> None:
    leftover = unbroken / ".checkpoint-0123abcd.pt"
    leftover.write_bytes(b"half")
    run_training(ToyTask(), toy_config(), unbroken, resume=True)
    assert not leftover.exists()


def test_the_best_weights_are_those_of_the_best_judged_epoch(tmp_path: Path) -> None:
    task = ToyTask(first_judged_epoch=2)
    task.errors = [0.1, 0.2, 0.9, 0.5, 0.7]
    result = run_training(task, toy_config(epochs=5), tmp_path)
    assert result.best_epoch == 3
    assert result.metrics == {"error": 0.5}
    steps_until(tmp_path / "short", 40, epochs=5)
    expected = checkpoint(tmp_path / "short")
    tensors, header = read_model(tmp_path / "model.safetensors", "embedding")
    assert header["metrics"] == {"error": 0.5}
    assert torch.equal(tensors["0.weight"], expected["/average/module.0.weight"])


def test_a_training_without_a_judged_epoch_saves_its_last_weights(
    tmp_path: Path,
) -> None:
    result = run_training(ToyTask(first_judged_epoch=9), toy_config(), tmp_path)
    assert result.best_epoch is None
    tensors, _ = read_model(tmp_path / "model.safetensors", "embedding")
    last = checkpoint(tmp_path)["/average/module.0.weight"]
    assert torch.equal(tensors["0.weight"], last)


@pytest.mark.parametrize(("mode", "reduced"), [("min", True), ("max", False)])
def test_the_plateau_follows_the_mode_of_the_metric(
    tmp_path: Path, mode: str, reduced: bool
) -> None:
    task = ToyTask()
    task.mode = mode
    task.errors = [0.1 * epoch for epoch in range(1, 6)]
    config = toy_config(epochs=5, plateau_patience=1, plateau_factor=0.5)
    result = run_training(task, config, tmp_path)
    last = result.history[-1]["learning_rate"]
    # Four epochs without progress at patience 1: reduced twice.
    assert last == pytest.approx(0.0025 if reduced else 0.01)


def test_early_stop_counts_epochs_without_progress(tmp_path: Path) -> None:
    task = ToyTask(first_judged_epoch=1)
    task.errors = [0.1, 0.5, 0.6, 0.7, 0.8]
    result = run_training(task, toy_config(epochs=9, early_stop_epochs=2), tmp_path)
    assert (result.stopped, result.epochs, result.best_epoch) == ("early stop", 4, 1)


def test_the_time_budget_stops_and_a_larger_one_goes_on(
    tmp_path: Path, unbroken: Path
) -> None:
    folder = tmp_path / "short"
    result = run_training(ToyTask(pause=0.02), toy_config(max_minutes=0.002), folder)
    assert result.stopped == "time"
    assert result.steps < 20
    result = run_training(ToyTask(), toy_config(), folder, resume=True)
    assert result.stopped == "epochs"
    assert_same_training(unbroken, folder)


def test_a_loss_that_is_not_a_number_stops_at_its_epoch(tmp_path: Path) -> None:
    task = ToyTask()
    task.poison = 14
    with pytest.raises(TrainingError, match=r"loss.* is nan"):
        run_training(task, toy_config(), tmp_path)
    # What was saved before is sound.
    assert math.isfinite(checkpoint(tmp_path)["/model/0.weight"].sum())


def test_every_step_gives_a_record_and_every_epoch_its_metric(tmp_path: Path) -> None:
    records: list[Progress] = list(train(ToyTask(), toy_config(), tmp_path))
    steps = [r for r in records if r.stage.startswith("Training")]
    assert [r.done for r in steps] == list(range(1, 21))
    assert {r.total for r in records} == {20}
    assert {"loss", "twice", "learning_rate", "epoch"} <= steps[0].values.keys()
    validated = [r for r in records if r.stage.startswith("Validated")]
    assert [r.stage for r in validated] == ["Validated epoch 1", "Validated epoch 2"]
    assert all("val_error" in r.values for r in validated)


def test_the_log_holds_each_epoch_once(tmp_path: Path) -> None:
    steps_until(tmp_path, 13)
    run_training(ToyTask(), toy_config(), tmp_path, resume=True)
    log = read_log(tmp_path)
    assert [record["epoch"] for record in log] == [0, 1]
    lines = (tmp_path / "log.jsonl").read_text().splitlines()
    assert log == [json.loads(line) for line in lines]
    assert log[0]["train_twice"] == pytest.approx(2 * log[0]["train_loss"])


def test_the_curves_are_drawn(tmp_path: Path) -> None:
    record = {"epoch": 0, "train_loss": 2.0, "val_error": 0.5, "learning_rate": 0.1}
    history = [record, {**record, "epoch": 1, "train_loss": 1.0}]
    draw_curves(tmp_path / "curves.png", history, "error")
    with Image.open(tmp_path / "curves.png") as picture:
        shades = np.asarray(picture.convert("RGB"))
    assert shades.shape[1] > 1000
    # A second point draws more than a first one alone.
    draw_curves(tmp_path / "one.png", history[:1], "error")
    with Image.open(tmp_path / "one.png") as picture:
        fewer = np.asarray(picture.convert("RGB"))
    assert not np.array_equal(shades, fewer)


def test_a_training_draws_its_curves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[tuple[Path, int, str]] = []
    monkeypatch.setattr(
        _loop, "draw_curves", lambda path, h, m: drawn.append((path, len(h), m))
    )
    run_training(ToyTask(), toy_config(), tmp_path)
    assert drawn[-1] == (tmp_path / "curves.png", 2, "error")


def test_a_missing_log_is_empty(tmp_path: Path) -> None:
    assert read_log(tmp_path) == []


def test_warm_up_rises_linearly_and_then_lets_go() -> None:
    config = toy_config(warmup_steps=4, learning_rate=0.1)
    optimiser = make_optimiser(ToyTask().model, config)
    rates = []
    for step in range(6):
        if step == 5:
            optimiser.param_groups[0]["lr"] = 0.03
        warm_up(optimiser, step, config)
        rates.append(optimiser.param_groups[0]["lr"])
    assert rates == pytest.approx([0.025, 0.05, 0.075, 0.1, 0.1, 0.03])


def test_only_matrices_decay() -> None:
    groups = make_optimiser(ToyTask().model, toy_config(weight_decay=0.1)).param_groups
    decays = {p.ndim: g["weight_decay"] for g in groups for p in g["params"]}
    assert decays == {2: 0.1, 1: 0.0}


def test_the_average_follows_the_formula_with_a_growing_decay() -> None:
    model = torch.nn.Linear(1, 1, bias=False)
    average = average_of(model, 0.3)
    expected = None
    for n, value in enumerate([1.0, 2.0, 5.0, -3.0, 4.0, 8.0]):
        model.weight.data.fill_(value)
        average.update_parameters(model)
        decay = min(0.3, (1 + n) / (10 + n))
        expected = value if n == 0 else decay * expected + (1 - decay) * value
        assert average.module.weight.item() == pytest.approx(expected, rel=1e-6)


def test_step_seeds_differ_between_steps_seeds_and_orders() -> None:
    seeds = {step_seed(a, b) for a in range(30) for b in range(30)}
    assert len(seeds) == 900
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_an_out_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(MaxrfError, match="Cannot write"):
        run_training(ToyTask(), toy_config(), tmp_path / "file" / "training")


def test_a_full_disk_keeps_the_earlier_checkpoint(
    unbroken: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (unbroken / "checkpoint.pt").read_bytes()

    def full(*_: Any, **__: Any) -> None:
        raise RuntimeError("PytorchStreamWriter failed writing file")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(MaxrfError, match="checkpoint"):
        run_training(ToyTask(), toy_config(epochs=3), unbroken, resume=True)
    assert (unbroken / "checkpoint.pt").read_bytes() == before


def test_ctrl_c_between_steps_keeps_that_step(tmp_path: Path) -> None:
    steps = train(ToyTask(), toy_config(), tmp_path)
    for _ in range(6):
        next(steps)
    with pytest.raises(KeyboardInterrupt):
        steps.throw(KeyboardInterrupt())
    assert load_checkpoint(tmp_path / "checkpoint.pt")["state"]["step"] == 6


def test_finish_returns_the_result(tmp_path: Path) -> None:
    result = finish(train(ToyTask(), toy_config(), tmp_path))
    assert result.model_path == tmp_path / "model.safetensors"
    assert np.isfinite(result.seconds)
