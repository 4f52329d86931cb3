"""``maps``: element maps of a scan as files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_maxrf._commands._console import run, say, say_json, warn
from napari_maxrf._commands._options import add_json, add_options, read_options
from napari_maxrf._commands._reading import add_reading, open_told
from napari_maxrf.errors import MaxrfError, did_you_mean

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from napari_maxrf.analysis import ElementMap, ElementMaps, EnergyWindow, MapConfig
    from napari_maxrf.cube import SpectralCube

FORMATS = ("tif", "ome", "png", "h5", "csv")
_LISTS = (
    (
        "--elements",
        "EL",
        "Such as Fe, or Pb-L for one shell of a fit. Default: those found.",
    ),
    ("--window", "LOW-HIGH", "Also add the counts between two energies in keV."),
    (
        "--ratio",
        "A/B",
        "Also divide maps, such as Cu/Fe, where the second is significant.",
    ),
    (
        "--composite",
        "EL=#RRGGBB",
        "Also show maps together in a picture, each in its colour.",
    ),
)
_SUFFIXES = {"ome": ".ome.tif", "h5": ".h5", "csv": ".csv"}


def add_maps(commands: Any) -> None:
    """Add the command ``maps``."""
    from napari_maxrf.analysis import MapConfig

    parser = commands.add_parser("maps", help="element maps of a scan")
    parser.add_argument("cube", type=Path)
    parser.add_argument("-o", "--out", type=Path, required=True, help="folder")
    parser.add_argument(
        "--rare", action="store_true", help="Map those found in a few pixels only, too."
    )
    for name, shown, text in _LISTS:
        parser.add_argument(name, nargs="+", default=[], metavar=shown, help=text)
    parser.add_argument(
        "--format",
        nargs="+",
        choices=FORMATS,
        default=["tif"],
        help="tif and png: a file per map; ome, h5 and csv: one for all. Default: tif.",
    )
    add_options(parser, MapConfig)
    add_reading(parser)
    add_json(parser)
    parser.set_defaults(run=_maps)


def _maps(arguments: argparse.Namespace) -> None:
    cube = open_told(arguments, arguments.cube)
    config = _config(arguments, cube)
    made = _made(cube, config, arguments.window)
    if not made.maps:
        warn("The scan shows no element clearly; name some with --elements.")
    ratios = [_ratio(made.maps, words) for words in arguments.ratio]
    maps = (*made.maps, *ratios)
    files = [
        path
        for kind in dict.fromkeys(arguments.format)
        for path in _saved(maps, made, cube, arguments.out, kind)
    ]
    if arguments.composite:
        files.append(_saved_composite(maps, cube, arguments))
    if arguments.json:
        say_json(_report(maps, made, files))
    else:
        _tell(maps, files)


def _config(arguments: argparse.Namespace, cube: SpectralCube) -> MapConfig:
    """Read the parameters; ratios need errors, rare elements a look at the scan."""
    from napari_maxrf.analysis import MapConfig, proposed_elements_steps

    elements = tuple(arguments.elements)
    if arguments.rare:
        proposed = run(proposed_elements_steps(cube)).elements
        elements = tuple(dict.fromkeys((*elements, *proposed)))
    arguments.elements = elements
    config = read_options(arguments, MapConfig)
    errors = config.errors or bool(arguments.ratio)
    return config.model_copy(update={"errors": errors})


def _made(cube: SpectralCube, config: MapConfig, words: Sequence[str]) -> ElementMaps:
    """Map the elements, and the windows that were asked for beside them."""
    from napari_maxrf.analysis import (
        map_elements_steps,
        normalised,
        on_axis,
        window_maps_steps,
    )

    windows = [_window(text, config.background != "none") for text in words]
    made = run(map_elements_steps(cube, config))
    placed = on_axis(cube, made.axis, "maps")
    added = run(window_maps_steps(placed, windows, config.errors))
    shown = (normalised(one, cube, config.normalise) for one in added)
    return replace(made, maps=(*made.maps, *shown))


def _window(text: str, background: bool) -> EnergyWindow:
    """Read ``6.2-6.6``."""
    from napari_maxrf.analysis import EnergyWindow

    low, _, high = text.partition("-")
    try:
        return EnergyWindow(float(low), float(high), background=background)
    except ValueError as error:
        raise MaxrfError(
            f"{text!r} is not a window; write two energies in keV, such as 6.2-6.6."
        ) from error


def _ratio(maps: Sequence[ElementMap], text: str) -> ElementMap:
    """Read and compute ``Cu/Fe``."""
    from napari_maxrf.analysis import ratio_map

    over, slash, under = text.partition("/")
    if not slash:
        raise MaxrfError(f"{text!r} is not a ratio; write Cu/Fe.")
    return ratio_map(_named(maps, over), _named(maps, under))


def _named(maps: Sequence[ElementMap], text: str) -> ElementMap:
    """Find a map by its name or its element; ``Pb-L`` stands for ``Pb L``."""
    wanted = text.strip().replace("-", " ").replace("_", " ")
    for one in maps:
        if wanted in (one.name.replace("-", " "), one.element):
            return one
    known = [one.name for one in maps]
    hint = did_you_mean(wanted, known)
    raise MaxrfError(f"There is no map of {text!r}{hint} Made: {', '.join(known)}.")


def _saved(
    maps: Sequence[ElementMap],
    made: ElementMaps,
    cube: SpectralCube,
    folder: Path,
    kind: str,
) -> list[Path]:
    """Write maps in one format; return the files."""
    from napari_maxrf.analysis import save_element_map, save_map_picture, save_maps

    size = cube.pixel_size_mm
    if kind in _SUFFIXES:
        path = folder / f"{cube.name}_maps{_SUFFIXES[kind]}"
        if maps:
            save_maps(maps, path, size, made.provenance)
        return [path] if maps else []
    files = [folder / f"{cube.name}_{_file_name(one)}.{kind}" for one in maps]
    for one, path in zip(maps, files, strict=True):
        if kind == "tif":
            save_element_map(one, path, size)
        else:
            save_map_picture(one, path, size)
    return files


def _file_name(element_map: ElementMap) -> str:
    return element_map.name.replace(" ", "_").replace("/", "_over_")


def _saved_composite(
    maps: Sequence[ElementMap], cube: SpectralCube, arguments: argparse.Namespace
) -> Path:
    """Write the picture of several maps."""
    from napari_maxrf.analysis import save_composite_picture

    chosen, colours = [], []
    for text in arguments.composite:
        name, equals, colour = text.partition("=")
        if not equals:
            raise MaxrfError(f"{text!r} has no colour; write Fe=#ff8000.")
        chosen.append(_named(maps, name))
        colours.append(colour)
    path: Path = arguments.out / f"{cube.name}_composite.png"
    save_composite_picture(chosen, colours, path, cube.pixel_size_mm)
    return path


def _report(
    maps: Sequence[ElementMap], made: ElementMaps, files: Sequence[Path]
) -> dict[str, Any]:
    from napari_maxrf.analysis import map_statistics

    return {
        "maps": [map_statistics(one).to_json() for one in maps],
        "files": [str(path) for path in files],
        "provenance": [step.to_json() for step in made.provenance],
    }


def _tell(maps: Sequence[ElementMap], files: Sequence[Path]) -> None:
    import numpy as np

    for one in maps:
        total, mean = np.nansum(one.image, dtype=float), np.nanmean(one.image)
        what = f"{total:.0f} net counts" if one.unit == "counts" else f"mean {mean:.4g}"
        say(f"{one.name}: {what}{'' if one.unit == 'counts' else f' ({one.unit})'}")
    for path in files:
        say(str(path))
