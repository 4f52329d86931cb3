"""A new cube without the defects that were found in a scan; the scan stays as it is."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
import numpy.typing as npt

from napari_maxrf.errors import MaxrfError, did_you_mean
from napari_maxrf.provenance import ProcessStep

if TYPE_CHECKING:
    from collections.abc import Sequence

    import dask.array as da

    from napari_maxrf.analysis._defects import Defects
    from napari_maxrf.cube import SpectralCube

Method = Literal["nearest", "linear"]

KINDS = ("backlash", "border", "hot", "rows")
"""Kinds of defects that `corrected` knows."""
METHODS = ("nearest", "linear")
_INTERPOLATED = (
    "Counts of this scan are interpolated: they do not follow Poisson statistics, and "
    "errors computed from them are too large."
)


def corrected(
    cube: SpectralCube,
    defects: Defects,
    which: Sequence[str] = KINDS,
    method: Method = "nearest",
) -> SpectralCube:
    """Return a derived cube in which defects are corrected, lazily.

    Hot pixels take the median of the pixels around them, in that channel. Bad rows
    take the counts of rows beside them. Odd rows are moved back against the even
    ones; columns which some rows then lack are left out. Borders are cut off.

    Parameters
    ----------
    cube : SpectralCube
        The scan in which the defects were found; it is not changed.
    defects : Defects
        As `find_defects` returns them.
    which : sequence of str, optional
        Kinds to correct, of `KINDS`; default all.
    method : str, optional
        ``"nearest"`` moves rows by whole pixels and copies whole rows: counts stay
        whole numbers. ``"linear"`` interpolates between neighbours, as float32: a
        warning in the metadata says that the counts are no longer Poissonian.

    Raises
    ------
    MaxrfError
        An unknown kind or method, or defects of a scan of another shape.
    """
    _check(cube, defects, which, method)
    pipeline = _Correction(defects, frozenset(which), method)
    planes = {name: pipeline.plane(plane) for name, plane in cube.maps.items()}
    live, shape = cube.live_time_s, cube.shape
    parameters = {
        "which": [kind for kind in KINDS if kind in which],
        "method": method,
        "defects": _facts(defects, which),
        "columns": [pipeline.columns(shape[1]).start, pipeline.columns(shape[1]).stop],
        "rows": [pipeline.rows(shape[0]).start, pipeline.rows(shape[0]).stop],
    }
    step = ProcessStep("correct defects", parameters)
    return replace(
        cube,
        counts=pipeline.counts(cube.counts),
        live_time_s=None if live is None else pipeline.plane(live),
        maps=planes,
        stored=None,
        metadata=_warned(cube.metadata) if pipeline.interpolates else cube.metadata,
        provenance=(*cube.provenance, step),
    )


def _check(
    cube: SpectralCube, defects: Defects, which: Sequence[str], method: str
) -> None:
    for word, known in (*((kind, KINDS) for kind in which), (method, METHODS)):
        if word not in known:
            raise MaxrfError(
                f"{word!r} is not one of {', '.join(known)}{did_you_mean(word, known)}"
            )
    if defects.shape != cube.shape:
        raise MaxrfError(
            f"The defects were found in a scan of {defects.shape}; {cube.name} has "
            f"{cube.shape}."
        )


def _facts(defects: Defects, which: Sequence[str]) -> dict[str, Any]:
    """Return what was corrected, with hot pixels as a number and the worst few."""
    facts: dict[str, Any] = {}
    if "backlash" in which and defects.backlash:
        facts["backlash"] = asdict(defects.backlash)
    if "border" in which:
        facts["border"] = [asdict(one) for one in defects.borders]
    if "hot" in which:
        worst = [asdict(one) for one in defects.hot_pixels[:20]]
        facts["hot"] = {"n": len(defects.hot_pixels), "worst": worst}
    if "rows" in which:
        facts["rows"] = [asdict(one) for one in defects.rows]
    return facts


def _warned(metadata: Any) -> dict[str, Any]:
    warnings = [*metadata.get("warnings", ()), _INTERPOLATED]
    return {**metadata, "warnings": warnings}


class _Correction:
    """The same steps for the counts and for every plane beside them."""

    def __init__(self, defects: Defects, which: frozenset[str], method: Method) -> None:
        backlash = defects.backlash if "backlash" in which else None
        self.shift = backlash.displacement_px if backlash else 0.0
        if method == "nearest":
            self.shift = float(round(self.shift))
        self.linear = method == "linear"
        self.bad = [one.y for one in defects.rows] if "rows" in which else []
        self.hot = defects.hot_pixels if "hot" in which else ()
        self.borders = {one.side: one.n for one in defects.borders if "border" in which}

    @property
    def interpolates(self) -> bool:
        """Whether counts become fractions."""
        return self.linear and bool(self.shift or self.bad)

    def columns(self, n_x: int) -> slice:
        """Return the columns of the scan that remain.

        Odd rows are read at x + shift, so that a shift to the right lacks the last
        columns, and one to the left the first.
        """
        first = max(self.borders.get("left", 0), int(np.ceil(-self.shift)), 0)
        last = max(self.borders.get("right", 0), int(np.ceil(self.shift)), 0)
        if first + last >= n_x:
            raise MaxrfError("The defects leave no column of the scan.")
        return slice(first, n_x - last)

    def rows(self, n_y: int) -> slice:
        """Return the rows of the scan that remain."""
        first, last = self.borders.get("top", 0), self.borders.get("bottom", 0)
        if first + last >= n_y:
            raise MaxrfError("The defects leave no row of the scan.")
        return slice(first, n_y - last)

    def counts(self, counts: da.Array) -> da.Array:
        """Correct counts, lazily."""
        cooled = _cooled(counts, self.hot)
        if self.interpolates:
            cooled = cooled.astype(np.float32)
        return self._in_place(cooled)

    def plane(self, plane: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Correct a plane in memory, such as a map."""
        import dask.array as da

        moved = self._in_place(da.from_array(plane[:, :, None]))
        return np.asarray(moved[:, :, 0].compute(), np.float32)

    def _in_place(self, values: da.Array) -> da.Array:
        """Move, fill and crop an array (y, x, any)."""
        rows, columns = self.rows(values.shape[0]), self.columns(values.shape[1])
        moved = _moved(values, self.shift, columns)
        filled: da.Array = _filled(moved, self.bad, self.linear)[rows]
        return filled


