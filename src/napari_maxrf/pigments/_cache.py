"""Computed spectra on disk, so that each is computed once per machine.

The folder belongs to the user and may be emptied at any time. Nothing here may
fail: a cache that cannot be read or written only costs seconds.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

from napari_maxrf._files import atomic_path
from napari_maxrf.errors import MaxrfError


def cache_folder() -> Path:
    """Return the folder for cached spectra, as the platform wants it.

    ``XDG_CACHE_HOME`` or ``~/.cache``, ``LOCALAPPDATA`` on Windows, and
    ``~/Library/Caches`` on macOS.
    """
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData/Local")
    elif sys.platform == "darwin":
        base = str(Path.home() / "Library/Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "napari-maxrf" / "spectra"


def read_spectrum(key: str, n_channels: int) -> npt.NDArray[np.float64] | None:
    """Return a cached spectrum, or None if it is missing or damaged."""
    try:
        values = np.load(cache_folder() / f"{key}.npy", allow_pickle=False)
    except (OSError, ValueError, EOFError, RuntimeError):
        return None
    usable = values.dtype == np.float64 and values.shape == (n_channels,)
    if not usable or not np.isfinite(values).all() or abs(values.sum() - 1) > 1e-6:
        return None
    return np.asarray(values)


def write_spectrum(key: str, values: npt.NDArray[np.float64]) -> None:
    """Keep a spectrum; two processes may write the same at the same time."""
    try:
        with atomic_path(cache_folder() / f"{key}.npy") as temporary:
            np.save(temporary, values, allow_pickle=False)
    except (MaxrfError, OSError, RuntimeError):
        return
