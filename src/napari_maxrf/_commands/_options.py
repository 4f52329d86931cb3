"""Command line options made from the parameters of a step."""

from __future__ import annotations

import argparse
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args, get_origin

from napari_maxrf.config import StepConfig

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

Config = TypeVar("Config", bound=StepConfig)

SHORT_NAMES = {"n_bins": "bins"}


def add_options(
    parser: argparse.ArgumentParser,
    config: type[StepConfig],
    title: str | None = None,
) -> None:
    """Add one option for every simple field of `config`."""
    group = parser.add_argument_group(title or _title(config))
    for name, field in config.model_fields.items():
        if not _is_simple(field):
            continue
        group.add_argument(
            f"--{SHORT_NAMES.get(name, name).replace('_', '-')}",
            dest=name,
            default=argparse.SUPPRESS,
            help=_help(field),
            **_value_options(field),
        )


def read_options(arguments: argparse.Namespace, config: type[Config]) -> Config:
    """Build `config` from the options that were given.

    Raises
    ------
    MaxrfError
        A value is out of bounds.
    """
    given = vars(arguments)
    return config.checked(
        **{name: given[name] for name in config.model_fields if name in given}
    )


def _title(config: type[StepConfig]) -> str:
    return config.__name__.removesuffix("Config").lower()


def _kinds(field: FieldInfo) -> tuple[Any, ...]:
    """List the types that a field takes, but for None."""
    if get_origin(field.annotation) is Literal:
        return (field.annotation,)
    kinds = tuple(kind for kind in get_args(field.annotation) if kind is not NoneType)
    return kinds or (field.annotation,)


def _is_simple(field: FieldInfo) -> bool:
    kinds = _kinds(field)
    if len(kinds) == 1 and (kinds[0] is bool or get_origin(kinds[0]) is Literal):
        return True
    return set(kinds) <= {int, float, str}


def _value_options(field: FieldInfo) -> dict[str, Any]:
    kinds = _kinds(field)
    if get_origin(kinds[0]) is Literal:
        return {"choices": get_args(kinds[0])}
    if kinds[0] is bool:
        return {"action": argparse.BooleanOptionalAction}
    return {"type": kinds[0] if len(kinds) == 1 else float, "metavar": "VALUE"}


def _help(field: FieldInfo) -> str:
    extra = field.json_schema_extra
    unit = extra.get("unit") if isinstance(extra, dict) else None
    text = field.description or ""
    default = field.get_default(call_default_factory=True)
    if default is None:
        return text.replace("%", "%%")
    shown = f"{default} {unit}" if unit else f"{default}"
    return f"{text} Default: {shown}.".replace("%", "%%")


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add ``--json``."""
    parser.add_argument("--json", action="store_true", help="Report as JSON.")


def add_palette(parser: argparse.ArgumentParser) -> None:
    """Add ``--palette``."""
    parser.add_argument(
        "--palette",
        default="sarteano",
        help="Name of a palette or a palette file (.toml). Default: sarteano.",
    )


def add_models(parser: argparse.ArgumentParser, *, recolouring: bool) -> None:
    """Add the options that choose model files and the device."""
    if recolouring:
        parser.add_argument(
            "--embedding",
            type=Path,
            help="Embedding model file. Default: the shipped one.",
        )
    parser.add_argument(
        "--model", type=Path, help="Model file. Default: the shipped one."
    )
    add_device(parser)


def add_device(parser: argparse.ArgumentParser) -> None:
    """Add ``--device``."""
    parser.add_argument(
        "--device",
        default="auto",
        choices=("auto", "cpu", "cuda", "mps"),
        help="Where the networks run. Default: the fastest there is.",
    )
