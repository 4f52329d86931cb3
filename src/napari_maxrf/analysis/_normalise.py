"""Maps per second or per dose, ratios of maps, and figures of a map.

Nothing is normalised unless it is asked for, and the unit of a map says so.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_maxrf.errors import MaxrfError

if TYPE_CHECKING:
    from napari_maxrf.analysis._maps import ElementMap
    from napari_maxrf.cube import SpectralCube

Image = npt.NDArray[np.float32]

DOSES = ("dose", "i0", "beam current", "beam_current", "ion chamber", "ic")
"""Names of planes beside a cube that hold what the tube gave to each pixel."""

_PERCENTILES = (1.0, 50.0, 99.0)


def normalised(element_map: ElementMap, cube: SpectralCube, by: str) -> ElementMap:
    """Divide a map by the live time or the dose of its pixels.

    Parameters
    ----------
    element_map : ElementMap
        In counts.
    cube : SpectralCube
        Which the map was made of.
    by : str
        ``"livetime"``: counts per second. ``"dose"``: counts at the mean dose, of a
        plane in `SpectralCube.maps` that is named as one of `DOSES`. ``"none"``: the
        map itself.

    Returns
    -------
    ElementMap
        NaN where the time or dose is 0, which means that it is not known.

    Raises
    ------
    MaxrfError
        The cube has no such plane, or the map has been normalised before.
    """
    if by == "none":
        return element_map
    if element_map.unit != "counts":
        raise MaxrfError(f"{element_map.name} is in {element_map.unit} already.")
    plane, unit = _divisor(cube, by)
    known = np.isfinite(plane) & (plane > 0)
    if not known.any():
        raise MaxrfError(f"No pixel of {cube.name} has a {by} above 0.")
    divisor = np.where(known, plane, np.nan)
    if by == "dose":
        divisor = divisor / np.nanmean(divisor)
    error = element_map.error
    return replace(
        element_map,
        image=(element_map.image / divisor).astype(np.float32),
        error=None if error is None else (error / divisor).astype(np.float32),
        unit=unit,
    )


def _divisor(cube: SpectralCube, by: str) -> tuple[npt.NDArray[np.float64], str]:
    """Return the plane to divide by, and the unit that results."""
    if by == "livetime":
        if cube.live_time_s is None:
            raise MaxrfError(
                f"{cube.name} holds no live time; maps of it stay in counts."
            )
        return cube.live_time_s.astype(np.float64), "counts/s"
    if by == "dose":
        for name, plane in cube.maps.items():
            if name.strip().lower() in DOSES:
                return plane.astype(np.float64), "counts at mean dose"
        raise MaxrfError(
            f"{cube.name} holds no dose (a plane named {', '.join(DOSES[:3])})."
        )
    raise MaxrfError(f"Maps can be normalised by livetime or dose, not by {by!r}.")


def ratio_map(
    over: ElementMap, under: ElementMap, least_significance: float = 3.0
) -> ElementMap:
    """Divide a map by another where that one is certain.

    Parameters
    ----------
    over, under : ElementMap
        Of the same scan; `under` with errors, see ``errors`` of `MapConfig`.
    least_significance : float, optional
        The denominator must be as many times its error.

    Returns
    -------
    ElementMap
        Named ``"Cu Ka/Fe Ka"``; NaN where the denominator is less than that. Its
        error is propagated where both maps have one.

    Raises
    ------
    MaxrfError
        Shapes or units differ, or the denominator has no errors.

    Examples
    --------
    >>> from napari_maxrf.analysis import ElementMap
    >>> counts, error = np.float32([[8, 8]]), np.float32([[1, 1]])
    >>> copper = ElementMap("Cu", "Ka", 8.0, (7.9, 8.2), counts, error)
    >>> iron = ElementMap("Fe", "Ka", 6.4, (6.3, 6.5), np.float32([[4, 2]]), error)
    >>> ratio_map(copper, iron).image.tolist()
    [[2.0, nan]]
    """
    if over.image.shape != under.image.shape or over.unit != under.unit:
        raise MaxrfError(
            f"{over.name} {over.image.shape} in {over.unit} and {under.name} "
            f"{under.image.shape} in {under.unit} are not maps of one scan in one unit."
        )
    if under.error is None:
        raise MaxrfError(
            f"{under.name} has no errors, without which a ratio cannot be told from "
            "noise. Make the maps with errors."
        )
    sure = under.image > np.maximum(least_significance * under.error, 0)
    divisor = np.where(sure, under.image.astype(np.float64), np.nan)
    ratio = over.image / divisor
    error = None
    if over.error is not None:
        error = np.hypot(over.error, ratio * under.error) / divisor
    return replace(
        over,
        element="",
        line=f"{over.name}/{under.name}",
        image=ratio.astype(np.float32),
        error=None if error is None else error.astype(np.float32),
        unit="ratio",
    )


@dataclass(frozen=True)
class MapStatistics:
    """Figures of a map, or of a region of it.

    Attributes
    ----------
    name, unit : str
        What it shows, and in what.
    n_pixels : int
        With a value.
    total, mean, std, minimum, maximum : float
        Of the values.
    low, median, high : float
        1st, 50th and 99th percentile.
    significant : float or None
        Share of the pixels above three times their error, where that is known.
    """

    name: str
    unit: str
    n_pixels: int
    total: float
    mean: float
    std: float
    minimum: float
    maximum: float
    low: float
    median: float
    high: float
    significant: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        return asdict(self)


def map_statistics(
    element_map: ElementMap, mask: npt.NDArray[np.bool_] | None = None
) -> MapStatistics:
    """Describe a map by numbers, pixels without a value left out.

    Parameters
    ----------
    element_map : ElementMap
        What to describe.
    mask : ndarray of bool, shape (y, x), optional
        Pixels that count; default all.

    Raises
    ------
    MaxrfError
        The mask has another shape, or no pixel has a value.
    """
    chosen = np.isfinite(element_map.image)
    if mask is not None:
        if mask.shape != chosen.shape:
            raise MaxrfError(
                f"The region has shape {mask.shape}, {element_map.name} {chosen.shape}."
            )
        chosen &= mask
    values = element_map.image[chosen].astype(np.float64)
    if values.size == 0:
        raise MaxrfError(f"{element_map.name} has no value there.")
    significant = None
    if element_map.error is not None:
        errors = element_map.error[chosen]
        significant = float(((values > 3 * errors) & (values > 0)).mean())
    low, median, high = np.percentile(values, _PERCENTILES)
    return MapStatistics(
        name=element_map.name,
        unit=element_map.unit,
        n_pixels=int(values.size),
        total=float(values.sum()),
        mean=float(values.mean()),
        std=float(values.std()),
        minimum=float(values.min()),
        maximum=float(values.max()),
        low=float(low),
        median=float(median),
        high=float(high),
        significant=significant,
    )
