"""Turn the fields of a step's parameters into magicgui widgets.

The pydantic model is the only place where a default, a bound, a unit or a word
of explanation stands; this module reads them off it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from magicgui.widgets import CheckBox, ComboBox, FloatSpinBox, LineEdit, SpinBox

if TYPE_CHECKING:
    from collections.abc import Callable

    from magicgui.widgets.bases import ValueWidget
    from pydantic.fields import FieldInfo

    from napari_maxrf.config import StepConfig

_NOT_SAID = "as the file says"
_AXES = {"y": "rows", "x": "columns", "e": "energy"}

LARGEST_INT = 2**31 - 1
LARGEST_FLOAT = 1e9
SMALL = 0.01


@dataclass(frozen=True)
class Field:
    """One parameter of a step and the widget that shows it.

    Attributes
    ----------
    name, label, tooltip : str
        Its name in the model, what stands beside the widget, and what a
        pointer resting on it shows.
    widget : magicgui widget
        Where the user sets it.
    read : callable
        Returns what the user set, as the model wants it.
    """

    name: str
    label: str
    tooltip: str
    widget: ValueWidget
    read: Callable[[], Any]

    def set(self, value: Any) -> None:
        """Show `value`."""
        self.widget.value = _as_text(value) if _is_text(self.widget) else value


def field_widget(model: type[StepConfig], name: str, value: Any) -> Field:
    """Make the widget of a field of `model`, showing `value`.

    Numbers become spin boxes with the field's bounds, a `Literal` a list to
    choose from, a boolean a tick, and a tuple of numbers or a very small number
    a line of text.
    """
    info = model.model_fields[name]
    tooltip = _tooltip(info)
    kind = _kind(info.annotation, value)
    widget = _MAKERS[kind](info, value)
    widget.tooltip = tooltip
    read = partial(_READERS.get(kind, _value), widget)
    return Field(name, _label(name, info), tooltip, widget, read)


def _kind(annotation: Any, value: Any) -> str:
    if type(None) in get_args(annotation):
        said = _said(annotation)
        return "maybe choice" if said is bool or _is_choice(said) else "maybe text"
    if get_origin(annotation) is Literal:
        return "choice"
    if get_origin(annotation) is tuple:
        return "tuple"
    if annotation is float and 0 < abs(value) < SMALL:
        return "text"  # a spin box would show nothing but noughts
    return {bool: "tick", int: "int", float: "float"}.get(annotation, "text")


def _said(annotation: Any) -> Any:
    """Return the type of a field that may be left unsaid, without None."""
    return next(kind for kind in get_args(annotation) if kind is not type(None))


def _is_choice(annotation: Any) -> bool:
    return get_origin(annotation) is Literal


def _label(name: str, info: FieldInfo) -> str:
    title = info.title or name.replace("_", " ").capitalize()
    unit = unit_of(info)
    said = not unit or unit in title.lower()
    return title if said else f"{title} ({unit})"


def unit_of(info: FieldInfo) -> str:
    """Return the unit of a field, empty if it has none."""
    extra = info.json_schema_extra
    return str(extra.get("unit", "")) if isinstance(extra, dict) else ""


def _tooltip(info: FieldInfo) -> str:
    unit, words = unit_of(info), info.description or ""
    parts = [words, f"Unit: {unit}." if unit else "", f"Default: {_default(info)}."]
    return "\n".join(part for part in parts if part)


def _default(info: FieldInfo) -> str:
    default = info.get_default(call_default_factory=True)
    return _as_text(default)


def _bound(info: FieldInfo, closed: str, opened: str) -> tuple[float | None, bool]:
    """Return a bound and whether the value itself is left out."""
    for item in info.metadata:
        if getattr(item, closed, None) is not None:
            return getattr(item, closed), False
        if getattr(item, opened, None) is not None:
            return getattr(item, opened), True
    return None, False


def _bounds(info: FieldInfo, step: float, most: float) -> tuple[float, float]:
    """Return the least and largest value a spin box shall take."""
    low, above = _bound(info, "ge", "gt")
    high, below = _bound(info, "le", "lt")
    least = -most if low is None else low + step * above
    largest = most if high is None else high - step * below
    return least, largest


def _multiple(info: FieldInfo) -> int:
    found = (getattr(item, "multiple_of", None) for item in info.metadata)
    return next((int(value) for value in found if value), 1)


def _int_widget(info: FieldInfo, value: int) -> SpinBox:
    low, high = _bounds(info, 1, LARGEST_INT)
    step = max(_multiple(info), int(_step(value)))
    return SpinBox(value=value, min=int(low), max=int(high), step=step)


def _float_widget(info: FieldInfo, value: float) -> FloatSpinBox:
    """Make a spin box with enough decimals for the default and its step.

    The decimals are set before anything else, since Qt rounds bounds and
    values to those it has.
    """
    step = _step(value)
    decimals = _decimals(value, step)
    low, high = _bounds(info, 10.0**-decimals, LARGEST_FLOAT)
    widget = FloatSpinBox(value=0, min=-1, max=1)
    widget.native.setDecimals(decimals)
    widget.min, widget.max, widget.step = low, high, step
    widget.value = value
    return widget


def _step(value: float) -> float:
    """Return a step of one in the second digit of `value`."""
    if not value:
        return 0.1
    return float(10.0 ** (math.floor(math.log10(abs(value))) - 1))


def _decimals(value: float, step: float) -> int:
    """Return how many decimals show `value` and `step` whole."""
    places = max(_places(value), _places(step))
    return max(places, 2) if abs(value) < 100 else places


def _places(value: float) -> int:
    exponent = Decimal(repr(float(value))).normalize().as_tuple().exponent
    return max(0, -int(exponent))


def _choice_widget(info: FieldInfo, value: Any) -> ComboBox:
    return ComboBox(choices=list(get_args(info.annotation)), value=value)


def _maybe_choice_widget(info: FieldInfo, value: Any) -> ComboBox:
    """Offer each value, and to say nothing."""
    said = _said(info.annotation)
    values = (True, False) if said is bool else get_args(said)
    choices = [(_NOT_SAID, None), *((_in_words(one), one) for one in values)]
    return ComboBox(choices=choices, value=value)


def _in_words(value: Any) -> str:
    """Name a choice; an order of axes is written out."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if sorted(str(value)) == sorted(_AXES):
        return ", ".join(_AXES[axis] for axis in str(value))
    return str(value)


