"""The headless program ``napari-maxrf``.

Each command lives in a module of `napari_maxrf._commands`; this one finds the
command, runs it, and turns what went wrong into one line and an exit code.
"""

from __future__ import annotations

import argparse
import logging
import sys
from typing import TYPE_CHECKING

from napari_maxrf import __version__
from napari_maxrf.errors import MaxrfError

if TYPE_CHECKING:
    from collections.abc import Sequence

FAILED = 1


def build_parser() -> argparse.ArgumentParser:
    """Build the parser with all commands."""
    from napari_maxrf import _commands

    parser = argparse.ArgumentParser(
        prog="napari-maxrf",
        description="Synthesise, embed and recolour MA-XRF scans of paintings.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(
        title="commands", metavar="COMMAND", dest="command", required=True
    )
    for add_command in _commands.ALL:
        add_command(commands)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns
    -------
    int
        0 on success, 1 with one line on stderr if it failed, 2 for bad usage, 3
        if all is done but for some files that were left out and named.
    """
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    arguments = build_parser().parse_args(argv)
    try:
        code: int | None = arguments.run(arguments)
    except MaxrfError as error:
        return _fail(str(error))
    except MemoryError:
        return _fail("Not enough memory. Use a smaller picture or scan.")
    except KeyboardInterrupt:
        return _fail("Stopped. A training goes on from here with --resume.")
    except BrokenPipeError:
        return _fail("The reader of the output went away.")
    return code or 0


def _fail(message: str) -> int:
    sys.stderr.write(f"napari-maxrf: {message}\n")
    return FAILED


if __name__ == "__main__":
    sys.exit(main())
