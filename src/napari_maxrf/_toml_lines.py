"""Where each key of a TOML text stands, so that an error can name the line.

The standard parser gives values without their places. This one gives places without
values: it walks a text that the standard parser has already accepted, and therefore
checks nothing.
"""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

Place = tuple[str | int, ...]

_BLANK = re.compile(r"(?:\s|#[^\n]*)*")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}(?!")'
    r"|'''.*?'{3,5}(?!')"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_BARE_VALUE = re.compile(r"[^,\]\}#\n]+")
_KEY = re.compile(r"""[ \t]*([A-Za-z0-9_-]+|"(?:\\.|[^"\\\n])*"|'[^'\n]*')[ \t]*""")


def line_numbers(text: str) -> dict[Place, int]:
    r"""Return the line, counted from 1, of every key and array element.

    Parameters
    ----------
    text : str
        What `tomllib` accepts.

    Returns
    -------
    dict
        From a path such as ``("detector", "absorbers", 0, "material")`` to a line.
        Where a table is opened more than once, its first line.

    Examples
    --------
    >>> line_numbers("kv = 40\n[detector]\nwindow_um = 8")
    {('kv',): 1, ('detector',): 2, ('detector', 'window_um'): 3}
    """
    return _Walk(text.replace("\r\n", "\n")).lines


def nearest_line(lines: dict[Place, int], place: Sequence[str | int]) -> int | None:
    """Return the line of a place, or of the nearest table around it.

    Steps that are not in the text, such as the name of one of several types that a
    value may have, are passed over.

    Examples
    --------
    >>> nearest_line({("paint",): 3, ("paint", "void"): 4}, ("paint", "table", "void"))
    4
    """
    at: Place = ()
    for step in place:
        at = (*at, step) if (*at, step) in lines else at
    return lines.get(at)


class _Walk:
    """A position in the text, and what was met so far."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[Place, int] = {}
        self._sizes: dict[Place, int] = {}
        self._line, self._counted = 1, 0
        table: Place = ()
        while self._skip_blank():
            if self._takes("[["):
                table = self._opened(self._key(), array=True)
                self.at += len("]]")
            elif self._takes("["):
                table = self._opened(self._key(), array=False)
                self.at += len("]")
            else:
                self._pair(table)

    def _skip_blank(self) -> bool:
        self._match(_BLANK)
        return self.at < len(self.text)

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return found

    def _takes(self, token: str) -> bool:
        taken = self.text.startswith(token, self.at)
        self.at += len(token) if taken else 0
        return taken

    def _note(self, place: Place, at: int) -> None:
        if place not in self.lines:
            self._line += self.text.count("\n", self._counted, at)
            self._counted = max(self._counted, at)
            self.lines[place] = self._line

    def _key(self) -> tuple[str, ...]:
        """Read a key with dots between its parts."""
        parts = []
        while found := self._match(_KEY):
            parts.append(_plain(found[1]))
            if not self._takes("."):
                break
        return tuple(parts)

    def _opened(self, key: tuple[str, ...], *, array: bool) -> Place:
        """Turn a table header into a path, counting the tables of arrays."""
        place: Place = ()
        for depth, part in enumerate(key, start=1):
            place = (*place, part)
            self._note(place, self.at)
            if array and depth == len(key):
                self._sizes[place] = self._sizes.get(place, 0) + 1
            if place in self._sizes:
                place = (*place, self._sizes[place] - 1)
        self._note(place, self.at)
        return place

    def _pair(self, table: Place) -> None:
        """Read a key, the equals sign and the value."""
        start, place = self.at, table
        for part in self._key():
            place = (*place, part)
            self._note(place, start)
        self._takes("=")
        self._value(place)

    def _value(self, place: Place) -> None:
        self._skip_blank()
        if self._takes("["):
            self._array(place)
        elif self._takes("{"):
            self._inline_table(place)
        elif not self._match(_STRING):
            self._match(_BARE_VALUE)

    def _array(self, place: Place) -> None:
        index = 0
        while self._skip_blank() and not self._takes("]"):
            self._note((*place, index), self.at)
            self._value((*place, index))
            self._skip_blank()
            self._takes(",")
            index += 1

    def _inline_table(self, place: Place) -> None:
        while self._skip_blank() and not self._takes("}"):
            self._pair(place)
            self._skip_blank()
            self._takes(",")


def _plain(key: str) -> str:
    """Take the quotes and escapes off a key."""
    return str(tomllib.loads(f"key = {key}")["key"]) if key[0] in "\"'" else key
