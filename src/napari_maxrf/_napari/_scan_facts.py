"""What is known about a scan, in words: for the Scan dock and for the clipboard."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import (
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from napari_maxrf._napari._reader import NATIVE_SUFFIX
from napari_maxrf._napari._section import Section, note
from napari_maxrf._napari._spectrum_rows import small_button

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_maxrf.cube import EnergyAxis, SpectralCube
    from napari_maxrf.provenance import ProcessStep

HISTORY_HEIGHT = 120
WARNING_COLOUR = "#e3a008"
NOT_RECORDED = "not recorded"
SOURCES = {
    "file": "as the file tells",
    "user": "set by hand",
    "fit": "fitted to the lines of the scan",
    "model": "of the computed scan",
    "assumed": "assumed, since the file tells none",
}
"""Where an energy axis comes from."""


class Fact(NamedTuple):
    """One line about a scan.

    Attributes
    ----------
    title, words : str
        What it is about, and what is to say.
    more : str
        For a tooltip: what has no room in the line.
    """

    title: str
    words: str
    more: str = ""


def facts_about(cube: SpectralCube) -> list[Fact]:
    """Say what a scan is, and what its file tells about it. Reads no counts."""
    return [
        _file(cube),
        Fact("Format", _format(cube)),
        Fact("Size", _size(cube)),
        _energies(cube.energy, cube.metadata),
        Fact("Live time", live_time_words(cube.live_time_s)),
        Fact("Pixel size", _pixel_size(cube.pixel_size_mm)),
        Fact("Detectors", " + ".join(cube.detectors) or NOT_RECORDED),
    ]


def _file(cube: SpectralCube) -> Fact:
    path = cube.metadata.get("file")
    if not isinstance(path, str):
        return Fact("File", "none: this scan was made here")
    return Fact("File", Path(path).name, path)


def _format(cube: SpectralCube) -> str:
    """Name the format of a scan's file; one of ours does not note it as a step."""
    from napari_maxrf.io import FORMATS

    if str(cube.metadata.get("file", "")).lower().endswith(NATIVE_SUFFIX):
        name = NATIVE_SUFFIX[1:]
    elif cube.provenance:
        first = cube.provenance[0]
        name = str(first.parameters.get("format", f"none: made by {first.process}"))
    else:
        name = NOT_RECORDED
    return next((one.label for one in FORMATS if one.name == name), name)


def _size(cube: SpectralCube) -> str:
    height, width, n_channels = cube.shape
    return (
        f"{width} × {height} pixels, {n_channels} channels, {cube.counts.dtype}, "
        f"{size_words(cube.counts.nbytes)}"
    )


def _energies(axis: EnergyAxis, metadata: Mapping[str, Any]) -> Fact:
    low, high = axis.range_kev
    words = f"{low:.2f} to {high:.2f} keV, {SOURCES.get(axis.source, axis.source)}"
    calibration = metadata.get("calibration")
    told = calibration.get("note", "") if isinstance(calibration, dict) else ""
    more = (
        f"Offset {axis.offset_kev * 1000:.1f} eV, gain {axis.gain_kev * 1000:.3f} eV "
        "per channel."
    )
    return Fact("Energies", words, f"{more}\n{told}".strip())


def live_time_words(times: Any) -> str:
    """Say how long pixels were measured; 0 stands for unknown.

    Examples
    --------
    >>> live_time_words(np.array([[0.5, 0.5], [0.0, 0.5]]))
    '0.5 s for each pixel, unknown for 1'
    """
    known = times[times > 0] if times is not None else np.empty(0)
    if not len(known):
        return NOT_RECORDED
    low, high = float(known.min()), float(known.max())
    same = f"{low:.3g}" == f"{high:.3g}"
    words = (
        f"{low:.3g} s for each pixel"
        if same
        else f"{low:.3g} to {high:.3g} s, on average {known.mean():.3g} s"
    )
    n_unknown = times.size - len(known)
    return f"{words}, unknown for {n_unknown}" if n_unknown else words


def _pixel_size(size_mm: tuple[float, float] | None) -> str:
    if size_mm is None:
        return NOT_RECORDED
    height, width = size_mm
    return f"{width:.4g} × {height:.4g} mm"


