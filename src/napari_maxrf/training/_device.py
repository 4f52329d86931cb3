"""Import torch and choose a device, with a readable reason when that fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_maxrf.errors import MaxrfError

if TYPE_CHECKING:
    import torch


def import_torch() -> Any:
    """Import torch and return it.

    On Windows, torch 2.9 and later can fail to load after PyQt (pytorch issues
    166628, 169429); a plugin always loads after Qt.

    Raises
    ------
    MaxrfError
        torch is missing, or its libraries cannot be loaded.
    """
    try:
        import torch
    except OSError as error:
        raise MaxrfError(
            f"torch cannot be loaded ({error}). On Windows it has to be loaded "
            "before Qt: start napari with `napari-maxrf open`."
        ) from error
    except ImportError as error:
        raise MaxrfError(
            f"torch cannot be imported ({error}). Install it with "
            '`pip install "napari-maxrf[all]"`.'
        ) from error
    return torch


def pick_device(name: str = "auto") -> torch.device:
    """Choose where a model runs.

    Parameters
    ----------
    name : str
        ``"auto"`` (cuda, else mps, else cpu), or a device such as ``"cuda:1"``.

    Raises
    ------
    MaxrfError
        The device is unknown or not there.
    """
    torch = import_torch()
    there = _available(torch)
    if name == "auto":
        return torch.device(there[0])  # type: ignore[no-any-return]
    try:
        device = torch.device(name)
    except (RuntimeError, ValueError):
        device = None
    if device is None or device.type not in there or not _numbered(torch, device):
        raise MaxrfError(
            f"There is no device {name!r} here; choose auto or one of "
            f"{', '.join(there)}."
        )
    return device  # type: ignore[no-any-return]


def _available(torch: Any) -> list[str]:
    """List the kinds of device, the fastest first."""
    kinds = ["cuda"] if torch.cuda.is_available() else []
    kinds += ["mps"] if torch.backends.mps.is_available() else []
    return [*kinds, "cpu"]


def _numbered(torch: Any, device: Any) -> bool:
    """Tell whether the number of a CUDA device exists."""
    if device.type != "cuda" or device.index is None:
        return True
    return bool(device.index < torch.cuda.device_count())
