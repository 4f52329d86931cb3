"""Many element maps in one picture, each in a colour of its own.

Layers of a viewer are blended one over the other, so that their order matters and
saturated places depend on it. Here light adds up, or ink absorbs, all at once.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from napari_maxrf.errors import MaxrfError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_maxrf.analysis._maps import ElementMap

Picture = npt.NDArray[np.float32]
Limits = tuple[float, float]
Mode = Literal["light", "ink"]

MODES = ("light", "ink")
_HEX = re.compile(r"#[0-9a-fA-F]{6}")
_PERCENTILE = 99.5
_STEPS = 2.0**40
_BLACK = 1e-6


def composite(
    maps: Sequence[ElementMap],
    colours: Sequence[str | Sequence[float]],
    limits: Sequence[Limits | None] | None = None,
    mode: Mode = "light",
) -> Picture:
    """Show maps together, whatever their order.

    Parameters
    ----------
    maps : sequence of ElementMap
        Of one scan.
    colours : sequence of str or of three float
        One for each map: ``"#ff8000"``, or red, green and blue from 0 to 1.
    limits : sequence of (float, float) or None, optional
        Values of a map that show nothing and the full colour; None for
        `usual_limits`.
    mode : str, optional
        ``"light"``: coloured lights on black; their sum, cut at 1. ``"ink"``: inks on
        white paper; their optical densities add up, so that all together are dark.

    Returns
    -------
    ndarray of float32, shape (y, x, 3)
        sRGB in 0..1. A pixel without a value adds nothing.

    Raises
    ------
    MaxrfError
        Numbers or shapes do not match, something is no colour, or limits do not
        rise.

    Examples
    --------
    >>> from napari_maxrf.analysis import ElementMap
    >>> iron = ElementMap("Fe", "Ka", 6.4, (6.3, 6.5), np.float32([[0, 50, 100]]))
    >>> composite([iron], ["#ff0000"], [(0, 100)])[0, :, 0].tolist()
    [0.0, 0.5, 1.0]
    """
    _check(maps, colours, limits, mode)
    chosen = [None] * len(maps) if limits is None else limits
    parts = np.zeros((*maps[0].image.shape, 3), dtype=np.int64)
    for one, colour, limit in zip(maps, colours, chosen, strict=True):
        share = _share(one, limit or usual_limits(one))[:, :, None]
        # whole numbers add up to the same in any order, which floats do not
        parts += np.rint(_part(share, rgb(colour), mode) * _STEPS).astype(np.int64)
    added = parts / _STEPS
    shown = np.exp(-added) if mode == "ink" else np.minimum(added, 1.0)
    return np.asarray(shown, dtype=np.float32)


def usual_limits(element_map: ElementMap) -> Limits:
    """Return limits that show a map well: 0, and the 99.5th percentile.

    Examples
    --------
    >>> from napari_maxrf.analysis import ElementMap
    >>> usual_limits(ElementMap("Fe", "Ka", 6.4, (6.3, 6.5), np.ones((2, 2))))
    (0.0, 1.0)
    """
    values = element_map.image[np.isfinite(element_map.image)]
    top = float(np.percentile(values, _PERCENTILE)) if values.size else 0.0
    if top <= 0:
        top = float(values.max(initial=0.0))
    return 0.0, top if top > 0 else 1.0


def rgb(colour: str | Sequence[float]) -> npt.NDArray[np.float64]:
    """Read a colour, as `composite` takes it, shape (3,).

    Raises
    ------
    MaxrfError
        It is none.
    """
    if isinstance(colour, str):
        if not _HEX.fullmatch(colour):
            raise MaxrfError(f"{colour!r} is not a colour; write it as #ff8000.")
        return np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    values = np.asarray(colour, dtype=np.float64)
    if values.shape != (3,) or not ((values >= 0) & (values <= 1)).all():
        raise MaxrfError(f"{colour} is not a colour; give three numbers from 0 to 1.")
    return values


def _check(
    maps: Sequence[ElementMap],
    colours: Sequence[str | Sequence[float]],
    limits: Sequence[Limits | None] | None,
    mode: str,
) -> None:
    if not maps:
        raise MaxrfError("A composite needs at least one map.")
    if len(colours) != len(maps) or (limits is not None and len(limits) != len(maps)):
        raise MaxrfError(
            f"{len(maps)} maps need as many colours and limits; got {len(colours)} "
            f"colours{'' if limits is None else f' and {len(limits)} limits'}."
        )
    shapes = {one.image.shape for one in maps}
    if len(shapes) > 1:
        raise MaxrfError(f"Maps of shapes {sorted(shapes)} are not of one scan.")
    if mode not in MODES:
        raise MaxrfError(f"A composite is made of light or ink, not {mode!r}.")


def _share(element_map: ElementMap, limits: Limits) -> npt.NDArray[np.float64]:
    """Bring a map to 0..1 between its limits."""
    low, high = limits
    if not low < high:
        raise MaxrfError(f"Limits {low:g} to {high:g} of {element_map.name} must rise.")
    share = (element_map.image.astype(np.float64) - low) / (high - low)
    return np.clip(np.nan_to_num(share, nan=0.0, posinf=1.0, neginf=0.0), 0, 1)


def _part(
    share: npt.NDArray[np.float64], colour: npt.NDArray[np.float64], mode: str
) -> npt.NDArray[np.float64]:
    """Return the light, or the optical density, that one map adds."""
    if mode == "light":
        return share * colour
    return -np.log(np.maximum(1 - share * (1 - colour), _BLACK))
