"""The Compare dock: two pictures by curtain, side by side, or as a difference.

The dock only chooses: `Curtain` and `SideBySide` show, `difference_work`
computes. No comparison outlives the dock or one of its layers, and none
touches them.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QFormLayout,
    QHBoxLayout,
    QPushButton,
    QRadioButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from napari_maxrf._napari._background import start_job
from napari_maxrf._napari._colour_bar import ColourBar
from napari_maxrf._napari._curtain import Comparison, Curtain, SideBySide
from napari_maxrf._napari._difference import difference_work
from napari_maxrf._napari._layer_choice import LayerCombo, LayerWatch
from napari_maxrf._napari._layers import LayerData, add_layers
from napari_maxrf._napari._plane import is_plane, is_rgb_plane
from napari_maxrf._napari._section import note, titled

if TYPE_CHECKING:
    from collections.abc import Iterator

    import napari
    from qtpy.QtGui import QHideEvent, QShowEvent

Mode = Literal["off", "curtain", "side by side"]
SLIDER_STEPS = 1000

MODES: dict[Mode, tuple[str, str]] = {
    "off": ("Off", "Show the layers as they are."),
    "curtain": (
        "Curtain",
        "Draw the left picture over the right one up to a line that you move.",
    ),
    "side by side": (
        "Side by side",
        "Show both pictures in two views that move together.",
    ),
}


class CompareWidget(QWidget):
    """Compare two flat layers of a viewer.

    Parameters
    ----------
    viewer : ViewerModel
        Whose layers to compare.
    """

    def __init__(self, viewer: napari.viewer.ViewerModel) -> None:
        super().__init__()
        self._viewer = viewer
        self._comparison: Comparison | None = None
        self._deaf = False
        self._mode_before_hiding: Mode | None = None
        self._build_choice()
        self._build_modes()
        self._build_curtain()
        self._build_difference()
        self._arrange()
        self._watch = LayerWatch(viewer, self, self._follow_layers)
        self._follow_choice()

    @property
    def mode(self) -> Mode:
        """How the two pictures are shown now."""
        return next(mode for mode, button in self.buttons.items() if button.isChecked())

    def show_as(self, mode: Mode) -> None:
        """Show the chosen pictures in another way."""
        self.buttons[mode].setChecked(True)

    def swap(self) -> None:
        """Exchange left and right."""
        left, right = self.left.layer, self.right.layer
        with self._unheard():
            self.left.choose(right)
            self.right.choose(left)
        self._follow_choice()

    def map_difference(self) -> None:
        """Add the map of colour differences, when it is computed."""
        self.difference_button.setEnabled(False)
        self.difference_result.setText("Comparing colours…")
        job = start_job(
            "Colour difference",
            difference_work(self.left.layer, self.right.layer),
            self._add_difference,
            self,
        )
        job.failed.connect(self.difference_result.setText)
        job.ended.connect(self._follow_choice)

    def hideEvent(self, event: QHideEvent | None) -> None:
        """Take the helper layers away while the dock is hidden (called by Qt)."""
        if event is None or not event.spontaneous():
            self._mode_before_hiding = self.mode
            self.show_as("off")
        super().hideEvent(event)

    def showEvent(self, event: QShowEvent | None) -> None:
        """Go on as before the dock was hidden (called by Qt)."""
        super().showEvent(event)
        mode, self._mode_before_hiding = self._mode_before_hiding, None
        if mode is not None and self._ready():
            self.show_as(mode)

    def _build_choice(self) -> None:
        nothing = "No flat image is open"
        self.left = LayerCombo(
            self._viewer, is_plane, nothing, "Picture on the left, or above."
        )
        self.right = LayerCombo(
            self._viewer, is_plane, nothing, "Picture on the right, or below."
        )
        self.swap_button = QPushButton("Swap")
        self.swap_button.setToolTip("Exchange the two pictures.")
        self.swap_button.clicked.connect(self.swap)
        for combo in (self.left, self.right):
            combo.chosen.connect(self._follow_choice)

    def _build_modes(self) -> None:
        self.buttons: dict[Mode, QRadioButton] = {}
        self._group = QButtonGroup(self)
        for mode, (text, tooltip) in MODES.items():
            button = QRadioButton(text)
            button.setToolTip(tooltip)
            self._group.addButton(button)
            self.buttons[mode] = button
        self.buttons["off"].setChecked(True)
        self._group.buttonToggled.connect(lambda _, on: on and self._restart())

    def _build_curtain(self) -> None:
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, SLIDER_STEPS)
        self.slider.setValue(SLIDER_STEPS // 2)
        self.slider.setToolTip("Where the curtain's line stands, in % of the picture.")
        self.slider.valueChanged.connect(self._draw_curtain)
        self.level = QCheckBox("Level")
        self.level.setToolTip("Let the line lie level and move up and down.")
        self.level.toggled.connect(self._draw_curtain)

    def _build_difference(self) -> None:
        self.difference_button = QPushButton("Map colour differences")
        self.difference_button.setToolTip(
            "Compute CIEDE2000 for every pixel (ISO/CIE 11664-6) and add it as a\n"
            "layer over the left picture. About 1 is just visible, 10 is another "
            "colour."
        )
        self.difference_button.clicked.connect(self.map_difference)
        self.difference_result = note()
        self.colour_bar = ColourBar()
        self.colour_bar.setVisible(False)
        self.colour_bar.setToolTip("Colours of the difference map, in CIEDE2000.")

    def _arrange(self) -> None:
        form = QFormLayout()
        form.addRow("Left", self.left)
        form.addRow("Right", self.right)
        form.addRow("", self.swap_button)
        modes = QHBoxLayout()
        for button in self.buttons.values():
            modes.addWidget(button)
        modes.addStretch()
        line = QHBoxLayout()
        line.addWidget(self.slider, 1)
        line.addWidget(self.level)
        view = QVBoxLayout()
        view.addLayout(modes)
        view.addLayout(line)
        difference = QVBoxLayout()
        for widget in (self.difference_button, self.colour_bar, self.difference_result):
            difference.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(titled("View", view))
        layout.addWidget(titled("Difference", difference))
        layout.addStretch()

    def _ready(self) -> bool:
        left, right = self.left.layer, self.right.layer
        return left is not None and right is not None and left is not right

    def _follow_choice(self) -> None:
        """Enable what the chosen layers allow, and show them if asked to."""
        if self._deaf:
            return
        self._choose_two()
        ready = self._ready()
        if not ready:
            self.show_as("off")
        for mode, button in self.buttons.items():
            button.setEnabled(ready or mode == "off")
        self.swap_button.setEnabled(ready)
        colours = ready and all(map(is_rgb_plane, (self.left.layer, self.right.layer)))
        self.difference_button.setEnabled(colours)
        self._restart()

    def _restart(self) -> None:
        """Show the chosen layers in the chosen way, afresh."""
        with self._unheard():
            if self._comparison is not None:
                self._comparison.stop()
            self._comparison = self._compare()
        for widget in (self.slider, self.level):
            widget.setEnabled(self.mode == "curtain")
        self._draw_curtain()

    def _compare(self) -> Comparison | None:
        if self.mode == "off":
            return None
        kind = Curtain if self.mode == "curtain" else SideBySide
        return kind(self._viewer, self.left.layer, self.right.layer)

    @contextmanager
    def _unheard(self) -> Iterator[None]:
        """Let layers and choices change without answering to it."""
        before, self._deaf = self._deaf, True
        try:
            yield
        finally:
            self._deaf = before

    def _draw_curtain(self) -> None:
        if isinstance(self._comparison, Curtain):
            fraction = self.slider.value() / SLIDER_STEPS
            self._comparison.draw(fraction, upright=not self.level.isChecked())

    def _follow_layers(self) -> None:
        """End a comparison that lost a helper, or that a new layer covers."""
        if self._deaf:
            return
        comparison = self._comparison
        if comparison and tuple(self._viewer.layers[-2:]) != comparison.helpers:
            self.show_as("off")
        for combo in (self.left, self.right):
            combo.refresh()
        self._choose_two()

    def _choose_two(self) -> None:
        """Choose another layer on one side where both show the same.

        The lower one goes left, since results lie over what they come from.
        """
        layers = self._viewer.layers
        same = self.right.layer
        others = [one for one in layers if is_plane(one) and one is not same]
        if self.left.layer is not same or not others:
            return
        other = max(others, key=is_rgb_plane)
        above = layers.index(other) > layers.index(same)
        (self.right if above else self.left).choose(other)

    def _add_difference(self, layer: LayerData) -> None:
        (added,) = add_layers(self._viewer, [layer])
        self.colour_bar.show_scale(added.colormap, added.contrast_limits)
        self.colour_bar.setVisible(True)
        self.difference_result.setText(_summary(layer[0]))


def _summary(difference: np.ndarray) -> str:
    """Say in one line how different the pictures are."""
    mean, median, high = (
        np.nanmean(difference),
        np.nanmedian(difference),
        np.nanpercentile(difference, 95),
    )
    return (
        f"Mean ΔE₀₀ {mean:.2f}; half of the pixels below {median:.2f}, "
        f"95 % below {high:.2f}."
    )
