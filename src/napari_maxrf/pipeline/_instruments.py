"""Instruments from what a scan or a file of spectra says about its scanner."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_maxrf.errors import FormatError, MaxrfError
from napari_maxrf.physics import Instrument, load_instrument

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from napari_maxrf.analysis import FittedResponse
    from napari_maxrf.spectrum import MeasuredSpectrum

_BASES = {"Rh": "m6_jetstream"}
_USUAL_BASE = "chnet_mo"
_MBAR_PER_BAR = 1000.0
_LENS_ANODE_L = 0.5


def fit_instrument(
    path: str | os.PathLike[str],
    elements: Sequence[str] | None = None,
    *,
    detector: str | None = None,
    trust_axis: bool = True,
) -> FittedResponse:
    """Fit axis and resolution to the sum spectrum of a scan, or to one spectrum.

    Parameters
    ----------
    path : path-like
        A scan, or a file with a single spectrum.
    elements : sequence of str, optional
        Elements known to be there; default all that are found.
    detector : str, optional
        One detector of several, or the name of one spectrum of several.
    trust_axis : bool, optional
        Whether to begin at the energies that the file states.

    Raises
    ------
    MaxrfError
        The file cannot be read, holds several detectors, or cannot be calibrated on;
        see `napari_maxrf.analysis.fit_response`.
    """
    from napari_maxrf.analysis import fit_response
    from napari_maxrf.io import open_cube, open_spectrum, recognise

    if recognise(path) is None and Path(path).is_file():
        one = open_spectrum(path, detector)
        return fit_response(one.counts, one.axis if trust_axis else None, elements)
    cube = open_cube(path, detector)
    if detector is None and len(cube.detectors) > 1:
        raise MaxrfError(
            f"{Path(path).name} holds the detectors {', '.join(cube.detectors)}, each "
            "with an axis and a resolution of its own. Choose one, as with --detector "
            f"{cube.detectors[0]}."
        )
    spectrum = cube.sum_spectrum()
    return fit_response(spectrum, cube.energy if trust_axis else None, elements)


def fitted_instrument(
    fitted: FittedResponse, base: Instrument | None, name: str, scan: str
) -> Instrument:
    """Put what was fitted to a scan in place of a similar instrument's values.

    Parameters
    ----------
    fitted : FittedResponse
        Of the scan.
    base : Instrument or None
        Whose voltage, windows and distances to take; by default those of the M6 for
        a rhodium anode, else those of the CHNet scanner.
    name : str
        Name of the new instrument.
    scan : str
        What was fitted, for its source.
    """
    if base is None:
        base = load_instrument(_BASES.get(fitted.anode or "", _USUAL_BASE))
    axis = fitted.axis
    changes: dict[str, Any] = {
        "name": name,
        "description": f"Fitted to {scan}",
        "source": f"{_told(fitted, scan)}; all else from {base.name}: {base.source}",
        "anode": fitted.anode or base.anode,
        "geometry": base.geometry.to_json() | _angles(fitted, base),
        "detector": base.detector.to_json()
        | {"s0_kev2": _rounded(fitted.s0_kev2), "s1_kev": _rounded(fitted.s1_kev)},
        "channels": {
            "n_channels": axis.n_channels,
            "offset_kev": round(axis.offset_kev, 5),
            "gain_kev": round(axis.gain_kev, 8),
        },
    }
    return Instrument.checked(**(base.to_json() | changes))


def _rounded(value: float) -> float:
    """Keep three digits, which is more than the fit knows."""
    return float(f"{value:.3g}")


def _angles(fitted: FittedResponse, base: Instrument) -> dict[str, float]:
    """Set the scattering angle, and the exit angle where the beam is upright."""
    if fitted.theta_deg is None:
        return {}
    theta = round(fitted.theta_deg, 1)
    upright = base.geometry.incidence_deg == 90 and theta > 90
    exit_angle = {"exit_deg": round(theta - 90, 1)} if upright else {}
    return {"scattering_deg": theta, **exit_angle}


def _told(fitted: FittedResponse, scan: str) -> str:
    """Say in a line what was fitted, and how well."""
    used = [line.fit.name for line in fitted.lines if line.used]
    text = (
        f"Axis and resolution fitted to the sum spectrum of {scan} on "
        f"{', '.join(used)}, residuals up to {fitted.largest_residual_ev:.1f} eV, "
        f"FWHM at 5.9 keV {1000 * fitted.fwhm_at_5_9_kev:.1f} +- "
        f"{1000 * fitted.fwhm_error_kev:.1f} eV"
    )
    if fitted.scatter is None:
        return text
    scatter = fitted.scatter
    return (
        f"{text}; anode and scattering angle ({scatter.theta_deg:.0f} +- "
        f"{scatter.theta_error_deg:.0f} deg) from its scattered lines"
    )


def instrument_from_spectrum(
    path: str | os.PathLike[str], name: str | None = None
) -> Instrument:
    """Build an instrument from the headers of a Bruker ``.spx`` file.

    Parameters
    ----------
    path : path-like
        The file.
    name : str, optional
        Name of the instrument, by default that of the file.

    Raises
    ------
    FormatError
        The file is no spectrum, or its headers say nothing of tube or detector.
    """
    from napari_maxrf.io import open_spectrum

    spectrum = open_spectrum(path)
    headers = spectrum.metadata.get("header", {})
    if not isinstance(headers, dict) or not {"xrf", "detector"} <= set(headers):
        raise FormatError(
            f"{Path(path).name} does not describe its instrument; Bruker .spx files of "
            "M4 and M6 scanners do."
        )
    header = _Header(Path(path).name, headers)
    detector = header.detector()
    return Instrument.checked(
        name=name or Path(path).stem,
        description=f"From the headers of {Path(path).name}",
        source=f"Headers of {Path(path).name}; scattering angle from its Compton peak "
        "where there is one; pile-up, tail and shelf are not in it",
        **header.tube(),
        optic={"kind": "lens" if header.has_lens() else "collimator"},
        geometry=header.geometry() | _seen_angle(spectrum, header.tube(), detector),
        detector=detector,
        channels=None
        if spectrum.axis is None
        else {
            "n_channels": spectrum.axis.n_channels,
            "offset_kev": spectrum.axis.offset_kev,
            "gain_kev": spectrum.axis.gain_kev,
        },
    )


def _seen_angle(
    spectrum: MeasuredSpectrum, tube: dict[str, Any], detector: dict[str, float]
) -> dict[str, float]:
    """Take the scattering angle from the spectrum: the header has no usable azimuth."""
    from napari_maxrf.analysis._peaks import find_peaks
    from napari_maxrf.analysis._resolution import Resolution
    from napari_maxrf.analysis._scatter import scatter_peaks

    if spectrum.axis is None:
        return {}
    counts = np.maximum(spectrum.counts, 0.0)
    resolution = Resolution(detector["s0_kev2"], detector["s1_kev"])
    seen = scatter_peaks(counts, spectrum.axis, find_peaks(counts), resolution)
    usable = seen is not None and seen.anode == tube["anode"]
    return {"scattering_deg": round(seen.theta_deg, 1)} if seen and usable else {}


def _symbol(number: int) -> str:
    import xraylib

    return str(xraylib.AtomicNumberToSymbol(number))


class _Header:
    """The headers of a Bruker file, asked for what an instrument needs.

    Thicknesses are in um, but for that of the detector, which is in mm.
    """

    def __init__(self, file: str, facts: dict[str, dict[str, str]]) -> None:
        self.file = file
        self.facts = facts

    def number(self, header: str, key: str) -> float | None:
        """Read a number; None where the file is silent."""
        text = self.facts.get(header, {}).get(key)
        if text is None:
            return None
        try:
            return float(text.split(",")[0])
        except ValueError as error:
            raise FormatError(f"{self.file}: {key} is {text!r}, no number.") from error

    def given(self, header: str, **keys: str) -> dict[str, float]:
        """Read several numbers under new names, leaving out what is not there."""
        found = {new: self.number(header, key) for new, key in keys.items()}
        return {new: value for new, value in found.items() if value is not None}

    def has_lens(self) -> bool:
        """Tell whether the beam comes through a polycapillary lens."""
        return self.facts["xrf"].get("Optic", "").strip().lower() == "lens"

    def tube(self) -> dict[str, Any]:
        """Describe anode, voltage, angles, window and filters."""
        number = self.number("xrf", "Anode")
        if number is None or not 20 <= number <= 92:
            raise FormatError(f"{self.file} names no anode (Anode).")
        return {
            "anode": _symbol(int(number)),
            "anode_l_scale": _LENS_ANODE_L if self.has_lens() else 1.0,
            "filters": self.filters(),
            **self.given(
                "xrf",
                kv="Voltage",
                electron_incidence_deg="TubeIncidentAngle",
                takeoff_deg="TubeTakeOffAngle",
                tube_window_um="TubeWindow/Thickness",
            ),
        }

    def filters(self) -> list[dict[str, Any]]:
        """List the foils in the beam, which stand as two lists in the file."""
        facts = self.facts["xrf"]
        columns = [
            [
                part
                for part in facts.get(f"ExcitationFilter/{key}", "").split(",")
                if part
            ]
            for key in ("AtomicNumber", "Thickness")
        ]
        try:
            return [
                {"material": _symbol(int(z)), "thickness_um": float(um)}
                for z, um in zip(*columns, strict=True)
                if float(um) > 0
            ]
        except ValueError as error:
            raise FormatError(
                f"{self.file}: ExcitationFilter is not understood."
            ) from error

    def geometry(self) -> dict[str, Any]:
        """Describe angles, paths and gas; the pressure is in mbar."""
        gas = self.facts["xrf"].get("Atmosphere", "air").strip().lower()
        pressure = self.number("xrf", "ChamberPressure")
        return {
            "atmosphere": gas if gas in ("air", "helium", "vacuum") else "air",
            **({} if pressure is None else {"pressure_bar": pressure / _MBAR_PER_BAR}),
            **self.given(
                "xrf",
                incidence_deg="ExcitationAngle",
                exit_deg="DetectionAngle",
                path_in_mm="ExcitationPathLength",
                path_out_mm="DetectionPathLength",
            ),
        }

    def detector(self) -> dict[str, float]:
        """Describe crystal, window and resolution."""
        thickness = self.number("detector", "DetectorThickness")
        resolution = self.given("spectrum", s0_kev2="SigmaAbs", s1_kev="SigmaLin")
        if len(resolution) < 2 or not any(resolution.values()):
            raise FormatError(
                f"{self.file} states no resolution (SigmaAbs, SigmaLin). Fit it: "
                "napari-maxrf instrument fit."
            )
        return {
            **({} if thickness is None else {"thickness_um": 1000 * thickness}),
            **self.given(
                "detector",
                dead_layer_um="SiDeadLayerThickness",
                window_um="WindowLayers/Layer0/Thickness",
            ),
            **resolution,
        }
