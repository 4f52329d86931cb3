"""Numbers of text files, strictly: what is not a plain finite number is refused.

Python's own `float` also takes ``nan``, ``1_000`` and the digits of other scripts,
none of which an instrument writes.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from napari_maxrf.errors import FormatError
from napari_maxrf.io.spectra._file import MAX_CHANNELS

if TYPE_CHECKING:
    from collections.abc import Iterable

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eEdD][+-]?[0-9]{1,4})?")
_LONGEST = 60


def is_number(token: str) -> bool:
    """Tell whether a token is a plain number, with a decimal point or comma."""
    return len(token) <= _LONGEST and bool(_NUMBER.fullmatch(token.replace(",", ".")))


def number(token: str, where: str) -> float:
    """Read a plain finite number.

    Parameters
    ----------
    token : str
        Digits, with a decimal point and an exponent if need be.
    where : str
        File and line, for the message.

    Raises
    ------
    FormatError
        The token is anything else.

    Examples
    --------
    >>> number("4096.0", "zn.msa line 7"), number("1.5D3", "zn.spe line 9")
    (4096.0, 1500.0)
    """
    if len(token) <= _LONGEST and _NUMBER.fullmatch(token):
        value = float(token.replace("D", "e").replace("d", "e"))
        if math.isfinite(value):
            return value
    shown = token if len(token) <= _LONGEST else f"{token[:20]}..."
    raise FormatError(f"{where}: {shown!r} is not a finite number.")


def numbers(tokens: Iterable[str], where: str) -> list[float]:
    """Read several numbers of one line."""
    return [number(token, where) for token in tokens]


def whole_number(token: str, where: str) -> int:
    """Read a number without a fraction, which may be written as ``4096.0``."""
    value = number(token, where)
    if value != int(value):
        raise FormatError(f"{where}: {token} is not a whole number.")
    return int(value)


def channel_count(value: int, where: str) -> int:
    """Return a number of channels that a spectrum can have.

    Raises
    ------
    FormatError
        It is below 1 or absurdly large; nothing was allocated for it.
    """
    if not 1 <= value <= MAX_CHANNELS:
        raise FormatError(
            f"{where}: a spectrum of {value} channels cannot be; expected 1 to "
            f"{MAX_CHANNELS}."
        )
    return value


def check_room(n_values: int, where: str) -> None:
    """Refuse a file as soon as it holds more values than a spectrum has.

    Raises
    ------
    FormatError
        More than `MAX_CHANNELS` values were found.
    """
    if n_values > MAX_CHANNELS:
        raise FormatError(
            f"{where}: more than {MAX_CHANNELS} values, too many for one spectrum."
        )


def check_length(found: int, promised: int, where: str, by: str) -> None:
    """Refuse a file whose data are not as long as its header says.

    Raises
    ------
    FormatError
        The two numbers differ.
    """
    if found != promised:
        raise FormatError(
            f"{where}: {by} promises {promised} values, {found} were found. Is the "
            "file complete?"
        )
