"""``cache``: the packed copies of large scans, and what they may take."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_maxrf._commands._console import run, say, say_json
from napari_maxrf._commands._options import add_json
from napari_maxrf._commands._reading import add_reading, open_told

if TYPE_CHECKING:
    from napari_maxrf.io.blocked import CacheEntry


def add_cache(commands: Any) -> None:
    """Add the command ``cache``."""
    parser = commands.add_parser("cache", help="packed copies of large scans")
    actions = parser.add_subparsers(title="actions", metavar="ACTION")
    _add_list(parser)
    for name in ("list", "info"):
        _add_list(actions.add_parser(name, help="what is in the cache"))
    build = actions.add_parser("build", help="pack a scan, to look at it quickly")
    build.add_argument("cube", type=Path)
    add_reading(build)
    build.set_defaults(run=_build)
    clear = actions.add_parser("clear", help="delete all packed copies")
    clear.set_defaults(run=_clear)
    limit = actions.add_parser("limit", help="say how large the cache may grow")
    limit.add_argument("gb", type=_positive, metavar="GB")
    limit.set_defaults(run=_limit)


def _add_list(parser: argparse.ArgumentParser) -> None:
    add_json(parser)
    parser.set_defaults(run=_list)


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a size above 0")
    return value


def _list(arguments: argparse.Namespace) -> None:
    from napari_maxrf.io.blocked import cache_entries, load_cache_config

    config = load_cache_config()
    entries = cache_entries(config)
    n_bytes = sum(entry.n_bytes for entry in entries)
    if arguments.json:
        facts = {"folder": str(config.place), "limit_bytes": config.limit_bytes}
        listed = [entry.to_json() for entry in entries]
        say_json({**facts, "bytes": n_bytes, "entries": listed})
        return
    for entry in entries:
        say(_line(entry))
    say(f"{n_bytes / 1e9:.2f} of {config.limit_gb:g} GB in {config.place}")


def _line(entry: CacheEntry) -> str:
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.last_used))
    shape = " x ".join(map(str, entry.shape)) or "damaged"
    name = entry.source.get("file", entry.path.name)
    return f"{name}: {shape}, {entry.n_bytes / 1e6:.0f} MB, last used {when}"


def _build(arguments: argparse.Namespace) -> None:
    from napari_maxrf.io import build_cache_steps, cached_cube

    cube = open_told(arguments, arguments.cube)
    known = cached_cube(cube) is not None
    run(build_cache_steps(cube))
    said = "was packed already" if known else "is packed"
    say(f"{arguments.cube} {said}: {' x '.join(map(str, cube.shape))}")


def _clear(arguments: argparse.Namespace) -> None:
    from napari_maxrf.io.blocked import clear_cache

    say(f"{clear_cache() / 1e6:.0f} MB deleted")


def _limit(arguments: argparse.Namespace) -> None:
    from napari_maxrf.io.blocked import load_cache_config, save_cache_config, trim_cache

    config = load_cache_config().model_copy(update={"limit_gb": arguments.gb})
    save_cache_config(config)
    freed = trim_cache(config)
    say(f"The cache may hold {arguments.gb:g} GB; {freed / 1e6:.0f} MB deleted")
