"""Options with which every command that opens a scan asks for what it does not say."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from napari_maxrf._commands._console import warn
from napari_maxrf._commands._options import add_options, read_options

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from pathlib import Path

    from napari_maxrf.cube import SpectralCube
    from napari_maxrf.io import ReadOptions, UnknownLayoutError


def add_reading(parser: argparse.ArgumentParser) -> None:
    """Add an option for each field of `ReadOptions`, and ``--forget``."""
    from napari_maxrf.io import ReadOptions

    add_options(parser, ReadOptions, title="what the file does not say")
    parser.add_argument(
        "--forget",
        action="store_true",
        help="Forget what was said before about files of the same kind.",
    )


@contextmanager
def reading_told(arguments: argparse.Namespace, path: Path) -> Iterator[ReadOptions]:
    """Give the options for a file; remember them when it opens with them.

    Raises
    ------
    MaxrfError
        What the file needs to be told, as the options to add.
    """
    from napari_maxrf.errors import MaxrfError
    from napari_maxrf.io import (
        ReadOptions,
        UnknownLayoutError,
        forget_answers,
        remember_answers,
    )

    if arguments.forget and not forget_answers(path):
        warn(f"Nothing was remembered about files like {path.name}.")
    options = read_options(arguments, ReadOptions)
    try:
        yield options
    except UnknownLayoutError as error:
        raise MaxrfError(f"{error} For example: {_example(error)}") from error
    remember_answers(path, options)


def _example(error: UnknownLayoutError) -> str:
    """Write what a file needs as options of the command line."""
    guesses = ((need, getattr(error.guess, need)) for need in error.needs)
    return " ".join(
        f"--{need.replace('_', '-')} {'VALUE' if guess is None else guess}"
        for need, guess in guesses
    )


def open_told(arguments: argparse.Namespace, path: Path) -> SpectralCube:
    """Open a scan as the options say, and pass on its warnings.

    Raises
    ------
    MaxrfError
        As `open_cube`.
    """
    from napari_maxrf.io import open_cube

    with reading_told(arguments, path) as options:
        cube = open_cube(path, options=options)
    for line in cube.metadata.get("warnings", ()):
        warn(line)
    return cube
