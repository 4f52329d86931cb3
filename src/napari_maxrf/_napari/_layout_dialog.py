"""Ask what a file does not say of itself: order of axes, size, calibration.

The question comes from the core as an `UnknownLayoutError`, which names the options
it needs and what is likely. The answer is tried at once and shown as a small picture,
since a wrong order of axes looks wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import Qt, QTimer
from qtpy.QtGui import QImage, QPixmap
from qtpy.QtWidgets import QCheckBox, QDialog, QDialogButtonBox, QLabel, QVBoxLayout

from napari_maxrf._napari._forms import ConfigForm
from napari_maxrf._napari._section import note
from napari_maxrf.errors import MaxrfError
from napari_maxrf.io import ReadOptions, open_cube, remember_answers

if TYPE_CHECKING:
    import os

    import numpy.typing as npt
    from qtpy.QtWidgets import QWidget

    from napari_maxrf.io import UnknownLayoutError

CALIBRATION = ("offset_kev", "gain_kev")
PREVIEW_SIDE = 220
PREVIEW_BYTES = 256 * 2**20
"""Scans larger than this are not read for a preview."""
PAUSE_MS = 300


class LayoutDialog(QDialog):
    """A few fields, and how the scan looks with them.

    Parameters
    ----------
    path : path-like
        The file in question.
    question : UnknownLayoutError
        What is to be asked, and what is likely.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        question: UnknownLayoutError,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._path = path
        self.setWindowTitle("How is this file laid out?")
        self._words = note()
        self._words.setText(_words(question))
        more = tuple(name for name in CALIBRATION if name not in question.needs)
        self.form = ConfigForm(question.guess, question.needs, more, "Calibration")
        self.remember = QCheckBox("Remember the answer for files like this")
        self.remember.setToolTip(
            "Files of the same format and header are then opened without asking."
        )
        self.remember.setChecked(True)
        self.preview, self.seen = QLabel(), note()
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.timeout.connect(self._try)
        self._lay_out()
        self.form.changed.connect(lambda: self._pause.start(PAUSE_MS))
        self._try()

    def _lay_out(self) -> None:
        kinds = QDialogButtonBox.StandardButton
        self.buttons = QDialogButtonBox(kinds.Open | kinds.Cancel)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self.preview.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.preview.setMinimumHeight(PREVIEW_SIDE)
        self.preview.setToolTip("Sum of all counts of each pixel, with these answers.")
        layout = QVBoxLayout(self)
        for widget in (self._words, self.form, self.preview, self.seen, self.remember):
            layout.addWidget(widget)
        layout.addWidget(self.buttons)
        self.setMinimumWidth(420)

    @property
    def options(self) -> ReadOptions:
        """The answers as they stand.

        Raises
        ------
        MaxrfError
            An answer is out of bounds.
        """
        return self.form.config()

    def _try(self) -> None:
        """Open the file with the answers and show what comes out."""
        self.preview.clear()
        open_button = self.buttons.button(QDialogButtonBox.StandardButton.Open)
        try:
            cube = open_cube(self._path, options=self.options)
            picture = _preview(cube.counts)
        except MaxrfError as error:
            self.seen.setText(str(error))
            open_button.setEnabled(False)
            return
        open_button.setEnabled(True)
        height, width, channels = cube.shape
        self.seen.setText(f"{width} × {height} pixels, {channels} channels")
        if picture is not None:
            self.preview.setPixmap(picture)


def _words(question: UnknownLayoutError) -> str:
    shape = " × ".join(map(str, question.shape))
    return f"{question}" + (f"\nShape in the file: {shape}." if shape else "")


def _preview(counts: Any) -> QPixmap | None:
    """Return the sum image in grey; None where that would read too much."""
    if counts.nbytes > PREVIEW_BYTES:
        return None
    image = np.asarray(counts.sum(axis=2, dtype=np.float64).compute())
    return _pixmap(np.sqrt(np.maximum(image, 0)))


def _pixmap(image: npt.NDArray[np.float64]) -> QPixmap:
    top = float(image.max()) or 1.0
    grey = np.ascontiguousarray(np.rint(255 * image / top), dtype=np.uint8)
    height, width = grey.shape
    kind = QImage.Format.Format_Grayscale8
    picture = QPixmap.fromImage(QImage(grey.data, width, height, width, kind).copy())
    return picture.scaled(
        PREVIEW_SIDE,
        PREVIEW_SIDE,
        Qt.AspectRatioMode.KeepAspectRatio,
        Qt.TransformationMode.FastTransformation,
    )


def ask_layout(
    path: str | os.PathLike[str],
    question: UnknownLayoutError,
    parent: QWidget | None = None,
) -> ReadOptions | None:
    """Ask the user, and keep the answer if wanted.

    Returns
    -------
    ReadOptions or None
        None if the user does not want to open the file after all.
    """
    dialog = LayoutDialog(path, question, parent)
    try:
        if dialog.exec() != QDialog.DialogCode.Accepted:
            return None
        options = dialog.options
        if dialog.remember.isChecked():
            remember_answers(path, options)
        return options
    finally:
        dialog.deleteLater()
