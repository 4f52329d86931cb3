"""Energy axis and pixel size from the texts of the header."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from napari_maxrf.errors import CalibrationError
from napari_maxrf.io._calibration import assumed_axis, axis_from_coefficients

if TYPE_CHECKING:
    from napari_maxrf.cube import EnergyAxis
    from napari_maxrf.io.formats.bcf._header import Facts, Header, SpectrumFacts

_UM_PER_MM = 1000.0
_LARGEST_PIXEL_MM = 1000.0


def number(facts: Facts, key: str) -> float | None:
    """Read a number; None where there is none, or no finite one.

    Examples
    --------
    >>> number({"CalibLin": "9.996E-3"}, "CalibLin"), number({"DX": "?"}, "DX")
    (0.009996, None)
    """
    try:
        value = float(facts.get(key, ""))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def spectrum_of(header: Header, detector: str) -> SpectrumFacts | None:
    """Return the header's spectrum of a detector, else the first that is calibrated."""
    own = header.spectra.get(detector)
    others = (one for one in header.spectra.values() if is_calibrated(one))
    return own if own and is_calibrated(own) else next(others, own)


def is_calibrated(spectrum: SpectrumFacts) -> bool:
    """Tell whether a spectrum has channels and their energies."""
    facts = spectrum.facts.get("spectrum", {})
    return (number(facts, "ChannelCount") or 0) > 1 and "CalibLin" in facts


def axis_of(
    spectrum: SpectrumFacts | None, n_channels: int, where: str
) -> tuple[EnergyAxis, dict[str, Any]]:
    """Return the energy axis of a detector, and facts for metadata.

    Raises
    ------
    CalibrationError
        The header states a calibration that makes no sense.
    """
    facts = spectrum.facts.get("spectrum", {}) if spectrum else {}
    if spectrum is None or not is_calibrated(spectrum):
        return assumed_axis(n_channels), {
            "note": "The file holds no energy calibration; the range is assumed. "
            "Calibrate with two or more lines."
        }
    offset, gain = number(facts, "CalibAbs") or 0.0, number(facts, "CalibLin")
    if gain is None:
        raise CalibrationError(
            f"{where}: the gain (CalibLin) {facts['CalibLin']!r} is not a number."
        )
    try:
        axis = axis_from_coefficients(n_channels, offset, gain)
    except CalibrationError as error:
        raise CalibrationError(f"{where}: {error}") from error
    resolution = {
        "sigma_abs_kev2": number(facts, "SigmaAbs"),
        "sigma_lin_kev": number(facts, "SigmaLin"),
    }
    known = {key: value for key, value in resolution.items() if value is not None}
    return axis, {"offset_kev": offset, "gain_kev": gain, **known}


def pixel_size_mm(header: Header) -> tuple[float, float] | None:
    """Return height and width of a pixel; the header has them in um."""
    stage = header.scan.get("stage", {})
    sizes = [(number(stage, key) or 0.0) / _UM_PER_MM for key in ("DY", "DX")]
    if not all(0 < size < _LARGEST_PIXEL_MM for size in sizes):
        return None
    return sizes[0], sizes[1]
