"""What a training learns from: the part in which the two trainings differ."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QWidget

from napari_maxrf._napari._chains import Models, load_embedder_steps
from napari_maxrf._napari._choosers import FolderRow, ModelChooser
from napari_maxrf._napari._facts import cube_of
from napari_maxrf._napari._forms import add_row, form_layout
from napari_maxrf._napari._layer_choice import LayerTicks
from napari_maxrf._napari._section import stacked
from napari_maxrf._napari._settings import preferred_device
from napari_maxrf.errors import MaxrfError

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from napari.components import ViewerModel
    from napari.layers import Layer

    from napari_maxrf._napari._work import MakeSteps
    from napari_maxrf.cube import SpectralCube
    from napari_maxrf.pipeline import EmbeddingPlan, RecolouringPlan
    from napari_maxrf.progress import Steps

PICTURES = "Folder of pictures"
SCANS = "Open scans"


class Material(Protocol):
    """A widget that knows what to train on and how."""

    def make_steps(self, plan: Any, out: Path, resume: bool) -> MakeSteps:
        """Return what makes the steps of the training.

        Raises
        ------
        MaxrfError
            There is nothing to train on.
        """


class EmbeddingMaterial(QWidget):
    """Train an embedding on a folder of pictures, or on open scans.

    Parameters
    ----------
    viewer : ViewerModel
        Whose scans can be trained on.
    """

    from_pictures = Signal(bool)
    """Whether pictures are learnt from, so that palette and the like matter."""

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        self.kind = QComboBox()
        self.kind.addItems([PICTURES, SCANS])
        self.kind.setToolTip(
            "Learn from synthetic scans of pictures, or from the spectra of scans\n"
            "that are open."
        )
        self.pictures = pictures_row()
        self.scans = LayerTicks(
            viewer, _is_cube, "Scans whose spectra are learnt from."
        )
        self.setLayout(stacked(self.kind, self.pictures, self.scans))
        self.kind.currentTextChanged.connect(self._show_kind)
        self._show_kind(self.kind.currentText())

    def _show_kind(self, kind: str) -> None:
        self.pictures.setVisible(kind == PICTURES)
        self.scans.setVisible(kind == SCANS)
        self.from_pictures.emit(kind == PICTURES)

    def sources(self) -> Path | list[SpectralCube]:
        """Return the folder, or the ticked scans.

        Raises
        ------
        MaxrfError
            Nothing was chosen.
        """
        if self.kind.currentText() == PICTURES:
            return self.pictures.folder
        cubes = [cube_of(layer) for layer in self.scans.layers]
        if not cubes:
            raise MaxrfError("No scan is ticked. Open one and tick it.")
        return [cube for cube in cubes if cube is not None]

    def make_steps(self, plan: EmbeddingPlan, out: Path, resume: bool) -> MakeSteps:
        """Return what makes the steps that train the embedding."""
        from napari_maxrf.pipeline import train_embedding_steps

        return partial(train_embedding_steps, self.sources(), out, plan, resume=resume)


class RecolouringMaterial(QWidget):
    """Train a recolouring network on a folder of pictures."""

    def __init__(self) -> None:
        super().__init__()
        self.pictures = pictures_row()
        self.embedding = ModelChooser("embedding")
        rows = form_layout(self)
        add_row(rows, "Pictures", self.pictures.edit.toolTip(), self.pictures)
        add_row(rows, "Embedding", self.embedding.combo.toolTip(), self.embedding)

    def make_steps(self, plan: RecolouringPlan, out: Path, resume: bool) -> MakeSteps:
        """Return what loads the embedding and makes the steps of the training."""
        models = Models(embedding=self.embedding.path, device=preferred_device())
        return partial(
            train_recolouring_chain, self.pictures.folder, out, plan, models, resume
        )


def train_recolouring_chain(
    pictures: Path, out: Path, plan: RecolouringPlan, models: Models, resume: bool
) -> Steps[Path]:
    """Load the embedding and train the recolouring on its latents."""
    from napari_maxrf.pipeline import train_recolouring_steps

    embedder = yield from load_embedder_steps(models)
    steps = train_recolouring_steps(
        pictures, out, plan, embedder=embedder, resume=resume
    )
    return (yield from steps)


def pictures_row() -> FolderRow:
    """Return the row in which a folder of pictures is chosen."""
    return FolderRow(
        "The folder of pictures",
        "Folder of pictures",
        "Folder of pictures of paintings, with its subfolders. Synthetic scans\n"
        "are made of them with the palette below.",
    )


def _is_cube(layer: Layer) -> bool:
    return cube_of(layer) is not None
