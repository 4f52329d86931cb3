"""The common shape of every step's parameters.

One frozen pydantic model describes a step. The Python call, the command line,
the widget, the TOML file and the provenance are all made from it, so that a
default and its explanation stand in one place only.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from napari_maxrf.errors import MaxrfError


class StepConfig(BaseModel):
    """Base of all step parameters: frozen, and no unknown fields.

    Every field carries a description (shown as tooltip and ``--help``), bounds
    through `pydantic.Field`, and its unit, if it has one, in
    ``json_schema_extra={"unit": "keV"}``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    @classmethod
    def checked(cls, **values: Any) -> Self:
        """Build the parameters, or raise one readable line.

        Raises
        ------
        MaxrfError
            A value is out of bounds, of the wrong type, or unknown.
        """
        try:
            return cls(**values)
        except ValidationError as error:
            raise MaxrfError(_readable(cls.__name__, error)) from error

    @classmethod
    def from_toml(cls, path: str | os.PathLike[str]) -> Self:
        """Read the parameters from a TOML file.

        Raises
        ------
        MaxrfError
            The file is missing or not TOML, or a value does not fit.
        """
        try:
            values = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except OSError as error:
            raise MaxrfError(f"Cannot read {path}: {error.strerror}.") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise MaxrfError(f"{path} is not a TOML file: {error}.") from error
        return cls.checked(**values)

    def to_json(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        return self.model_dump(mode="json")


def _readable(what: str, error: ValidationError) -> str:
    """Put all complaints of pydantic into one line."""
    parts = []
    for item in error.errors():
        where = ".".join(str(step) for step in item["loc"]) or what
        message = item["msg"].removeprefix("Value error, ")
        got = item["input"]
        shown = f", got {got!r}" if isinstance(got, str | int | float) else ""
        parts.append(f"{where}: {message[0].lower()}{message[1:]}{shown}")
    return "; ".join(parts)
