"""The training loop: a generator on accelerate that can stop at every step.

Each step draws its random numbers from (seed, step) and takes a batch that
depends on its number alone. A training that was stopped, killed and resumed
therefore ends with the weights of one that was not.
"""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from napari_maxrf import __version__
from napari_maxrf.errors import TrainingError
from napari_maxrf.progress import Progress, Steps, finish
from napari_maxrf.training._curves import draw_curves
from napari_maxrf.training._engine import Engine
from napari_maxrf.training._log import write_log
from napari_maxrf.training._prefetch import Prefetch, prefetch
from napari_maxrf.training._state import (
    Stop,
    TrainingResult,
    TrainingState,
    load_checkpoint,
    refuse_changes,
    remove_leftovers,
    save_checkpoint,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

    from napari_maxrf.training._config import TrainingConfig
    from napari_maxrf.training._task import Task

SHOW_SECONDS = 0.1
DRAW_SECONDS = 20.0


def train(
    task: Task, config: TrainingConfig, out: Path | str, resume: bool = False
) -> Steps[TrainingResult]:
    """Train `task`, step by step.

    Writes ``checkpoint.pt``, ``log.jsonl``, ``curves.png`` and
    ``model.safetensors`` (best weights so far) into `out`. Closing the generator
    between two steps writes a checkpoint of that very step and the model so far.

    Parameters
    ----------
    task : Task
        What to train; its own model is left as it is.
    config : TrainingConfig
        How to train it.
    out : path-like
        Folder of this training.
    resume : bool
        Go on from the checkpoint in `out`; begin anew if there is none yet.

    Yields
    ------
    Progress
        One record for each step and each validation.

    Returns
    -------
    TrainingResult

    Raises
    ------
    TrainingError
        `out` holds another training, the loss is not a number, or the
        checkpoint cannot be used.
    """
    run = _Run(task, config, Path(out))
    run.begin(resume)
    try:
        stopped = yield from run.steps()
    except (GeneratorExit, KeyboardInterrupt):
        run.interrupted()
        raise
    return run.finished(stopped)


def run_training(
    task: Task, config: TrainingConfig, out: Path | str, resume: bool = False
) -> TrainingResult:
    """Train `task` to the end; see `train`."""
    return finish(train(task, config, out, resume))


class _Run:
    """One training: where it stands, what it keeps, and when it ends."""

    def __init__(self, task: Task, config: TrainingConfig, out: Path) -> None:
        self.task, self.config, self.out = task, config, out
        self.engine = Engine(task, config)
        self.state = TrainingState()
        self.whole = True  # False while a step or an epoch is being closed
        self._resumed_at = self._saved_at = time.monotonic()
        self._shown_at = self._drawn_at = -math.inf
        self._terms: dict[str, Tensor] = {}
        self._shown: dict[str, float] = {}

    # -- beginning, saving and ending -------------------------------------

    @property
    def checkpoint_path(self) -> Path:
        return self.out / "checkpoint.pt"

    @property
    def model_path(self) -> Path:
        return self.out / "model.safetensors"

    def begin(self, resume: bool) -> None:
        """Start anew or from the checkpoint."""
        there = self.checkpoint_path.exists()
        if there and not resume:
            raise TrainingError(
                f"{self.out} already holds a training; resume it, or choose "
                "another folder."
            )
        if self.engine.is_main:
            remove_leftovers(self.checkpoint_path)
        if there:
            self._load()

    def _described(self) -> dict[str, Any]:
        return {
            "task": self.task.description,
            "training": self.config.to_json(),
            "processes": self.engine.processes,
        }

    def _load(self) -> None:
        """Put everything back where the checkpoint left it."""
        content = load_checkpoint(self.checkpoint_path)
        refuse_changes(content["description"], self._described(), self.out)
        self.engine.load_parts(content)
        self.state = TrainingState(**content["state"])
        device = self.engine.device
        self.state.sums = {n: t.to(device) for n, t in self.state.sums.items()}

    def save(self) -> None:
        """Write the checkpoint of this very step."""
        self._saved_at = time.monotonic()
        if not self.engine.is_main:
            return
        self._count_time()
        content = {
            "description": self._described(),
            "state": vars(self.state),
            **self.engine.parts(),
        }
        save_checkpoint(self.checkpoint_path, content)

    def _count_time(self) -> None:
        """Add the time since the last call to the time of this training."""
        now = time.monotonic()
        self.state.seconds += now - self._resumed_at
        self._resumed_at = now

    def interrupted(self) -> None:
        """Keep what was done when the caller stops between two steps."""
        sound = math.isfinite(float(self._terms.get("loss", 0.0)))
        if self.whole and sound and self.state.step > 0:
            self.save()
            self._write_model(self.state.best_weights, self._best_metrics())

    def finished(self, stopped: Stop) -> TrainingResult:
        """Judge the last weights, write the model and report."""
        if not self._between_epochs():
            self.save()
        weights, metrics = self._choose()
        self._write_model(weights, metrics)
        self._draw(force=True)
        return TrainingResult(
            self.model_path,
            stopped,
            self.state.epoch,
            self.state.step,
            self.state.best_epoch,
            metrics,
            self.state.seconds,
            tuple(self.state.history),
        )

    def _between_epochs(self) -> bool:
        return self.state.step == self.state.epoch * self.config.steps_per_epoch

    def _choose(self) -> tuple[dict[str, Tensor] | None, dict[str, float]]:
        """Return the weights to save (None: the averaged ones) and their metrics.

        A training that ran out of time in mid-epoch has averaged weights nobody
        has judged yet; they are, but without a trace in the checkpoint.
        """
        best = self.state.best_weights, self._best_metrics()
        if self._between_epochs():
            return best
        last = self._measure()
        judged = self.state.epoch >= self.task.first_judged_epoch
        if best[0] is None or (judged and self._better(last[self.task.metric])):
            return None, last
        return best

    def _best_metrics(self) -> dict[str, float]:
        """Return the validation values of the weights kept so far."""
        at = self.state.best_epoch
        records = self.state.history
        record = records[-1 if at is None else at] if records else {}
        start = len("val_")
        return {n[start:]: v for n, v in record.items() if n.startswith("val_")}

    def _write_model(
        self, weights: dict[str, Tensor] | None, metrics: dict[str, float]
    ) -> None:
        """Hand the chosen weights to the task, which writes the file."""
        if not self.engine.is_main:
            return
        self._count_time()
        model = self.engine.averaged_model(weights)
        self.task.save(self.model_path, model, self._summary(metrics))

    def _summary(self, metrics: dict[str, float]) -> dict[str, Any]:
        """Return what a model file should say of its training."""
        return {
            "settings": self.config.to_json(),
            "data": self.task.description,
            "metrics": metrics,
            "epochs": self.state.epoch,
            "steps": self.state.step,
            "best_epoch": self.state.best_epoch,
            "seconds": round(self.state.seconds, 1),
            "device": str(self.engine.device),
            "processes": self.engine.processes,
            "torch": torch.__version__,
            "version": __version__,
        }

    # -- the loop ----------------------------------------------------------

    def steps(self) -> Steps[Stop]:
        """Make steps and validations until something ends the training."""
        with prefetch(self.task.batch, self.engine.processes) as batches:
            while True:
                if self.state.step == self._epoch_end():
                    yield from self._show("Validating", self._shown)
                    record = self._end_epoch()
                    yield from self._show("Validated", record)
                stopped = self._stop()
                if stopped is not None:
                    return stopped
                self._step(batches)
                yield from self._show("Training", self._values())
                self._save_by_time()

    def _epoch_end(self) -> int:
        """Return the step at which the present epoch ends."""
        return (self.state.epoch + 1) * self.config.steps_per_epoch

    def _stop(self) -> Stop | None:
        """Say whether the training is over, and why."""
        config, state = self.config, self.state
        if state.epoch >= config.epochs:
            return "epochs"
        if config.early_stop_epochs and state.stale_epochs >= config.early_stop_epochs:
            return "early stop"
        return "time" if config.max_minutes and self._time_is_up() else None

    def _time_is_up(self) -> bool:
        """Say whether the budget is spent; all processes agree on it."""
        self._count_time()
        spent = self.state.seconds >= 60 * self.config.max_minutes
        return self.engine.across(float(spent)) > 0

    def _step(self, batches: Prefetch) -> None:
        """Make one step; the training is whole again when it returns."""
        self.whole = False
        self._terms = self.engine.step(batches, self.state.step, self.state.epoch)
        for name, term in self._terms.items():
            before = self.state.sums.get(name)
            # Added up where they are: reading them off would wait for the device.
            self.state.sums[name] = term.clone() if before is None else before + term
        self.state.step += 1
        self.whole = True

    def _values(self) -> dict[str, float]:
        """Return the numbers of this step, read off the device now and then."""
        now = time.monotonic()
        if now - self._shown_at >= SHOW_SECONDS:
            self._shown_at = now
            self._shown = {name: float(term) for name, term in self._terms.items()}
            self._refuse_unfinite(self._shown["loss"], "loss")
            self._shown["learning_rate"] = self.engine.rate
            self._shown["epoch"] = float(self.state.epoch)
        return self._shown

    def _refuse_unfinite(self, value: float, name: str) -> None:
        """Stop a training that has diverged, before a checkpoint keeps it."""
        if not math.isfinite(value):
            self.whole = False
            raise TrainingError(
                f"The {name} is {value} at step {self.state.step}; lower the "
                f"learning rate ({self.config.learning_rate:g}) and train anew in "
                "another folder."
            )

    def _show(self, stage: str, values: dict[str, Any]) -> Iterator[Progress]:
        """Yield a record, on the main process only."""
        if self.engine.is_main:
            total = self.config.epochs * self.config.steps_per_epoch
            numbers = {n: float(v) for n, v in values.items()}
            epoch = self.state.epoch + (stage != "Validated")
            yield Progress(f"{stage} epoch {epoch}", self.state.step, total, numbers)

    def _save_by_time(self) -> None:
        minutes = (time.monotonic() - self._saved_at) / 60
        if minutes >= self.config.checkpoint_minutes:
            self._refuse_unfinite(float(self._terms["loss"]), "loss")
            self.save()

    # -- the end of an epoch -----------------------------------------------

    def _end_epoch(self) -> dict[str, Any]:
        """Validate, adapt the rate, keep the best, log and save."""
        means = self._epoch_means()
        metrics = self._measure()
        self.whole = False
        judged = self.state.epoch >= self.task.first_judged_epoch
        better = judged and self._judge(metrics[self.task.metric])
        record = self._record(means, metrics)
        self.state.history.append(record)
        self.state.epoch += 1
        self.state.sums = {}
        self.whole = True
        self._write_out(better or self.state.best_weights is None)
        return record

    def _epoch_means(self) -> dict[str, float]:
        """Average the loss terms over the steps and processes of the epoch."""
        steps = self.config.steps_per_epoch
        sums = self.state.sums.items()
        means = {name: self.engine.across(total) / steps for name, total in sums}
        self._refuse_unfinite(means["loss"], "mean loss of the epoch")
        return means

    def _measure(self) -> dict[str, float]:
        """Validate, and make sure of the metric that decides."""
        metrics = self.engine.measure(self.state.epoch)
        if self.task.metric not in metrics:
            raise TrainingError(
                f"The validation gave {', '.join(metrics)}, but no {self.task.metric}."
            )
        self._refuse_unfinite(metrics[self.task.metric], self.task.metric)
        return metrics

    def _better(self, metric: float) -> bool:
        """Tell whether a metric beats the best so far."""
        best = self.state.best_metric
        if best is None:
            return True
        return metric > best if self.task.mode == "max" else metric < best

    def _judge(self, metric: float) -> bool:
        """Step the schedule, keep the weights if they are the best."""
        # Not in the warm-up, whose rate the schedule would take for its own.
        if self.state.step >= self.config.warmup_steps:
            self.engine.plateau.step(metric)
        if not self._better(metric):
            self.state.stale_epochs += 1
            return False
        self.state.best_metric, self.state.best_epoch = metric, self.state.epoch
        self.state.stale_epochs = 0
        self.state.best_weights = self.engine.averaged_weights()
        return True

    def _record(
        self, means: dict[str, float], metrics: dict[str, float]
    ) -> dict[str, Any]:
        """Return the line of the log of this epoch."""
        self._count_time()
        return {
            "epoch": self.state.epoch,
            "step": self.state.step,
            "seconds": round(self.state.seconds, 3),
            "learning_rate": self.engine.rate,
            **{f"train_{name}": value for name, value in means.items()},
            **{f"val_{name}": value for name, value in metrics.items()},
        }

    def _write_out(self, model: bool) -> None:
        """Write checkpoint, log, curves and, if it is worth it, the model."""
        self.save()
        if not self.engine.is_main:
            return
        write_log(self.out / "log.jsonl", self.state.history)
        self._draw()
        if model:
            self._write_model(self.state.best_weights, self._best_metrics())

    def _draw(self, force: bool = False) -> None:
        """Draw the curves, but not more often than is worth it."""
        now = time.monotonic()
        if not self.engine.is_main or not self.state.history:
            return
        if force or now - self._drawn_at >= DRAW_SECONDS:
            self._drawn_at = now
            draw_curves(self.out / "curves.png", self.state.history, self.task.metric)
