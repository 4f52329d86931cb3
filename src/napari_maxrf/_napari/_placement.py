"""Where a layer lies in the world, and how a result is laid over it exactly.

napari aligns layers only if all their units agree: a result in mm over a
picture in pixels shares no world with it. So every result takes the placement
of the layer it was made from, units included.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from napari.layers import Layer

    from napari_maxrf.cube import EnergyAxis

Matrix = npt.NDArray[np.float64]
Placement = dict[str, Any]


def placement_of(layer: Layer, shape: tuple[int, int] | None = None) -> Placement:
    """Return where the (y, x) plane of `layer` lies.

    Parameters
    ----------
    layer : napari layer
        The layer a result shall be laid over; its last two axes are used.
    shape : (int, int), optional
        Rows and columns of the result, if it has not as many pixels as the
        layer. It is then stretched over the same area.

    Returns
    -------
    dict
        ``scale``, ``translate``, ``units`` (2 values each) and ``affine``
        (3, 3), as keywords of a layer. Rotation and shear are in ``affine``.
    """
    placement = {
        "scale": np.array(layer.scale[-2:], dtype=float),
        "translate": np.array(layer.translate[-2:], dtype=float),
        "units": tuple(str(unit) for unit in layer.units[-2:]),
        "affine": _all_but_scale_and_translate(layer),
    }
    return placement if shape is None else _stretch(placement, _rows(layer), shape)


def pixel_placement(pixel_size_mm: tuple[float, float] | None) -> Placement:
    """Return the placement of a scan: in mm if its pixel size is known."""
    known = pixel_size_mm is not None
    return {
        "scale": np.array(pixel_size_mm if known else (1.0, 1.0), dtype=float),
        "translate": np.zeros(2),
        "units": ("mm", "mm") if known else ("pixel", "pixel"),
        "affine": np.eye(3),
    }


def below_energy(placement: Placement, axis: EnergyAxis) -> Placement:
    """Put an energy axis (keV) before the (y, x) plane of `placement`."""
    affine = np.eye(4)
    affine[1:, 1:] = placement["affine"]
    return {
        "scale": np.array([axis.gain_kev, *placement["scale"]]),
        "translate": np.array([axis.offset_kev, *placement["translate"]]),
        "units": ("keV", *placement["units"]),
        "affine": affine,
    }


def _all_but_scale_and_translate(layer: Layer) -> Matrix:
    """Fold affine, rotation and shear of the last two axes into one matrix.

    A layer maps data to world by ``A T R H S`` (affine, translate, rotate,
    shear, scale). The same map with scale and translate alone beside one
    affine matrix needs ``A T R H S (T S)^-1``.
    """
    from napari.utils.transforms import Affine

    own = {
        key: getattr(layer, key) for key in ("scale", "translate", "rotate", "shear")
    }
    outer = _plane(np.asarray(layer.affine.affine_matrix, dtype=float))
    inner = _plane(Affine(**own).affine_matrix)
    plain = np.diag([*layer.scale[-2:], 1.0])
    plain[:2, 2] = layer.translate[-2:]
    return outer @ inner @ np.linalg.inv(plain)


def _plane(matrix: Matrix) -> Matrix:
    """Take the part of a homogeneous matrix that moves the last two axes."""
    return matrix[-3:, -3:]


def _rows(layer: Layer) -> tuple[int, int]:
    shape = layer.level_shapes[0] if layer.multiscale else layer.data.shape
    plane = shape[:-1] if getattr(layer, "rgb", False) else shape
    return int(plane[-2]), int(plane[-1])


def _stretch(
    placement: Placement, source: tuple[int, int], target: tuple[int, int]
) -> Placement:
    """Lay `target` pixels over the area of `source` pixels (edges, not centres)."""
    factor = np.array(source, dtype=float) / np.array(target, dtype=float)
    scale = placement["scale"]
    shift = (factor - 1) / 2 * scale
    moved = {
        "scale": scale * factor,
        "translate": placement["translate"] + shift,
    }
    return placement | moved