def _tick_widget(info: FieldInfo, value: bool) -> CheckBox:
    return CheckBox(value=value, text="")


def _text_widget(info: FieldInfo, value: Any) -> LineEdit:
    return LineEdit(value=_as_text(value))


_MAKERS: dict[str, Callable[[FieldInfo, Any], ValueWidget]] = {
    "int": _int_widget,
    "float": _float_widget,
    "choice": _choice_widget,
    "tick": _tick_widget,
    "text": _text_widget,
    "tuple": _text_widget,
    "maybe choice": _maybe_choice_widget,
    "maybe text": _text_widget,
}


def _value(widget: ValueWidget) -> Any:
    return widget.value


def _is_text(widget: ValueWidget) -> bool:
    return isinstance(widget, LineEdit)


def _as_text(value: Any) -> str:
    """Write a tuple as "8, 10, 12", and nothing for None."""
    if isinstance(value, tuple | list):
        return ", ".join(_as_text(item) for item in value)
    if isinstance(value, float):
        return f"{value:.12g}"
    return "" if value is None else str(value)


def _read_numbers(widget: LineEdit) -> Any:
    """Read "8, 10, 12" as a tuple of texts; pydantic makes numbers of them."""
    parts = [part.strip() for part in widget.value.split(",")]
    return tuple(part for part in parts if part)


def _read_maybe(widget: LineEdit) -> Any:
    """Read a line of text, which left empty says nothing."""
    return widget.value.strip() or None


_READERS: dict[str, Callable[[Any], Any]] = {
    "tuple": _read_numbers,
    "maybe text": _read_maybe,
}
