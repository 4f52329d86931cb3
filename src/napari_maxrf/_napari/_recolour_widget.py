"""The Recolour dock: from an embedding, or a scan, to predicted colours."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from napari_maxrf._napari._chains import Models, Outcome, recolour_chain
from napari_maxrf._napari._choosers import ModelChooser
from napari_maxrf._napari._facts import cube_of, embedded_of
from napari_maxrf._napari._forms import add_row, form_layout
from napari_maxrf._napari._layer_choice import LayerCombo
from napari_maxrf._napari._layers import add_layers
from napari_maxrf._napari._placement import placement_of
from napari_maxrf._napari._run_bar import Request, RunBar
from napari_maxrf._napari._section import DOCK_WIDTH, note, stacked
from napari_maxrf._napari._settings import preferred_device
from napari_maxrf._napari._training_material import RecolouringMaterial
from napari_maxrf._napari._training_panel import TrainingPanel
from napari_maxrf._napari._work import workbench
from napari_maxrf.errors import MaxrfError
from napari_maxrf.pipeline import RecolouringPlan

if TYPE_CHECKING:
    from pathlib import Path

    import napari
    from napari.layers import Layer

    from napari_maxrf.cube import SpectralCube
    from napari_maxrf.embedding import EmbeddedImage

FROM_EMBEDDING = (
    "The colours are predicted from the latents of this layer. It must come from "
    "the embedding model that the recolouring model was trained with."
)
FROM_CUBE = "The scan is embedded first, then its colours are predicted."


class RecolourWidget(QWidget):
    """Apply a recolouring model to an embedding or a scan, or train one.

    Parameters
    ----------
    viewer : ViewerModel
        Whose layers are used, and where the results are added.
    """

    def __init__(self, viewer: napari.viewer.ViewerModel) -> None:
        super().__init__()
        self._viewer = viewer
        self._bench = workbench(viewer)
        self.training = TrainingPanel(
            self._bench, RecolouringPlan(), RecolouringMaterial(), "ms_ssim"
        )
        self.training.trained.connect(self._take_model)
        self.tabs = QTabWidget()
        self.tabs.addTab(self._apply_tab(), "Apply")
        self.tabs.setTabToolTip(0, "Recolour with models that are there.")
        self.tabs.addTab(self.training, "Train")
        self.tabs.setTabToolTip(1, "Train a model of your own.")
        self.setMinimumWidth(DOCK_WIDTH)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addWidget(self.tabs)
        self.source.chosen.connect(self._describe)
        self._describe()

    def _apply_tab(self) -> QWidget:
        self.source = LayerCombo(
            self._viewer,
            is_recolourable,
            "Embed a scan first",
            "What to recolour: a false-colour embedding, or a cube, which is\n"
            "embedded first.",
        )
        self.embedding = ModelChooser("embedding")
        self.model = ModelChooser("recolouring")
        self.info = note()
        self.run_bar = RunBar(
            self._bench,
            "Recolour",
            "Predict the colours of the painting and lay them over the scan.",
            self.request,
        )
        rows = form_layout()
        add_row(rows, "Scan", self.source.toolTip(), self.source)
        add_row(rows, "Embedding", self.embedding.combo.toolTip(), self.embedding)
        add_row(rows, "Recolouring", self.model.combo.toolTip(), self.model)
        tab = QWidget()
        tab.setLayout(stacked(rows, self.info, self.run_bar, margin=8))
        tab.layout().addStretch(1)
        return tab

    def request(self) -> Request:
        """Return what a press of the button asks for.

        Raises
        ------
        MaxrfError
            There is nothing to recolour.
        """
        layer = self.source.layer
        source = _source_of(layer) if layer is not None else None
        if layer is None or source is None:
            raise MaxrfError("There is nothing to recolour. Embed a scan first.")
        models = Models(self.embedding.path, self.model.path, preferred_device())
        steps = partial(recolour_chain, source, models, placement_of(layer))
        return Request("Recolour", steps, self._show)

    def _show(self, outcome: Outcome) -> str:
        add_layers(self._viewer, outcome.layers)
        return outcome.words

    def _take_model(self, path: Path) -> None:
        self.model.choose(path)
        self.embedding.choose(self.training.material.embedding.path)

    def _describe(self) -> None:
        layer = self.source.layer
        cube = cube_of(layer) if layer is not None else None
        self.embedding.setEnabled(cube is not None)
        words = FROM_CUBE if cube is not None else FROM_EMBEDDING
        self.info.setText(words if layer is not None else "")
        self.run_bar.hinder("" if layer is not None else "Embed a scan first.")


def is_recolourable(layer: Layer) -> bool:
    """Tell whether `layer` is an embedding or a cube."""
    return _source_of(layer) is not None


def _source_of(layer: Layer) -> EmbeddedImage | SpectralCube | None:
    embedded = embedded_of(layer)
    return embedded if embedded is not None else cube_of(layer)
