"""Draw the curves of a training as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_maxrf._files import atomic_path

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from napari_maxrf.training._log import Record


def draw_curves(path: Path, history: Sequence[Record], metric: str) -> None:
    """Draw loss, metric and learning rate over the epochs to a PNG.

    The object interface of matplotlib is used, since pyplot keeps a state that
    must not be touched outside the main thread.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, 3)
    _lines(panels[0], history, ["train_loss", "val_loss"], "Loss")
    _lines(panels[1], history, [f"val_{metric}"], f"Validation {metric}")
    _lines(panels[2], history, ["learning_rate"], "Learning rate")
    panels[2].set_yscale("log")
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=110)


def _lines(axes: Any, history: Sequence[Record], names: list[str], title: str) -> None:
    """Draw the named values that were recorded."""
    for name in names:
        points = [(r["epoch"], r[name]) for r in history if name in r]
        if points:
            axes.plot(*zip(*points, strict=True), marker=".", label=name)
    axes.set_title(title)
    axes.set_xlabel("epoch")
    axes.grid(alpha=0.3)
    if axes.lines:
        axes.legend()
