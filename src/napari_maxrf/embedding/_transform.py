"""What is done to counts before the network sees them (method.md 5.1)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor


def as_tensor(counts: npt.NDArray[Any]) -> Tensor:
    """Return counts as a float32 tensor of the same shape."""
    return torch.from_numpy(np.ascontiguousarray(counts, dtype=np.float32))


def transform(counts: Tensor) -> Tensor:
    """Return log(1 + counts), divided by its maximum over the bins.

    Parameters
    ----------
    counts : Tensor, shape (..., n_bins), float
        Counts on the axis of the model. Values below 0 count as 0.

    Returns
    -------
    Tensor, shape (..., n_bins)
        Values from 0 to 1; an empty spectrum stays 0.

    Examples
    --------
    >>> transform(torch.tensor([[0.0, 1.0, 3.0], [0.0, 0.0, 0.0]]))
    tensor([[0.0000, 0.5000, 1.0000],
            [0.0000, 0.0000, 0.0000]])
    """
    logs = counts.clamp_min(0).log1p()
    highest = logs.amax(dim=-1, keepdim=True)
    return logs / torch.where(highest > 0, highest, 1.0)


def limit_counts(counts: Tensor, most: float) -> Tensor:
    """Scale spectra with more than `most` counts in all down to it.

    The logarithm makes a spectrum of many counts look unlike one of the same
    paint with few, so a scan is brought to the exposure that a model was trained
    at. Spectra below `most` stay as they are; none is scaled up.

    Parameters
    ----------
    counts : Tensor, shape (..., n_bins), float
        Counts on the axis of the model.
    most : float
        Largest total of the training spectra.

    Examples
    --------
    >>> limit_counts(torch.tensor([[30.0, 10.0], [1.0, 3.0]]), 8)
    tensor([[6., 2.],
            [1., 3.]])
    """
    total = counts.sum(dim=-1, keepdim=True)
    return counts * torch.where(total > most, most / total.clamp_min(1e-6), 1.0)
