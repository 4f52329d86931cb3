"""``open``: start napari with files open."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse


def add_open(commands: Any) -> None:
    """Add the command ``open``."""
    parser = commands.add_parser("open", help="open files in napari")
    parser.add_argument("paths", type=Path, nargs="*")
    parser.set_defaults(run=_open)


def _open(arguments: argparse.Namespace) -> None:
    from napari_maxrf.training import import_torch

    import_torch()
    from napari_maxrf._napari._launch import open_in_napari

    open_in_napari(arguments.paths)
