"""A form for a plan: the parameters of a training that hold those of its parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QWidget

from napari_maxrf._napari._forms import ConfigForm, add_row, form_layout
from napari_maxrf._napari._palette_book import PaletteBook
from napari_maxrf._napari._palette_chooser import PaletteCombo
from napari_maxrf._napari._section import Section, stacked
from napari_maxrf.config import StepConfig

if TYPE_CHECKING:
    from napari_maxrf.pipeline import EmbeddingPlan, RecolouringPlan

LENGTH = ("epochs", "max_minutes")
PARTS = {
    "training": ("Optimiser", "How the weights are fitted, and how long."),
    "embedding": ("Network", "The network, its latents and its loss."),
    "recolouring": ("Network", "The network and its loss."),
    "synthesis": ("Synthetic scans", "How the pictures become scans."),
}


class PlanForm(QWidget):
    """Widgets for a plan: palette and length in sight, its parts folded.

    Parameters
    ----------
    plan : EmbeddingPlan or RecolouringPlan
        The settings to begin with.
    """

    def __init__(self, plan: EmbeddingPlan | RecolouringPlan) -> None:
        super().__init__()
        self._plan = plan
        self.palette_combo = PaletteCombo(PaletteBook(plan.palette))
        own = [name for name in type(plan).model_fields if name not in self._taken]
        self.form = ConfigForm(plan, (), own, "Pictures")
        self.parts = {name: self._part(name) for name in self._part_names}
        self.length = self.parts["training"]
        self._lay_out()

    @property
    def _part_names(self) -> list[str]:
        return [
            name
            for name in type(self._plan).model_fields
            if isinstance(getattr(self._plan, name), StepConfig)
        ]

    @property
    def _taken(self) -> list[str]:
        """Fields with a widget of their own."""
        return ["palette", *self._part_names]

    def _part(self, name: str) -> ConfigForm:
        start = getattr(self._plan, name)
        if name == "training":
            return ConfigForm(start, LENGTH, more_title=PARTS[name][0])
        return ConfigForm(start, tuple(type(start).model_fields))

    def _lay_out(self) -> None:
        self._palette_row = QWidget()
        add_row(
            form_layout(self._palette_row),
            "Palette",
            self.palette_combo.toolTip(),
            self.palette_combo,
        )
        self._folded = {
            name: Section(*PARTS[name], form)
            for name, form in self.parts.items()
            if name != "training"
        }
        parts = self._palette_row, self.length, self.form, *self._folded.values()
        self.setLayout(stacked(*parts))

    def show_pictures(self, shown: bool) -> None:
        """Show or hide what matters only for a training on pictures."""
        for widget in (self._palette_row, self.form, self._folded["synthesis"]):
            widget.setVisible(shown)

    def plan(self) -> EmbeddingPlan | RecolouringPlan:
        """Return the plan as it is set.

        Raises
        ------
        MaxrfError
            A value is out of bounds or does not go with another.
        """
        parts = {name: form.config() for name, form in self.parts.items()}
        own = self.form.config()
        kept = {
            name: getattr(own, name)
            for name in type(own).model_fields
            if name not in self._taken
        }
        return type(own).checked(palette=self.palette_combo.source, **kept, **parts)
