"""A form made from the parameters of a step.

`ConfigForm` shows some fields of a frozen pydantic model at once and the rest
under "More", and reads them back as a checked model. A value that does not fit
is explained in one line below the fields.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QFormLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from napari_maxrf._napari._fields import Field, field_widget
from napari_maxrf._napari._section import ERROR_COLOUR, Section, note
from napari_maxrf.config import StepConfig
from napari_maxrf.errors import MaxrfError

if TYPE_CHECKING:
    from collections.abc import Sequence

FIELD_LABEL, CHOICE_LABEL = 148, 80
"""Least widths of labels before numbers, and before lists and folders."""

Config = TypeVar("Config", bound=StepConfig)


class ConfigForm(QWidget, Generic[Config]):
    """Widgets for the fields of a step's parameters.

    Parameters
    ----------
    start : StepConfig
        The parameters to begin with; usually the model's defaults.
    shown : sequence of str
        Fields in sight, in this order.
    more : sequence of str, optional
        Fields under "More"; all others if not given.
    more_title : str
        What the folded part is called.
    """

    changed = Signal()

    def __init__(
        self,
        start: Config,
        shown: Sequence[str],
        more: Sequence[str] | None = None,
        more_title: str = "More settings",
    ) -> None:
        super().__init__()
        self._start = start
        self._model = type(start)
        hidden = self._others(shown) if more is None else tuple(more)
        self.fields = {name: self._field(name) for name in (*shown, *hidden)}
        self._trouble = note()
        self._trouble.setStyleSheet(f"color: {ERROR_COLOUR};")
        self._trouble.hide()
        self._lay_out(shown, hidden, more_title)

    def _others(self, shown: Sequence[str]) -> tuple[str, ...]:
        return tuple(
            name
            for name in self._model.model_fields
            if name not in shown
            and not isinstance(getattr(self._start, name), StepConfig)
        )

    def _field(self, name: str) -> Field:
        field = field_widget(self._model, name, getattr(self._start, name))
        field.widget.changed.connect(self._check)
        return field

    def _lay_out(
        self, shown: Sequence[str], hidden: Sequence[str], more_title: str
    ) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        if shown:
            layout.addWidget(_rows([self.fields[name] for name in shown]))
        if hidden:
            rows = _rows([self.fields[name] for name in hidden])
            hint = "Settings that seldom need a change."
            self.more = Section(more_title, hint, rows)
            layout.addWidget(self.more)
        layout.addWidget(self._trouble)

    def config(self) -> Config:
        """Return the parameters as they are set.

        Raises
        ------
        MaxrfError
            A value is out of bounds or does not go with another.
        """
        set_here = {name: field.read() for name, field in self.fields.items()}
        kept = {name: getattr(self._start, name) for name in self._model.model_fields}
        return self._model.checked(**(kept | set_here))

    def show_config(self, config: Config) -> None:
        """Show other parameters of the same kind."""
        self._start = config
        for name, field in self.fields.items():
            field.set(getattr(config, name))

    @property
    def trouble(self) -> str:
        """What is wrong with the values, or nothing."""
        try:
            self.config()
        except MaxrfError as error:
            return str(error)
        return ""

    def _check(self) -> None:
        trouble = self.trouble
        self._trouble.setText(trouble)
        self._trouble.setVisible(bool(trouble))
        self.changed.emit()


def _rows(fields: Sequence[Field]) -> QWidget:
    """Put a label, with its unit, before each widget."""
    rows = QWidget()
    layout = form_layout(rows)
    for field in fields:
        native = field.widget.native
        add_row(layout, field.label, field.tooltip, native, FIELD_LABEL)
    return rows


def form_layout(parent: QWidget | None = None) -> QFormLayout:
    """Return a layout of labelled rows that fits a narrow dock."""
    layout = QFormLayout(parent) if parent is not None else QFormLayout()
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setHorizontalSpacing(8)
    layout.setVerticalSpacing(4)
    layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    layout.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
    return layout


def add_row(
    layout: QFormLayout,
    label: str,
    tooltip: str,
    widget: QWidget,
    label_width: int = CHOICE_LABEL,
) -> None:
    """Add a labelled row; label and widget explain themselves alike."""
    words = QLabel(label)
    words.setToolTip(tooltip)
    words.setWordWrap(True)
    words.setMinimumWidth(label_width)
    widget.setToolTip(tooltip)
    widget.setMinimumWidth(80)
    policy = widget.sizePolicy()
    widget.setSizePolicy(QSizePolicy.Policy.Expanding, policy.verticalPolicy())
    layout.addRow(words, widget)