def _cooled(counts: da.Array, hot: Sequence[Any]) -> da.Array:
    """Put the expected counts in the place of hot ones, block by block."""
    if not hot:
        return counts
    places = np.array([(one.y, one.x, one.channel) for one in hot])
    values = np.array([one.expected for one in hot])
    changed: da.Array = counts.map_blocks(
        cast("Any", _with_values), places, values, dtype=counts.dtype
    )
    return changed


def _with_values(
    block: npt.NDArray[Any],
    places: npt.NDArray[np.int64],
    values: npt.NDArray[np.float64],
    block_info: Any = None,
) -> npt.NDArray[Any]:
    """Return a copy of a block in which some values are others."""
    spans = np.array(block_info[0]["array-location"])
    inside = ((places >= spans[:, 0]) & (places < spans[:, 1])).all(axis=1)
    changed = block.copy()
    where = tuple((places[inside] - spans[:, 0]).T)
    changed[where] = np.floor(values[inside]).astype(block.dtype)
    return changed


def _moved(values: da.Array, shift: float, columns: slice) -> da.Array:
    """Move the odd rows back by `shift` columns against the even ones."""
    import dask.array as da

    whole = int(np.floor(shift))
    part = shift - whole
    still: da.Array = values[:, columns]
    if not shift:
        return still
    turned = values[:, _offset(columns, whole)]
    if part:
        beyond = values[:, _offset(columns, whole + 1)].rechunk(still.chunks)
        turned = (1 - part) * turned.rechunk(still.chunks) + part * beyond
    odd = da.from_array(
        (np.arange(values.shape[0]) % 2 == 1)[:, None, None],
        chunks=(still.chunks[0], 1, 1),
    )
    moved = da.where(odd, turned.rechunk(still.chunks), still)
    return moved.astype(values.dtype)  # type: ignore[no-any-return]


def _offset(columns: slice, by: int) -> slice:
    return slice(columns.start + by, columns.stop + by)


def _filled(values: da.Array, bad: Sequence[int], linear: bool) -> da.Array:
    """Put rows beside them, or their mean, in the place of bad rows."""
    import dask.array as da

    good = np.setdiff1d(np.arange(values.shape[0]), list(bad))
    if not len(bad) or not len(good):
        return values
    rows = []
    for y in bad:
        above, below = good[good < y][-1:], good[good > y][:1]
        beside = [int(one) for one in (*above, *below)]
        nearest = min(beside, key=lambda one: abs(one - y))
        if linear and len(beside) == 2:
            share = (y - beside[0]) / (beside[1] - beside[0])
            mixed = (1 - share) * values[beside[0]] + share * values[beside[1]]
            rows.append(mixed.astype(values.dtype))
        else:
            rows.append(values[nearest])
    pieces, start = [], 0
    for y, row in zip(bad, rows, strict=True):
        pieces += [values[start:y], row[None]]
        start = y + 1
    joined = da.concatenate([*pieces, values[start:]])
    return joined.rechunk(values.chunks)  # type: ignore[no-any-return]
