"""``palettes``: which there are, what is in one, and what XRF cannot tell apart."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from napari_maxrf._commands._console import say, say_json
from napari_maxrf._commands._options import add_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_maxrf.pigments import Distinguishability, Palette

PAIRS_TITLE = (
    "Cannot be told apart (error, colour difference CIEDE2000, counts for 1 % error; "
    "! clearly another colour):"
)


def add_palettes(commands: Any) -> None:
    """Add the command ``palettes`` with ``list``, ``show NAME`` and ``check NAME``."""
    parser = commands.add_parser("palettes", help="list, show or check palettes")
    add_json(parser)
    parser.set_defaults(run=_palettes)
    actions = parser.add_subparsers(title="actions", metavar="ACTION")
    _add_action(actions, "list", _palettes, "list all palettes (without ACTION too)")
    show = _add_action(actions, "show", _show, "show the pigments of a palette")
    check = _add_action(actions, "check", _check, "find what cannot be told apart")
    for action in (show, check):
        action.add_argument("name", nargs="?", help="Palette or palette file (.toml).")
    _add_check_options(check)


def _add_action(
    actions: Any, name: str, run: Callable[[argparse.Namespace], None], text: str
) -> argparse.ArgumentParser:
    """Add an action that takes ``--json`` behind its name as well as before it."""
    parser: argparse.ArgumentParser = actions.add_parser(name, help=text)
    parser.add_argument(
        "--json",
        action="store_true",
        default=argparse.SUPPRESS,
        help="Report as JSON.",
    )
    parser.set_defaults(run=run)
    return parser


def _add_check_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--instrument",
        help="Name of an instrument or its file (.toml). Default: the palette's.",
    )
    parser.add_argument(
        "--paint",
        help="How it is painted: mockup, fresco, oil, tempera. Default: the palette's.",
    )
    parser.add_argument(
        "--counts", type=float, default=400.0, help="Photons per pixel. Default: 400."
    )
    parser.add_argument(
        "--bins", type=int, default=512, help="Energy bins. Default: 512."
    )
    parser.add_argument(
        "--limit",
        type=float,
        default=0.05,
        help="Error above which two pigments count as the same. Default: 0.05.",
    )


def _palettes(arguments: argparse.Namespace) -> None:
    from napari_maxrf.pigments import load_palette, palette_names

    palettes = [load_palette(name) for name in palette_names()]
    if arguments.json:
        say_json(
            [
                {"id": p.id, "name": p.name, "period": p.period, "pigments": len(p)}
                for p in palettes
            ]
        )
        return
    for palette in palettes:
        say(f"{palette.id:36} {len(palette):3} pigments  {palette.period}")


def _show(arguments: argparse.Namespace) -> None:
    palette = _named(arguments)
    if arguments.json:
        say_json(palette.to_json())
        return
    say(f"{palette.name} ({palette.period})")
    for pigment in palette.pigments:
        colour = "#{:02x}{:02x}{:02x}".format(*pigment.srgb)
        say(f"  {pigment.id:24} {colour}  {pigment.fluoresces_as}")


def _check(arguments: argparse.Namespace) -> None:
    from dataclasses import replace

    from napari_maxrf.pigments import distinguishability
    from napari_maxrf.synthesis import SynthesisConfig

    given = {"instrument": arguments.instrument, "paint": arguments.paint}
    changes = {name: value for name, value in given.items() if value is not None}
    palette = replace(_named(arguments), **changes)
    scan = SynthesisConfig.checked(n_bins=arguments.bins, counts=arguments.counts)
    found = distinguishability(palette, scan.axis, scan.counts)
    if arguments.json:
        say_json(found.to_json(arguments.limit))
    else:
        _say_findings(found, arguments.limit)


def _named(arguments: argparse.Namespace) -> Palette:
    from napari_maxrf.errors import PaletteError
    from napari_maxrf.pigments import load_palette, palette_names

    if arguments.name is None:
        raise PaletteError(
            f"Say which palette: one of {', '.join(palette_names())}, or a file."
        )
    return load_palette(arguments.name)


def _say_findings(found: Distinguishability, limit: float) -> None:
    silent, pairs, groups = (
        found.silent(limit),
        found.pairs(limit),
        found.groups(limit),
    )
    if silent:
        say("No signal of their own (error against the same paint without them):")
    for pigment in silent:
        say(f"    {pigment.id:26} {pigment.error:6.1%}")
    if pairs:
        say(PAIRS_TITLE)
    for pair in pairs:
        say(
            f"  {'!' if pair.misleading else ' '} {pair.first:26} {pair.second:26} "
            f"{pair.error:6.1%}  dE {pair.colour_difference:4.1f}  "
            f"{_counts_text(pair.counts_needed):>11}  {pair.reason}"
        )
    if groups:
        say("As groups:")
    for group in groups:
        say(f"    {', '.join(group)}")
    say(found.verdict(limit))


def _counts_text(counts: float) -> str:
    """Write counts with three digits that count.

    Examples
    --------
    >>> _counts_text(148084.2), _counts_text(float("inf"))
    ('148,000', 'never')
    """
    return "never" if counts == float("inf") else f"{float(f'{counts:.3g}'):,.0f}"
