"""Regions of a scan from Shapes and Labels layers, wherever those lie in the world."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.layers import Labels, Layer, Shapes

    from napari_maxrf._napari._palette_curves import Colour

MOST_REGIONS = 24
_CORNERS = 64

Mask = npt.NDArray[np.bool_]
Points = npt.NDArray[np.float64]


class Region(NamedTuple):
    """Some pixels of a scan, with the name and the colour of their curve."""

    key: str
    name: str
    mask: Mask
    colour: Colour | None


def has_regions(layer: Layer) -> bool:
    """Tell whether a layer's shapes or labels can be regions."""
    return getattr(layer, "_type_string", "") in ("shapes", "labels")


def regions_of(layer: Layer, scan: Layer, point: Sequence[float]) -> list[Region]:
    """Return the regions that a layer marks on a scan.

    Parameters
    ----------
    layer : Shapes or Labels
        One region for each shape or label, at most `MOST_REGIONS`; those beside the
        scan are left out.
    scan : Layer
        Whose last two axes are the pixels.
    point : sequence of float
        Where the sliders stand, in world coordinates: of labels with more than two
        axes the plane there is taken.
    """
    shape = int(scan.data.shape[-2]), int(scan.data.shape[-1])
    find = _of_labels if layer._type_string == "labels" else _of_shapes
    found = find(layer, scan, shape, point)
    return [region for region in found if region.mask.any()][:MOST_REGIONS]


def _of_shapes(
    layer: Shapes, scan: Layer, shape: tuple[int, int], point: Sequence[float]
) -> list[Region]:
    regions = []
    for row, (corners, kind) in enumerate(
        zip(layer.data, layer.shape_type, strict=True)
    ):
        on_scan = np.array([_carried(layer, scan, corner) for corner in corners])
        mask = shape_mask(on_scan, str(kind), shape)
        regions.append(Region(f"region {row}", f"{kind} {row + 1}", mask, None))
    return regions


def shape_mask(corners: Points, kind: str, shape: tuple[int, int]) -> Mask:
    """Return the pixels of a shape: whose centres it holds, or that a line meets.

    Parameters
    ----------
    corners : ndarray, shape (n, 2)
        Rows and columns; of an ellipse, the box around it.
    kind : str
        As napari names it.
    shape : (int, int)
        Rows and columns of the scan.
    """
    from skimage.draw import polygon2mask

    if kind in ("line", "path"):
        return _along(corners, shape)
    outline = _ellipse(corners) if kind == "ellipse" else corners
    mask = np.asarray(polygon2mask(shape, outline), dtype=bool)
    return mask if mask.any() else _along(outline.mean(axis=0)[None], shape)


def _ellipse(corners: Points) -> Points:
    """Return points of the ellipse that touches the sides of a box."""
    centre = corners.mean(axis=0)
    one, other = (corners[1] - corners[0]) / 2, (corners[2] - corners[1]) / 2
    turn = np.linspace(0, 2 * np.pi, _CORNERS, endpoint=False)[:, None]
    return np.asarray(centre + np.cos(turn) * one + np.sin(turn) * other)


def _along(corners: Points, shape: tuple[int, int]) -> Mask:
    """Return the pixels that the straight lines from corner to corner meet."""
    mask = np.zeros(shape, bool)
    ends = [corners[:1], corners[1:]] if len(corners) > 1 else [corners]
    starts = np.concatenate([ends[0], corners[1:-1]]) if len(corners) > 1 else corners
    stops = ends[-1]
    for start, stop in zip(starts, stops, strict=True):
        n_steps = 2 * int(np.ceil(np.abs(stop - start).max())) + 1
        line = np.linspace(start, stop, n_steps)
        at = np.floor(line + 0.5).astype(int)
        inside = ((at >= 0) & (at < shape)).all(axis=1)
        mask[tuple(at[inside].T)] = True
    return mask


def _of_labels(
    layer: Labels, scan: Layer, shape: tuple[int, int], point: Sequence[float]
) -> list[Region]:
    labels = _sampled(_plane(layer, point), layer, scan, shape)
    return [
        Region(
            f"region {label}", f"label {label}", labels == label, _colour(layer, label)
        )
        for label in np.unique(labels).tolist()
        if label != 0
    ]


def _plane(layer: Labels, point: Sequence[float]) -> npt.NDArray[Any]:
    """Return the labels on the plane where the sliders stand."""
    data = layer.data[0] if layer.multiscale else layer.data
    at = np.floor(np.asarray(layer.world_to_data(point)) + 0.5)
    for axis in range(data.ndim - 2):
        data = data[int(np.clip(at[axis], 0, data.shape[0] - 1))]
    return np.asarray(data)


def _sampled(
    labels: npt.NDArray[Any], layer: Layer, scan: Layer, shape: tuple[int, int]
) -> npt.NDArray[Any]:
    """Return the label at the centre of every pixel of a scan; 0 beside the layer."""
    places = [
        _carried(scan, layer, np.array(at, float)) for at in ((0, 0), (1, 0), (0, 1))
    ]
    down, across = places[1] - places[0], places[2] - places[0]
    rows, columns = np.indices(shape)
    at = places[0] + rows[..., None] * down + columns[..., None] * across
    at = np.floor(at + 0.5).astype(int)
    inside = ((at >= 0) & (at < labels.shape)).all(axis=2)
    found = np.zeros(shape, labels.dtype)
    found[inside] = labels[tuple(at[inside].T)]
    return found


def _carried(source: Layer, target: Layer, point: Points) -> Points:
    """Carry a point of one layer's data to the rows and columns of another's."""
    whole = np.zeros(source.ndim)
    whole[-len(point) :] = point
    world = source.data_to_world(whole)
    return np.asarray(target.world_to_data(world)[-2:], dtype=float)


def _colour(layer: Labels, label: int) -> Colour | None:
    colour = layer.get_color(label)
    if colour is None:
        return None
    red, green, blue = (round(float(part) * 255) for part in colour[:3])
    return red, green, blue
