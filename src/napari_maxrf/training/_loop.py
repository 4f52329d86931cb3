"""The training loop: a generator on accelerate that can stop at every step.

Each step draws its random numbers from (seed, step) and takes a batch that
depends on its number alone. A training that was stopped, killed and resumed
therefore ends with the weights of one that was not.
"""

from __future__ import annotations

import copy
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import torch

from napari_maxrf import __version__
from napari_maxrf.errors import TrainingError
from napari_maxrf.progress import Progress, Steps, finish
from napari_maxrf.training._curves import draw_curves
from napari_maxrf.training._log import write_log
from napari_maxrf.training._prefetch import Prefetch, prefetch
from napari_maxrf.training._schedule import (
    average_of,
    make_optimiser,
    make_plateau,
    step_seed,
    warm_up,
)
from napari_maxrf.training._state import (
    TrainingState,
    load_checkpoint,
    refuse_changes,
    remove_leftovers,
    save_checkpoint,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor, nn

    from napari_maxrf.training._config import TrainingConfig
    from napari_maxrf.training._task import Task

Stop = Literal["epochs", "early stop", "time"]
SHOW_SECONDS = 0.1
DRAW_SECONDS = 20.0
VALIDATION = 2**31


@dataclass(frozen=True)
class TrainingResult:
    """What a training came to.

    Attributes
    ----------
    model_path : Path
        The finished model file.
    stopped : str
        What ended it: ``"epochs"``, ``"early stop"`` or ``"time"``.
    epochs, steps : int
        Epochs and steps done in all.
    best_epoch : int or None
        Epoch of the saved weights; None if no epoch could be judged, in which
        case the last weights were saved.
    metrics : dict of str to float
        Validation values of the saved weights.
    seconds : float
        Time of all parts of the training.
    history : tuple of dict
        One record for each epoch, as in ``log.jsonl``.
    """

    model_path: Path
    stopped: Stop
    epochs: int
    steps: int
    best_epoch: int | None
    metrics: dict[str, float]
    seconds: float
    history: tuple[dict[str, Any], ...]


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
    """One training in this process: the parts, and where they stand."""

    def __init__(self, task: Task, config: TrainingConfig, out: Path) -> None:
        from accelerate import Accelerator

        self.task, self.config, self.out = task, config, out
        # Global to the process: made here, so that a later training reuses it.
        self.accelerator = Accelerator()
        model = copy.deepcopy(task.model)
        # Before prepare, which binds autocast to the forward of this object.
        self.average = average_of(model, config.ema_decay)
        self.average.to(self.accelerator.device).eval()
        optimiser = make_optimiser(model, config)
        self.plateau = make_plateau(optimiser, config, task.mode)
        self.model, self.optimiser = self.accelerator.prepare(model, optimiser)
        self.state = TrainingState()
        self.whole = True  # False while a step is being made
        self._resumed_at = self._saved_at = time.monotonic()
        self._shown_at = self._drawn_at = -math.inf
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
        if self.accelerator.is_main_process:
            remove_leftovers(self.checkpoint_path)
        if there:
            self._load()
        self.model.train()

    def _described(self) -> dict[str, Any]:
        processes = self.accelerator.num_processes
        return {
            "task": self.task.description,
            "training": self.config.to_json(),
            "processes": processes,
        }

    def _load(self) -> None:
        """Put everything back where the checkpoint left it."""
        content = load_checkpoint(self.checkpoint_path)
        refuse_changes(content["description"], self._described(), self.out)
        self.accelerator.unwrap_model(self.model).load_state_dict(content["model"])
        self.optimiser.load_state_dict(content["optimiser"])
        self.plateau.load_state_dict(content["plateau"])
        self.average.load_state_dict(content["average"])
        if self.accelerator.scaler is not None and content["scaler"] is not None:
            self.accelerator.scaler.load_state_dict(content["scaler"])
        self.state = TrainingState(**content["state"])
        device = self.accelerator.device
        self.state.sums = {n: t.to(device) for n, t in self.state.sums.items()}

    def save(self) -> None:
        """Write the checkpoint of this very step."""
        self._saved_at = time.monotonic()
        if not self.accelerator.is_main_process:
            return
        self._count_time()
        scaler = self.accelerator.scaler
        content = {
            "description": self._described(),
            "model": self.accelerator.unwrap_model(self.model).state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "plateau": self.plateau.state_dict(),
            "average": self.average.state_dict(),
            "scaler": None if scaler is None else scaler.state_dict(),
            "state": vars(self.state),
        }
        save_checkpoint(self.checkpoint_path, content)

    def _count_time(self) -> None:
        """Add the time since the last call to the time of this training."""
        now = time.monotonic()
        self.state.seconds += now - self._resumed_at
        self._resumed_at = now

    def interrupted(self) -> None:
        """Keep what was done when the caller stops between two steps."""
        if self.whole and self.state.step > 0:
            self.save()
            self._write_model(self.state.best_weights, self._best_metrics())

    def finished(self, stopped: Stop) -> TrainingResult:
        """Judge the last weights, write the model and report."""
        if self.state.step > self.state.epoch * self.config.steps_per_epoch:
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

    def _choose(self) -> tuple[dict[str, Tensor] | None, dict[str, float]]:
        """Return the weights to save (None: the averaged ones) and their metrics.

        A training that ran out of time in mid-epoch has averaged weights nobody
        has judged yet; they are, but without a trace in the checkpoint.
        """
        best = self.state.best_weights, self._best_metrics()
        if self.state.step == self.state.epoch * self.config.steps_per_epoch:
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
        if not self.accelerator.is_main_process:
            return
        self._count_time()
        model: nn.Module = copy.deepcopy(self.average.module)
        if weights is not None:
            model.load_state_dict(weights)
        self.task.save(self.model_path, model.eval(), self._summary(metrics))

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
            "device": str(self.accelerator.device),
            "processes": self.accelerator.num_processes,
            "torch": torch.__version__,
            "version": __version__,
        }

    # -- the loop ----------------------------------------------------------

    def steps(self) -> Steps[Stop]:
        """Make steps and validations until something ends the training."""
        stride = self.accelerator.num_processes
        with prefetch(self.task.batch, stride) as batches:
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
        if self.accelerator.num_processes == 1:
            return spent
        flag = torch.tensor(float(spent), device=self.accelerator.device)
        return float(self.accelerator.reduce(flag, "sum")) > 0

    def _step(self, batches: Prefetch) -> None:
        """Make one step; the training is whole again when it returns."""
        state, accelerator = self.state, self.accelerator
        rank = accelerator.process_index
        batch = batches.take(state.step * accelerator.num_processes + rank)
        batch = tuple(t.to(accelerator.device, non_blocking=True) for t in batch)
        self.whole = False
        torch.manual_seed(step_seed(self.config.seed, state.step, rank))
        warm_up(self.optimiser, state.step, self.config)
        with accelerator.autocast():
            terms = self.task.loss(self.model, batch, state.epoch)
        accelerator.backward(terms["loss"])
        if self.config.gradient_clip:
            accelerator.clip_grad_norm_(
                self.model.parameters(), self.config.gradient_clip
            )
        self.optimiser.step()
        self.optimiser.zero_grad()
        self.average.update_parameters(accelerator.unwrap_model(self.model))
        self._add(terms)
        state.step += 1
        self.whole = True

    def _add(self, terms: dict[str, Tensor]) -> None:
        """Add the terms of a step to the sums of its epoch, without a sync."""
        sums = self.state.sums
        for name, value in terms.items():
            term = value.detach().float()
            sums[name] = sums[name] + term if name in sums else term.clone()
        self._terms = {name: value.detach() for name, value in terms.items()}

    def _values(self) -> dict[str, float]:
        """Return the numbers of this step, read off the device now and then."""
        now = time.monotonic()
        if now - self._shown_at >= SHOW_SECONDS:
            self._shown_at = now
            self._shown = {name: float(term) for name, term in self._terms.items()}
            self._refuse_unfinite(self._shown["loss"], "loss")
            self._shown["learning_rate"] = self._rate()
            self._shown["epoch"] = float(self.state.epoch)
        return self._shown

    def _rate(self) -> float:
        return float(self.optimiser.param_groups[0]["lr"])

    def _refuse_unfinite(self, value: float, name: str) -> None:
        """Stop a training that has diverged, before a checkpoint keeps it."""
        if not math.isfinite(value):
            raise TrainingError(
                f"The {name} is {value} at step {self.state.step}; lower the "
                f"learning rate ({self.config.learning_rate:g}) and train anew in "
                "another folder, or resume if the cause was something else."
            )

    def _show(self, stage: str, values: dict[str, Any]) -> Iterator[Progress]:
        """Yield a record, on the main process only."""
        if self.accelerator.is_main_process:
            total = self.config.epochs * self.config.steps_per_epoch
            numbers = {
                n: float(v) for n, v in values.items() if isinstance(v, int | float)
            }
            title = f"{stage} epoch {self.state.epoch + (stage != 'Validated')}"
            yield Progress(title, self.state.step, total, numbers)

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
        sums = {n: self._across(t) / steps for n, t in self.state.sums.items()}
        self._refuse_unfinite(sums["loss"], "mean loss of the epoch")
        return sums

    def _across(self, value: Tensor | float) -> float:
        """Average a number over the processes, so that all decide alike."""
        if self.accelerator.num_processes == 1:
            return float(value)
        tensor = torch.as_tensor(value, dtype=torch.float32)
        tensor = tensor.to(self.accelerator.device)
        return float(self.accelerator.reduce(tensor, "mean"))

    def _measure(self) -> dict[str, float]:
        """Validate the averaged weights."""
        torch.manual_seed(step_seed(self.config.seed, VALIDATION, self.state.epoch))
        self.average.eval()
        with torch.no_grad():
            metrics = self.task.validate(self.average.module, self.state.epoch)
        metrics = {name: self._across(value) for name, value in metrics.items()}
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
            self.plateau.step(metric)
        if not self._better(metric):
            self.state.stale_epochs += 1
            return False
        self.state.best_metric, self.state.best_epoch = metric, self.state.epoch
        self.state.stale_epochs = 0
        weights = self.average.module.state_dict()
        self.state.best_weights = {
            n: t.detach().cpu().clone() for n, t in weights.items()
        }
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
            "learning_rate": self._rate(),
            **{f"train_{name}": value for name, value in means.items()},
            **{f"val_{name}": value for name, value in metrics.items()},
        }

    def _write_out(self, model: bool) -> None:
        """Write checkpoint, log, curves and, if it is worth it, the model."""
        self.save()
        if not self.accelerator.is_main_process:
            return
        write_log(self.out / "log.jsonl", self.state.history)
        self._draw()
        if model:
            self._write_model(self.state.best_weights, self._best_metrics())

    def _draw(self, force: bool = False) -> None:
        """Draw the curves, but not more often than is worth it."""
        now = time.monotonic()
        if not self.accelerator.is_main_process or not self.state.history:
            return
        if force or now - self._drawn_at >= DRAW_SECONDS:
            self._drawn_at = now
            draw_curves(self.out / "curves.png", self.state.history, self.task.metric)
