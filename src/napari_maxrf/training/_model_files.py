"""Model files: safetensors whose header says what the model is.

Nothing in them can run, and a pickle is refused before anything reads it. The
safetensors header holds one string under the key ``napari_maxrf``: JSON with
the format's name and version, the kind of model, its configuration, energy
axis, palette, provenance, metrics and licence.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_maxrf._files import atomic_path
from napari_maxrf.errors import ModelError

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from torch import Tensor

FORMAT = "napari-maxrf model"
FORMAT_VERSION = 1
KEY = "napari_maxrf"
REQUIRED = (
    "kind",
    "config",
    "energy_axis",
    "palette",
    "provenance",
    "metrics",
    "licence",
)
LONGEST_HEADER = 16 * 2**20


def model_hash(tensors: Mapping[str, Tensor], config: Any) -> str:
    """Return a short hash of weights and configuration, whatever their order.

    Weights are hashed as float32, so that a model file keeps its hash however
    often it is read and written.
    """
    import torch

    digest = hashlib.sha256(json.dumps(config, sort_keys=True).encode())
    for name in sorted(tensors):
        tensor = tensors[name].detach().to("cpu", torch.float32).contiguous()
        digest.update(f"{name}{tuple(tensor.shape)}".encode())
        digest.update(tensor.numpy().astype("<f4", copy=False).tobytes())
    return digest.hexdigest()[:16]


def write_model(
    path: str | os.PathLike[str],
    kind: str,
    tensors: Mapping[str, Tensor],
    header: Mapping[str, Any],
    half: bool = False,
) -> str:
    """Write a model file, atomically, and return its hash.

    Parameters
    ----------
    path : path-like
        Where it shall stand, usually ``*.safetensors``.
    kind : str
        ``"embedding"`` or ``"recolouring"``.
    tensors : mapping of str to Tensor
        The weights.
    header : mapping
        ``config``, ``energy_axis``, ``palette``, ``provenance``, ``metrics`` and
        ``licence``, and whatever else the kind needs, as JSON values.
    half : bool
        Store float16, half the size. The hash is that of the rounded weights.

    Raises
    ------
    ModelError
        The header lacks a field, or a weight is not a finite number.
    """
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    full = {"kind": kind, **header}
    _require(full, path)
    kept = {
        name: _stored(t, torch.float16 if half else None) for name, t in tensors.items()
    }
    _refuse_unfinite(kept, path)
    full["model_hash"] = model_hash(kept, full["config"])
    full |= {"format": FORMAT, "format_version": FORMAT_VERSION}
    with atomic_path(path) as temporary:
        try:
            save_file(kept, temporary, metadata={KEY: json.dumps(full)})
        except SafetensorError as error:  # what it makes of a full disk
            raise OSError(str(error)) from error
    return str(full["model_hash"])


def read_model(
    path: str | os.PathLike[str], kind: str
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read the weights, as float32, and the header of a model file.

    Raises
    ------
    ModelError
        The file is missing, damaged, a pickle, of another kind, of a newer
        format, or lacks a field.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    header = read_header(path)
    if header["kind"] != kind:
        raise ModelError(
            f"{path} holds a model of kind {header['kind']!r}; one of kind {kind!r} "
            "is needed here."
        )
    try:
        stored = load_file(path)
    except (SafetensorError, OSError, KeyError) as error:
        raise _damaged(path, str(error)) from error
    tensors = {n: t.float() if t.is_floating_point() else t for n, t in stored.items()}
    _refuse_unfinite(tensors, path)
    if model_hash(tensors, header["config"]) != header.get("model_hash"):
        raise _damaged(path, "its weights do not have the hash its header names")
    return tensors, header


def read_header(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read what a model file says of itself, without its weights.

    Raises
    ------
    ModelError
        As for `read_model`, but any kind is accepted.
    """
    text = _safetensors_header(Path(path)).get("__metadata__", {}).get(KEY)
    if text is None:
        raise ModelError(
            f"{path} is a safetensors file, but not a model of napari-maxrf."
        )
    try:
        header = json.loads(text)
    except ValueError as error:
        raise _damaged(path, f"its header is not JSON: {error}") from error
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise ModelError(f"{path} is not a model of napari-maxrf.")
    _check_version(header.get("format_version"), path)
    _require(header, path)
    return header


def _safetensors_header(path: Path) -> dict[str, Any]:
    """Read the JSON at the start of a safetensors file, or say what it is."""
    try:
        with path.open("rb") as stream:
            start = stream.read(9)
            length = int.from_bytes(start[:8], "little")
            _refuse_foreign(path, start, length)
            raw = stream.read(length - 1)
    except OSError as error:
        raise ModelError(f"Cannot read the model {path}: {error.strerror}.") from error
    try:
        header = json.loads(start[8:] + raw)
    except ValueError as error:
        raise _damaged(path, "its header cannot be read") from error
    if not isinstance(header, dict):
        raise _damaged(path, "its header is not an object")
    return header


def _refuse_foreign(path: Path, start: bytes, length: int) -> None:
    """Refuse what cannot be a safetensors file, naming the usual suspects."""
    # A header of 128 bytes more than a multiple of 256 also begins with 0x80.
    plausible = start[8:9] == b"{" and length <= LONGEST_HEADER
    if not plausible and (start[:4] == b"PK\x03\x04" or start[:1] == b"\x80"):
        raise ModelError(
            f"{path} is a pickle or a torch.save file, which could run code when "
            "read; only .safetensors models are opened."
        )
    if len(start) < 9 or start[8:9] != b"{":
        raise ModelError(f"{path} is not a safetensors model file, or is truncated.")
    if length > LONGEST_HEADER:
        raise _damaged(path, f"its header claims {length} bytes")
    if length + 8 > path.stat().st_size:
        raise _damaged(path, "it is truncated inside its header")


def _check_version(version: Any, path: str | os.PathLike[str]) -> None:
    """Refuse a format this version of the package does not know."""
    if not isinstance(version, int) or version < 1:
        raise _damaged(path, f"its format version is {version!r}")
    if version > FORMAT_VERSION:
        raise ModelError(
            f"{path} has model format {version}; this version of napari-maxrf reads "
            f"up to {FORMAT_VERSION}. Update napari-maxrf."
        )


def _require(header: Mapping[str, Any], path: str | os.PathLike[str]) -> None:
    """Refuse a header with a field missing."""
    missing = [name for name in REQUIRED if name not in header]
    if missing:
        raise ModelError(f"The header of {path} lacks {', '.join(missing)}.")


def _refuse_unfinite(
    tensors: Mapping[str, Tensor], path: str | os.PathLike[str]
) -> None:
    """Refuse weights that are NaN or infinite."""
    for name, tensor in tensors.items():
        if not bool(tensor.isfinite().all()):
            raise ModelError(f"Weight {name} of {path} is not a finite number.")


def _stored(tensor: Tensor, dtype: Any) -> Tensor:
    """Bring a weight into the form it is stored in."""
    kept = tensor.detach().cpu()
    return kept.to(dtype if kept.is_floating_point() else None).contiguous().clone()


def _damaged(path: str | os.PathLike[str], why: str) -> ModelError:
    return ModelError(f"The model {path} is damaged: {why}. Copy or train it anew.")
