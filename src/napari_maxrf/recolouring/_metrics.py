"""How good a recoloured picture is, in the figures that the report shows.

All are taken on colours clipped to 0..1. MS-SSIM and UQI come from
torchmetrics, CIEDE2000 from colour-science, both imported when first needed.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from napari_maxrf.colours import ciede2000, srgb_to_lab
from napari_maxrf.errors import PictureError

Picture = npt.NDArray[np.floating[Any]]

SCALES = 5
"""Scales of MS-SSIM; every scale halves the picture."""

UQI_WINDOW = 11
"""Side of the window of UQI in pixels."""

ROWS_AT_ONCE = 256
"""Rows of a colour difference map computed together, which bounds memory."""


def ms_ssim_kernel(side: int) -> int | None:
    """Return the window of MS-SSIM for a picture whose shorter side is `side`.

    The usual window of 11 pixels has to fit at the coarsest of five scales,
    which needs 176 pixels; a window of 7 needs 112.

    Examples
    --------
    >>> ms_ssim_kernel(176), ms_ssim_kernel(175), ms_ssim_kernel(111)
    (11, 7, None)
    """
    for kernel in (11, 7):
        if side // 2 ** (SCALES - 1) > kernel - 1:
            return kernel
    return None


def ms_ssim_of_batch(predicted: Tensor, target: Tensor, kernel: int) -> Tensor:
    """Return the mean MS-SSIM of batches (N, 3, H, W) with values in 0..1."""
    from torchmetrics.functional.image import (
        multiscale_structural_similarity_index_measure as ms_ssim,
    )

    value = ms_ssim(
        predicted,
        target,
        kernel_size=kernel,
        data_range=1.0,
    )
    return torch.as_tensor(value)


def picture_metrics(predicted: Picture, original: Picture) -> dict[str, Any]:
    """Compare a recoloured picture with the original one.

    Parameters
    ----------
    predicted, original : ndarray, shape (y, x, 3)
        Colours 0..1; what lies outside is clipped.

    Returns
    -------
    dict
        ``ms_ssim``, ``uqi`` (1 is equal), mean ``ciede2000``, mean
        ``compuphase`` (0 is equal) and ``psnr`` in dB. None where the picture
        is too small for a figure, or where PSNR is infinite; then, or when
        MS-SSIM had to use a smaller window, ``note`` says so.

    Raises
    ------
    PictureError
        The shapes differ or are not (y, x, 3), or a value is not finite.
    """
    pair = _checked(predicted, original)
    a, b = (_as_batch(picture) for picture in pair)
    kernel = ms_ssim_kernel(min(a.shape[-2:]))
    figures: dict[str, Any] = {
        "ms_ssim": None if kernel is None else float(ms_ssim_of_batch(a, b, kernel)),
        "uqi": _uqi(a, b),
        "ciede2000": float(colour_difference_map(*pair).mean(dtype=np.float64)),
        "compuphase": _mean_compuphase(a, b),
        "psnr": _psnr(a, b),
    }
    note = _note(min(a.shape[-2:]), kernel)
    return {**figures, "note": note} if note else figures


def colour_difference_map(a: Picture, b: Picture) -> npt.NDArray[np.float32]:
    """Return the CIEDE2000 colour difference of every pixel.

    Parameters
    ----------
    a, b : ndarray, shape (y, x, 3)
        sRGB colours 0..1 under D65; what lies outside is clipped.

    Returns
    -------
    ndarray of float32, shape (y, x)
        0 is equal, about 1 just visible, 100 black against white.

    Raises
    ------
    PictureError
        The shapes differ or are not (y, x, 3), or a value is not finite.
    """
    a, b = _checked(a, b)
    out = np.empty(a.shape[:2], np.float32)
    for top in range(0, len(a), ROWS_AT_ONCE):
        rows = slice(top, top + ROWS_AT_ONCE)
        out[rows] = ciede2000(srgb_to_lab(a[rows]), srgb_to_lab(b[rows]))
    return out


def _uqi(a: Tensor, b: Tensor) -> float | None:
    """Return the universal image quality index, None below its window."""
    from torchmetrics.functional.image import universal_image_quality_index

    if min(a.shape[-2:]) < UQI_WINDOW:
        return None
    return float(universal_image_quality_index(a, b))


def _mean_compuphase(a: Tensor, b: Tensor) -> float:
    from napari_maxrf.recolouring._losses import compuphase

    return float(compuphase(a, b).double().mean())


def _psnr(a: Tensor, b: Tensor) -> float | None:
    """Return the peak signal-to-noise ratio in dB, None for equal pictures."""
    error = float((a - b).double().square().mean())
    return -10 * math.log10(error) if error > 0 else None


def _note(side: int, kernel: int | None) -> str | None:
    """Say what is special about the figures of a small picture."""
    if kernel is None:
        return f"No MS-SSIM: the shorter side has {side} px, it needs 112."
    if kernel == 7:
        return f"MS-SSIM with a window of 7 instead of 11: shorter side {side} px."
    return None


def _as_batch(picture: Picture) -> Tensor:
    return torch.from_numpy(picture.astype(np.float32)).permute(2, 0, 1)[None]


def _checked(a: Picture, b: Picture) -> tuple[Picture, Picture]:
    """Return both pictures clipped to 0..1, or say why they do not compare."""
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape or a.ndim != 3 or a.shape[2] != 3 or a.size == 0:
        raise PictureError(
            f"Cannot compare pictures of shapes {a.shape} and {b.shape}; "
            "expected the same (y, x, 3) twice."
        )
    for picture in (a, b):
        if not np.issubdtype(picture.dtype, np.floating):
            raise PictureError(
                f"Cannot compare colours of type {picture.dtype}; expected floats "
                "0..1, as load_picture gives them."
            )
        if not np.isfinite(picture).all():
            raise PictureError("Cannot compare pictures with values that are NaN.")
    return np.clip(a, 0, 1), np.clip(b, 0, 1)
