"""The few exceptions that a user of the library has to know.

Each message says what was wrong, where, and what to do about it; the command
line and the widgets show it as it is.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class MaxrfError(Exception):
    """Anything this package refuses to do, with the reason as its message."""


class FormatError(MaxrfError):
    """A file is damaged, incomplete, or not what its name promises."""


class CalibrationError(MaxrfError):
    """An energy axis is missing, senseless, or does not fit another one."""


class PictureError(MaxrfError):
    """A picture cannot be read or used."""


class PaletteError(MaxrfError):
    """A palette or one of its pigments cannot be used."""


class ModelError(MaxrfError):
    """A model file cannot be used, or does not fit what it is applied to."""


class TrainingError(MaxrfError):
    """A training cannot start, go on or be resumed."""


def nearest_name(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that was probably meant, whatever its capitals.

    Examples
    --------
    >>> nearest_name("KNV", ["anode", "kv"]), nearest_name("qqq", ["anode"])
    ('kv', None)
    """
    by_lower = {one.lower(): one for one in known}
    near = get_close_matches(name.lower(), by_lower, n=1, cutoff=0.4)
    return by_lower[near[0]] if near else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """End a sentence about a wrong name with the right one, or a full stop.

    Examples
    --------
    >>> "There is no 'azurit'" + did_you_mean("azurit", ["azurite", "smalt"])
    "There is no 'azurit'; did you mean 'azurite'?"
    >>> did_you_mean("qqq", ["azurite"])
    '.'
    """
    near = nearest_name(name, known)
    return "." if near is None else f"; did you mean {near!r}?"
