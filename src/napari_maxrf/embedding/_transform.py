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
