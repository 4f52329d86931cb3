"""Maps of one scan, all of one size."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_maxrf.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_LONGEST_NAME = 100


@dataclass(frozen=True, eq=False)
class MapSet:
    """Results of an analysis, a value for each pixel and element.

    Attributes
    ----------
    name : str
        What a user would call it, usually the stem of the file.
    maps : mapping of str to ndarray of float32, shape (y, x)
        At least one; all have the same shape.
    source : str
        Name of the format, one of `MAP_FORMATS`.
    pixel_size_mm : (float, float) or None
        Height and width of a pixel; None when not recorded.
    metadata : mapping of str to object
        Further facts, as plain JSON values; ``"warnings"`` lists what the user
        should know.

    Raises
    ------
    FormatError
        There are no maps, or their shapes differ.
    """

    name: str
    maps: Mapping[str, npt.NDArray[np.float32]]
    source: str
    pixel_size_mm: tuple[float, float] | None = None
    metadata: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        shapes = {one.shape for one in self.maps.values()}
        if len(shapes) != 1 or len(next(iter(shapes))) != 2 or 0 in next(iter(shapes)):
            raise FormatError(
                f"{self.name} holds {len(self.maps)} maps of the shapes "
                f"{sorted(shapes)[:5]}; expected maps of one size, (y, x)."
            )

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        height, width = next(iter(self.maps.values())).shape
        return height, width


def named_maps(
    names: Iterable[str], planes: Iterable[npt.NDArray[Any]]
) -> dict[str, npt.NDArray[np.float32]]:
    """Give every map a name of its own, in their order.

    Examples
    --------
    >>> plane = np.zeros((2, 2))
    >>> list(named_maps(["Fe-K", "Fe-K", ""], [plane] * 3))
    ['Fe-K', 'Fe-K (2)', 'map 3']
    """
    maps: dict[str, npt.NDArray[np.float32]] = {}
    for index, (name, plane) in enumerate(zip(names, planes, strict=True), start=1):
        plain = " ".join(name.split())[:_LONGEST_NAME] or f"map {index}"
        n = 1
        while (unique := plain if n == 1 else f"{plain} ({n})") in maps:
            n += 1
        with np.errstate(over="ignore", invalid="ignore"):
            maps[unique] = np.ascontiguousarray(plane, dtype=np.float32)
    return maps
