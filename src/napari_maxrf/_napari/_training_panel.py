"""The Train tab of either model: settings, progress, live curve, stop and resume.

`TrainingPanel` holds what both trainings have in common; a `Material` says what
to train on, and which steps of the pipeline do it.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from napari_maxrf._napari._chains import train_chain
from napari_maxrf._napari._choosers import FolderRow
from napari_maxrf._napari._forms import add_row, form_layout
from napari_maxrf._napari._loss_plot import LossPlot
from napari_maxrf._napari._plan_form import PlanForm
from napari_maxrf._napari._run_bar import Request, RunBar
from napari_maxrf._napari._section import scrolled, stacked, titled

if TYPE_CHECKING:
    from pathlib import Path

    from napari_maxrf._napari._training_material import Material
    from napari_maxrf._napari._work import Workbench
    from napari_maxrf.pipeline import EmbeddingPlan, RecolouringPlan

OUT_TOOLTIP = (
    "Folder for the model, its log, its curves and the checkpoint from which a\n"
    "stopped training goes on."
)
RESUME_TOOLTIP = (
    "Go on from the checkpoint in the folder above, with the same settings. The\n"
    "result is the same as that of a training that was never stopped."
)


class TrainingPanel(QWidget):
    """Settings of a training, a button to train or stop, and the live curve.

    Parameters
    ----------
    bench : Workbench
        Where the work is done.
    plan : EmbeddingPlan or RecolouringPlan
        The settings to begin with.
    material : Material
        The widget that knows what to train on.
    metric : str
        The value of a validation that decides, and which is drawn ("ms_ssim").
    """

    trained = Signal(object)
    """Path of a model file that is ready for use."""

    def __init__(
        self,
        bench: Workbench,
        plan: EmbeddingPlan | RecolouringPlan,
        material: Material,
        metric: str,
    ) -> None:
        super().__init__()
        self.material = material
        self.plan_form = PlanForm(plan)
        self.plot = LossPlot(metric)
        self._build(bench)

    def _build(self, bench: Workbench) -> None:
        self.out = FolderRow("The folder of the training", "New folder", OUT_TOOLTIP)
        self.resume = QCheckBox("Go on with a stopped training")
        self.resume.setToolTip(RESUME_TOOLTIP)
        self.run_bar = RunBar(
            bench,
            "Train",
            "Train a model. It can be stopped at any time and resumed later.",
            self.request,
            stop_text="Stop",
        )
        saving = form_layout()
        add_row(saving, "Save in", OUT_TOOLTIP, self.out)
        content = QWidget()
        content.setLayout(
            stacked(
                titled("Train on", stacked(self.material, margin=8)),
                titled("Training", stacked(self.plan_form, margin=8)),
                titled("Result", stacked(saving, self.resume, margin=8)),
            )
        )
        content.layout().addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 6, 0, 0)
        layout.addWidget(scrolled(content), 1)
        layout.addWidget(self.plot)
        layout.addWidget(self.run_bar)

    def request(self) -> Request:
        """Return what a press of the button asks for.

        Raises
        ------
        MaxrfError
            Material or folder is missing, or a setting does not fit.
        """
        plan, out = self.plan_form.plan(), self.out.folder
        steps = self.material.make_steps(plan, out, self.resume.isChecked())
        self.plot.start()
        return Request(
            "Train",
            partial(train_chain, steps),
            self._finish,
            heard=self.plot.add,
            cancelled=partial(self._stop, out),
        )

    def _finish(self, model: Path) -> str:
        self.plot.draw()
        self.resume.setChecked(False)
        self.trained.emit(model)
        return f"Trained. The model {model} is chosen under Apply."

    def _stop(self, out: Path) -> str:
        """Say what is kept, and offer the best model so far."""
        self.plot.draw()
        self.resume.setChecked(True)
        model = out / "model.safetensors"
        if not model.exists():
            return "Stopped before the first step; nothing was trained yet."
        self.trained.emit(model)
        return "Stopped. The model so far is chosen under Apply; Train goes on."
