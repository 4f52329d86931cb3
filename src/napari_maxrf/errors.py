"""The few exceptions that a user of the library has to know.

Each message says what was wrong, where, and what to do about it; the command
line and the widgets show it as it is.
"""

from __future__ import annotations


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