def size_words(n_bytes: float) -> str:
    """Write a number of bytes.

    Examples
    --------
    >>> size_words(1.24e9), size_words(31e6), size_words(900)
    ('1.2 GB', '31 MB', '1 kB')
    """
    for unit, size in (("GB", 1e9), ("MB", 1e6)):
        if n_bytes >= size:
            value = n_bytes / size
            return f"{value:.1f} {unit}" if value < 10 else f"{value:.0f} {unit}"
    return f"{max(n_bytes / 1e3, 1):.0f} kB"


def warnings_of(cube: SpectralCube) -> list[str]:
    """Return what the reader of a file, or a correction, warned of."""
    return [str(line) for line in cube.metadata.get("warnings", ())]


def step_words(step: ProcessStep) -> str:
    """Write a step of the provenance in one line."""
    told = json.dumps(step.parameters, ensure_ascii=False, default=str)
    return f"{step.process} {told} (napari-maxrf {step.version})"


def facts_text(cube: SpectralCube) -> str:
    """Write all that is known about a scan, for the clipboard."""
    facts = [f"{one.title}: {one.more or one.words}" for one in facts_about(cube)[:1]]
    for one in facts_about(cube)[1:]:
        more = f" ({' '.join(one.more.split())})" if one.more else ""
        facts.append(f"{one.title}: {one.words}{more}")
    warned = [f"Warning: {line}" for line in warnings_of(cube)]
    steps = [
        f"Step {number}: {step_words(step)}"
        for number, step in enumerate(cube.provenance, start=1)
    ]
    return "\n".join([f"Scan: {cube.name}", *facts, *warned, *steps]) + "\n"


class FactsPanel(QWidget):
    """The facts of a scan, its warnings, and the steps that made it."""

    def __init__(self) -> None:
        super().__init__()
        self._cube: SpectralCube | None = None
        self.rows = QFormLayout()
        self.rows.setContentsMargins(0, 0, 0, 0)
        self.rows.setVerticalSpacing(2)
        self.warnings = note()
        self.warnings.setStyleSheet(f"color: {WARNING_COLOUR};")
        self.history = QPlainTextEdit()
        self.history.setReadOnly(True)
        self.history.setFixedHeight(HISTORY_HEIGHT)
        self.history.setToolTip("Each step that led to this scan, with its settings.")
        self.section = Section("History", "What was done to this scan.", self.history)
        self.copy = small_button("Copy", "Copy facts and history as text.")
        self.copy.clicked.connect(self._copy)
        foot = QHBoxLayout()
        foot.addWidget(self.section.button)
        foot.addStretch(1)
        foot.addWidget(self.copy)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(self.rows)
        layout.addWidget(self.warnings)
        layout.addLayout(foot)
        layout.addWidget(self.section)
        self.show_scan(None)

    @property
    def words(self) -> dict[str, str]:
        """What is shown, by title."""
        pairs = (
            (
                self.rows.itemAt(row, QFormLayout.ItemRole.LabelRole).widget(),
                self.rows.itemAt(row, QFormLayout.ItemRole.FieldRole).widget(),
            )
            for row in range(self.rows.rowCount())
        )
        return {title.text(): words.text() for title, words in pairs}

    def show_scan(self, cube: SpectralCube | None) -> None:
        """Show the facts of a scan, or nothing."""
        self._cube = cube
        while self.rows.rowCount():
            self.rows.removeRow(0)
        for fact in facts_about(cube) if cube is not None else ():
            self.rows.addRow(*_labels(fact))
        warned = warnings_of(cube) if cube is not None else []
        self.warnings.setText("\n".join(warned))
        self.warnings.setVisible(bool(warned))
        steps = cube.provenance if cube is not None else ()
        lines = (f"{number} {step_words(one)}" for number, one in enumerate(steps, 1))
        self.history.setPlainText("\n".join(lines))
        for widget in (self.copy, self.section.button):
            widget.setVisible(cube is not None)

    def _copy(self) -> None:
        clipboard = QGuiApplication.clipboard()
        if self._cube is not None and clipboard is not None:
            clipboard.setText(facts_text(self._cube))


def _labels(fact: Fact) -> tuple[QLabel, QLabel]:
    title, words = QLabel(fact.title), note(fact.words)
    words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    for label in (title, words):
        label.setToolTip(fact.more)
    return title, words
