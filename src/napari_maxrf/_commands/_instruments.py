"""``instrument``: which scanners there are, and a new one from a scan or a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_maxrf._commands._console import say, say_json, warn
from napari_maxrf._commands._options import add_json

if TYPE_CHECKING:
    import argparse

    from napari_maxrf.analysis import CalibrationLine, FittedResponse
    from napari_maxrf.physics import Instrument

_FWHM_PER_SIGMA = 2.3548
_REFERENCE_KEV = 5.9
_TOLD_AT_KEV = (3.0, 20.0)
_LARGE_ERROR_KEV = 0.02


def add_instrument(commands: Any) -> None:
    """Add the command ``instrument`` with list, show, fit and from-file."""
    parser = commands.add_parser(
        "instrument", help="list, show, or fit descriptions of scanners"
    )
    actions = parser.add_subparsers(metavar="ACTION", dest="action", required=True)
    _add_list(actions)
    _add_show(actions)
    _add_fit(actions)
    _add_from_file(actions)


def _add_list(actions: Any) -> None:
    parser = actions.add_parser("list", help="names of all instruments")
    add_json(parser)
    parser.set_defaults(run=_list)


def _add_show(actions: Any) -> None:
    parser = actions.add_parser("show", help="one instrument, as its file")
    parser.add_argument("name", help="Name of an instrument, or a .toml file.")
    add_json(parser)
    parser.set_defaults(run=_show)


def _add_fit(actions: Any) -> None:
    parser = actions.add_parser(
        "fit", help="energy axis and resolution from a scan's sum spectrum"
    )
    parser.add_argument("cube", type=Path, help="A scan, or a file of one spectrum.")
    parser.add_argument(
        "--elements",
        nargs="+",
        metavar="EL",
        help="Elements known to be there. Default: all that are found.",
    )
    parser.add_argument("--detector", help="One detector of several.")
    parser.add_argument(
        "--base",
        help="Instrument whose voltage, windows and distances to take. Default: "
        "m6_jetstream for a rhodium anode, else chnet_mo.",
    )
    parser.add_argument(
        "--ignore-axis",
        action="store_true",
        help="Search any energy axis, instead of mending that of the file.",
    )
    _add_output(parser)
    add_json(parser)
    parser.set_defaults(run=_fit)


def _add_from_file(actions: Any) -> None:
    parser = actions.add_parser(
        "from-file", help="an instrument from the headers of a Bruker .spx file"
    )
    parser.add_argument("file", type=Path)
    _add_output(parser)
    add_json(parser)
    parser.set_defaults(run=_from_file)


def _add_output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-o", "--out", type=Path, help="Write this .toml file.")
    parser.add_argument(
        "--name",
        help="Name of the instrument. Without -o it is saved among your own "
        "instruments, to be used by that name.",
    )


def _list(arguments: argparse.Namespace) -> None:
    from napari_maxrf.physics import instrument_names

    rows = [_row(name) for name in instrument_names()]
    if arguments.json:
        say_json(rows)
        return
    for row in rows:
        own = " (own)" if row["file"] else ""
        say(f"{row['name']:20} {row['description']}{own}")
    for row in rows:
        warn(row["error"])


def _row(name: str) -> dict[str, Any]:
    """Describe an instrument; what cannot be read is told, and the others go on."""
    from napari_maxrf.errors import MaxrfError
    from napari_maxrf.physics import load_instrument, user_instrument_files

    file = user_instrument_files().get(name)
    row = {"name": name, "file": str(file) if file else None, "error": None}
    try:
        instrument = load_instrument(name)
    except MaxrfError as error:
        return {**row, "description": "cannot be used", "error": str(error)}
    return {**row, "description": instrument.description}


def _show(arguments: argparse.Namespace) -> None:
    from napari_maxrf.physics import load_instrument

    _say_instrument(load_instrument(arguments.name), arguments.json)


def _say_instrument(instrument: Instrument, as_json: bool) -> None:
    if as_json:
        say_json(instrument.to_json())
        return
    detector = instrument.detector
    variance = detector.s0_kev2 + detector.s1_kev * _REFERENCE_KEV
    fwhm_ev = 1000 * _FWHM_PER_SIGMA * variance**0.5
    say(f"# resolution (FWHM) at {_REFERENCE_KEV} keV: {fwhm_ev:.0f} eV")
    say(f"# scattering angle: {instrument.geometry.theta_deg:.0f} degrees")
    say(instrument.to_toml().rstrip())


def _fit(arguments: argparse.Namespace) -> None:
    from napari_maxrf.physics import load_instrument
    from napari_maxrf.pipeline import fit_instrument, fitted_instrument

    base = load_instrument(arguments.base) if arguments.base else None
    fitted = fit_instrument(
        arguments.cube,
        arguments.elements,
        detector=arguments.detector,
        trust_axis=not arguments.ignore_axis,
    )
    detector = f", detector {arguments.detector}" if arguments.detector else ""
    instrument = fitted_instrument(
        fitted,
        base,
        _name(arguments, arguments.cube),
        f"{arguments.cube.name}{detector}",
    )
    if arguments.json:
        say_json({"fit": fitted.to_json(), "instrument": instrument.to_json()})
    else:
        _say_fit(fitted)
    _save(instrument, arguments)
    if max(map(fitted.axis_error_kev, _TOLD_AT_KEV)) > _LARGE_ERROR_KEV:
        warn("the lines lie close together; the axis is uncertain away from them")
    if base is None:
        warn(
            "voltage, windows and distances are those of a similar scanner; edit the "
            "file, or name a --base"
        )


def _name(arguments: argparse.Namespace, source: Path) -> str:
    """Take the name that was given, else that of the file to write or read."""
    return str(arguments.name or (arguments.out or source).stem)


def _save(instrument: Instrument, arguments: argparse.Namespace) -> None:
    from napari_maxrf.physics import save_instrument

    if arguments.out or arguments.name:
        written = save_instrument(instrument, arguments.out)
        if not arguments.json:
            say(f"written: {written}")


def _say_fit(fitted: FittedResponse) -> None:
    axis, resolution = fitted.axis, fitted.resolution
    say("line        keV   channel   off (eV)        FWHM (eV)   off (eV)  used")
    for line in fitted.lines:
        say(_line_text(line))
    say(
        f"energy = {1000 * axis.offset_kev:.1f} +- {1000 * fitted.offset_error_kev:.1f}"
        f" eV + channel x {1000 * axis.gain_kev:.4f} +- "
        f"{1000 * fitted.gain_error_kev:.4f} eV"
    )
    errors = [1000 * fitted.axis_error_kev(energy) for energy in _TOLD_AT_KEV]
    say(
        f"error of the axis: {errors[0]:.1f} eV at {_TOLD_AT_KEV[0]:.0f} keV, "
        f"{errors[1]:.1f} eV at {_TOLD_AT_KEV[1]:.0f} keV"
    )
    say(
        f"resolution: {1000 * fitted.fwhm_at_5_9_kev:.1f} +- "
        f"{1000 * fitted.fwhm_error_kev:.1f} eV at {_REFERENCE_KEV} keV "
        f"(s0 {resolution.s0_kev2:.3g} keV2, s1 {resolution.s1_kev:.3g} keV)"
    )
    scatter = fitted.scatter
    say(
        "anode: not seen in the scatter"
        if scatter is None
        else f"anode: {scatter.anode}, scattering angle {scatter.theta_deg:.0f} +- "
        f"{scatter.theta_error_deg:.0f} degrees"
    )


def _line_text(line: CalibrationLine) -> str:
    fit = line.fit
    return (
        f"{fit.name:8} {fit.energy_kev:7.3f} {fit.channel:9.2f}  "
        f"{line.residual_ev:+5.1f} +- {line.error_ev:4.1f}  "
        f"{1000 * fit.fwhm_kev:8.1f} +- {line.fwhm_error_ev:4.1f}  "
        f"{line.fwhm_residual_ev:+5.1f}     {'yes' if line.used else 'no'}"
    )


def _from_file(arguments: argparse.Namespace) -> None:
    from napari_maxrf.pipeline import instrument_from_spectrum

    name = _name(arguments, arguments.file)
    instrument = instrument_from_spectrum(arguments.file, name)
    _say_instrument(instrument, arguments.json)
    _save(instrument, arguments)
