"""The common shape of every step's parameters.

One frozen pydantic model describes a step. The Python call, the command line,
the widget, the TOML file and the provenance are all made from it, so that a
default and its explanation stand in one place only.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from napari_maxrf._toml_lines import Place, line_numbers, nearest_line
from napari_maxrf.errors import MaxrfError, nearest_name

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_LARGEST_BYTES = 2**20


class StepConfig(BaseModel):
    """Base of all step parameters: frozen, and no unknown fields.

    Every field carries a description (shown as tooltip and ``--help``), bounds
    through `pydantic.Field`, and its unit, if it has one, in
    ``json_schema_extra={"unit": "keV"}``.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False
    )

    @classmethod
    def checked(cls, /, **values: Any) -> Self:
        """Build the parameters, or raise one readable line.

        Raises
        ------
        MaxrfError
            A value is out of bounds, of the wrong type, or unknown.
        """
        try:
            return cls(**values)
        except ValidationError as error:
            raise MaxrfError("; ".join(_complaints(cls, error))) from error

    @classmethod
    def from_toml(cls, path: str | os.PathLike[str]) -> Self:
        """Read the parameters from a TOML file.

        Raises
        ------
        MaxrfError
            The file is missing or not TOML, or a value does not fit: the message
            names the file, the line, and for a typing error the nearest name.
        """
        text = read_toml_text(path)
        values = toml_values(path, text)
        try:
            return cls(**values)
        except ValidationError as error:
            complaints = _complaints(cls, error, line_numbers(text))
            raise MaxrfError(f"{path}: {'; '.join(complaints)}.") from error

    def to_json(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        return self.model_dump(mode="json")

    def to_toml(self) -> str:
        """Return the text of a TOML file that `from_toml` reads.

        Every value is written, also where it is the default.
        """
        import tomli_w

        return tomli_w.dumps(self.model_dump(mode="json", exclude_none=True))


def read_toml_text(path: str | os.PathLike[str]) -> str:
    """Read a TOML file of the user's, with or without a byte order mark.

    Raises
    ------
    MaxrfError
        The file is missing, is not UTF-8, or is too large to be one of ours.
    """
    try:
        with Path(path).open("rb") as stream:
            content = stream.read(_LARGEST_BYTES + 1)
        if len(content) > _LARGEST_BYTES:
            raise MaxrfError(f"{path} is not a TOML file of parameters: over 1 MiB.")
        return content.decode("utf-8-sig")
    except OSError as error:
        raise MaxrfError(f"Cannot read {path}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise MaxrfError(f"{path} is not a TOML file: {error}.") from error


def toml_values(path: str | os.PathLike[str], text: str) -> dict[str, Any]:
    """Parse the text of a TOML file.

    Raises
    ------
    MaxrfError
        It is not TOML; the message names the file and the line.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise MaxrfError(f"{path} is not a TOML file: {error}.") from error
    except RecursionError as error:
        raise MaxrfError(
            f"{path} is not a TOML file of parameters: too deep."
        ) from error


def _complaints(
    model: type[BaseModel],
    error: ValidationError,
    lines: dict[Place, int] | None = None,
) -> list[str]:
    """Put each complaint of pydantic into one line, with the line of the file."""
    told = []
    for item in error.errors():
        line = nearest_line(lines or {}, item["loc"])
        told.append(
            f"line {line}: {_told(model, item)}" if line else _told(model, item)
        )
    return told


def _told(model: type[BaseModel], item: ErrorDetails) -> str:
    """Say what is wrong with one value, or with its name."""
    where = ".".join(str(step) for step in item["loc"]) or model.__name__
    if item["type"] == "extra_forbidden":
        known = _fields_at(model, item["loc"][:-1])
        near = nearest_name(str(item["loc"][-1]), known)
        hint = f"did you mean {near!r}?" if near else f"known: {', '.join(known)}"
        return f"{where} is unknown; {hint}"
    message = item["msg"].removeprefix("Value error, ")
    got = item["input"]
    shown = f", got {got!r}" if isinstance(got, str | int | float) else ""
    return f"{where}: {message[0].lower()}{message[1:]}{shown}"


def _fields_at(model: type[BaseModel], place: Place) -> list[str]:
    """List the fields of the model inside a model to which a path leads."""
    for step in place:
        field = model.model_fields.get(str(step))
        inner = _models_in(field.annotation) if field else []
        model = inner[0] if inner else model
    return list(model.model_fields)


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    """Find models in an annotation such as ``tuple[Filter, ...] | None``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]
