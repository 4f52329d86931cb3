"""Choose a model or a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QWidget,
)

from napari_maxrf._napari._layer_choice import narrow
from napari_maxrf.errors import MaxrfError

ModelKind = Literal["embedding", "recolouring"]


class ModelChooser(QWidget):
    """The default model, or one from a file.

    Parameters
    ----------
    kind : str
        What kind of model; for the words.
    """

    chosen = Signal()

    def __init__(self, kind: ModelKind) -> None:
        super().__init__()
        self._kind = kind
        self.combo = QComboBox()
        narrow(self.combo)
        self.combo.setToolTip(
            f"Which {kind} model is applied. The default one comes with the\n"
            "package; models that you train here are added to the list."
        )
        self.combo.addItem("Default", None)
        self.combo.currentIndexChanged.connect(self.chosen)
        self.button = QPushButton("Load…")
        self.button.setToolTip(f"Load another {kind} model (.safetensors file).")
        self.button.clicked.connect(self._ask)
        _side_by_side(self, self.combo, self.button)

    @property
    def path(self) -> Path | None:
        """The model file, or None for the default model."""
        return self.combo.currentData()

    def choose(self, path: Path | None) -> None:
        """Offer the model of a file, or the default one, and choose it."""
        if path is None:
            self.combo.setCurrentIndex(0)
            return
        index = self.combo.findData(path)
        if index < 0:
            self.combo.addItem(_short(path), path)
            index = self.combo.count() - 1
        self.combo.setItemData(index, str(path), Qt.ItemDataRole.ToolTipRole)
        self.combo.setCurrentIndex(index)

    def _ask(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self, f"Load {self._kind} model", "", "Models (*.safetensors)"
        )
        if path:
            self.choose(Path(path))


class FolderRow(QWidget):
    """A folder, typed or picked."""

    changed = Signal()

    def __init__(self, title: str, hint: str, tooltip: str) -> None:
        super().__init__()
        self._title = title
        self.edit = QLineEdit()
        self.edit.setPlaceholderText(hint)
        self.edit.setToolTip(tooltip)
        self.edit.textChanged.connect(self.changed)
        button = QPushButton("…")
        button.setToolTip(tooltip)
        button.setFixedWidth(34)
        button.clicked.connect(self._ask)
        _side_by_side(self, self.edit, button)

    @property
    def folder(self) -> Path:
        """The folder.

        Raises
        ------
        MaxrfError
            None was given.
        """
        text = self.edit.text().strip()
        if not text:
            raise MaxrfError(f"{self._title} is empty. Choose a folder.")
        return Path(text).expanduser()

    def set(self, folder: Path) -> None:
        """Show `folder`."""
        self.edit.setText(str(folder))

    def _ask(self) -> None:
        path = QFileDialog.getExistingDirectory(self, self._title, self.edit.text())
        if path:
            self.edit.setText(path)


def _short(path: Path) -> str:
    """Name a trained model by its folder, since all trained ones are alike."""
    alike = path.stem == "model" and path.parent.name
    return path.parent.name if alike else path.stem


def _side_by_side(parent: QWidget, wide: QWidget, small: QWidget) -> None:
    layout = QHBoxLayout(parent)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(wide, 1)
    layout.addWidget(small)
