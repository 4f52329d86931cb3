"""The Embedding dock: from a scan to three latents in false colours."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from napari_maxrf._napari._chains import Models, Outcome, embed_chain
from napari_maxrf._napari._choosers import ModelChooser
from napari_maxrf._napari._facts import cube_of
from napari_maxrf._napari._forms import add_row, form_layout
from napari_maxrf._napari._layer_choice import LayerCombo
from napari_maxrf._napari._layers import add_layers
from napari_maxrf._napari._placement import placement_of
from napari_maxrf._napari._run_bar import Request, RunBar
from napari_maxrf._napari._section import DOCK_WIDTH, note, stacked
from napari_maxrf._napari._settings import preferred_device
from napari_maxrf._napari._training_material import EmbeddingMaterial
from napari_maxrf._napari._training_panel import TrainingPanel
from napari_maxrf._napari._work import workbench
from napari_maxrf.errors import MaxrfError
from napari_maxrf.pipeline import EmbeddingPlan

if TYPE_CHECKING:
    from pathlib import Path

    import napari
    from napari.layers import Layer

    from napari_maxrf.cube import SpectralCube


class EmbeddingWidget(QWidget):
    """Apply an embedding model to a scan, or train one.

    Parameters
    ----------
    viewer : ViewerModel
        Whose layers are used, and where the results are added.
    """

    def __init__(self, viewer: napari.viewer.ViewerModel) -> None:
        super().__init__()
        self._viewer = viewer
        self._bench = workbench(viewer)
        material = EmbeddingMaterial(viewer)
        self.training = TrainingPanel(self._bench, EmbeddingPlan(), material, "loss")
        material.from_pictures.connect(self.training.plan_form.show_pictures)
        self.training.trained.connect(self._take_model)
        self.tabs = QTabWidget()
        self.tabs.addTab(self._apply_tab(), "Apply")
        self.tabs.setTabToolTip(0, "Embed a scan with a model that is there.")
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
            is_cube,
            "Open or synthesise a scan first",
            "The scan to embed: any open cube layer.",
        )
        self.info = note()
        self.model = ModelChooser("embedding")
        self.run_bar = RunBar(
            self._bench,
            "Embed",
            "Reduce every spectrum to three latents and show them as colours.",
            self.request,
        )
        rows = form_layout()
        add_row(rows, "Scan", self.source.toolTip(), self.source)
        add_row(rows, "Model", self.model.combo.toolTip(), self.model)
        tab = QWidget()
        tab.setLayout(stacked(rows, self.info, self.run_bar, margin=8))
        tab.layout().addStretch(1)
        return tab

    def request(self) -> Request:
        """Return what a press of the button asks for.

        Raises
        ------
        MaxrfError
            There is no scan.
        """
        layer = self.source.layer
        cube = cube_of(layer) if layer is not None else None
        if layer is None or cube is None:
            raise MaxrfError("There is no scan. Open or synthesise one first.")
        models = Models(embedding=self.model.path, device=preferred_device())
        steps = partial(embed_chain, cube, models, placement_of(layer))
        return Request("Embed", steps, self._show)

    def _show(self, outcome: Outcome) -> str:
        add_layers(self._viewer, outcome.layers)
        return outcome.words

    def _take_model(self, path: Path) -> None:
        self.model.choose(path)

    def _describe(self) -> None:
        layer = self.source.layer
        cube = cube_of(layer) if layer is not None else None
        self.info.setText(cube_words(cube) if cube is not None else "")
        self.run_bar.hinder("" if cube else "Open or synthesise a scan first.")


def is_cube(layer: Layer) -> bool:
    """Tell whether `layer` shows a cube."""
    return cube_of(layer) is not None


def cube_words(cube: SpectralCube) -> str:
    """Say how large a cube is and which energies it covers."""
    height, width, channels = cube.shape
    low, high = cube.energy.range_kev
    return (
        f"{width} × {height} pixels, {channels} channels from {low:.1f} to "
        f"{high:.1f} keV"
    )
