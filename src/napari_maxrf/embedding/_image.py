"""The embedded image: latents of every pixel, with what is needed to show them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import numpy.typing as npt

from napari_maxrf import __version__
from napari_maxrf._files import atomic_path
from napari_maxrf.errors import FormatError
from napari_maxrf.io._writing import writing_h5
from napari_maxrf.provenance import ProcessStep, Provenance

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

Floats = npt.NDArray[np.float32]

FORMAT_VERSION = 1


@dataclass(frozen=True, eq=False)
class EmbeddedImage:
    """Latent values of every pixel of a cube.

    Attributes
    ----------
    latents : ndarray, shape (y, x, n_latents), float32
        Latent means. Sign and order mean nothing between two models.
    empty : ndarray, shape (y, x), bool
        Pixels without a count inside the model's range.
    low, high : ndarray, shape (n_latents,), float32
        1st and 99th percentile over the training set of the model.
    mean, std : ndarray, shape (n_latents,), float32
        Mean and standard deviation over the training set of the model.
    model_hash : str
        Which model made it.
    name : str
        Name of the cube.
    pixel_size_mm : (float, float) or None
        Height and width of a pixel in mm.
    provenance : tuple of ProcessStep
        What made it.
    warning : str or None
        What a user should know before trusting it.
    """

    latents: Floats
    empty: npt.NDArray[np.bool_]
    low: Floats
    high: Floats
    mean: Floats
    std: Floats
    model_hash: str
    name: str = "cube"
    pixel_size_mm: tuple[float, float] | None = None
    provenance: Provenance = ()
    warning: str | None = None

    def false_colour(self) -> Floats:
        """Return the first three latents as colours.

        Each runs from its 1st to its 99th percentile over the training set of
        the model, so that two cubes seen by one model can be compared. Empty
        pixels are black.

        Returns
        -------
        ndarray, shape (y, x, 3), float32, 0 to 1
        """
        span = np.maximum(self.high - self.low, 1e-6)
        colours = np.clip((self.latents - self.low) / span, 0, 1)[..., :3]
        colours[self.empty] = 0
        return np.asarray(colours, dtype=np.float32)

    def standardised(self) -> Floats:
        """Return (latents - mean)/std, with 0 where a pixel is empty.

        Returns
        -------
        ndarray, shape (y, x, n_latents), float32
        """
        values = (self.latents - self.mean) / self.std
        values[self.empty] = 0
        return values.astype(np.float32)


def save_embedded(image: EmbeddedImage, path: str | os.PathLike[str]) -> None:
    """Write an embedded image as HDF5 in the ``.maxrf`` layout, atomically.

    Raises
    ------
    MaxrfError
        The file cannot be written; an earlier one is unchanged.
    """
    with atomic_path(path) as temporary, writing_h5(temporary) as (file, _):
        file.attrs.update(_root_attributes())
        entry = file.create_group("entry")
        entry.attrs["NX_class"] = "NXentry"
        entry["title"] = image.name
        data = entry.create_dataset(
            "embedding",
            data=np.moveaxis(image.latents, -1, 0),
            compression="gzip",
            compression_opts=1,
            shuffle=True,
        )
        data.attrs.update(_attributes(image))
        entry.create_dataset(
            "embedding_empty", data=image.empty.astype(np.uint8), compression="gzip"
        )
        _write_provenance(entry, image.provenance)


def load_embedded(path: str | os.PathLike[str]) -> EmbeddedImage:
    """Read an embedded image.

    Raises
    ------
    FormatError
        The file is missing, damaged, of a newer format, or holds no embedding.
    """
    try:
        with h5py.File(path, "r") as file:
            _check_root(file.attrs, path)
            if "entry/embedding" not in file:
                raise FormatError(f"{path} holds no embedded image; embed it first.")
            return _read(file["entry"])
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise FormatError(
            f"{path} cannot be read as an embedded image: {error}."
        ) from error


def _root_attributes() -> dict[str, Any]:
    return {
        "format": "maxrf",
        "format_version": FORMAT_VERSION,
        "creator": f"napari-maxrf {__version__}",
        "NX_class": "NXroot",
        "default": "entry",
    }


def _attributes(image: EmbeddedImage) -> dict[str, Any]:
    """Return what stands beside the latents; absent facts are left out."""
    values = {
        "model_hash": image.model_hash,
        "low": image.low,
        "high": image.high,
        "mean": image.mean,
        "std": image.std,
        "pixel_size_mm": image.pixel_size_mm,
        "warning": image.warning,
    }
    return {name: value for name, value in values.items() if value is not None}


def _write_provenance(entry: h5py.Group, provenance: Provenance) -> None:
    for number, step in enumerate(provenance, 1):
        group = entry.create_group(f"process_{number:02d}")
        group.attrs["NX_class"] = "NXprocess"
        group["program"] = step.process
        group["version"] = step.version
        group["parameters"] = json.dumps(asdict(step)["parameters"])


def _read_provenance(entry: h5py.Group) -> Provenance:
    groups = [entry[name] for name in sorted(entry) if name.startswith("process_")]
    return tuple(
        ProcessStep(
            _text(group["program"]),
            json.loads(_text(group["parameters"])),
            _text(group["version"]),
        )
        for group in groups
    )


def _text(dataset: h5py.Dataset) -> str:
    return str(dataset.asstr()[()])


def _check_root(attributes: Mapping[str, Any], path: str | os.PathLike[str]) -> None:
    if attributes.get("format") != "maxrf":
        raise FormatError(f"{path} is an HDF5 file, but not a .maxrf file.")
    version = int(attributes.get("format_version", 0))
    if version > FORMAT_VERSION:
        raise FormatError(
            f"{path} has .maxrf format {version}; this version of napari-maxrf reads "
            f"up to {FORMAT_VERSION}. Update napari-maxrf."
        )


def _read(entry: h5py.Group) -> EmbeddedImage:
    """Read the embedded image of an entry."""
    data = entry["embedding"]
    attributes = dict(data.attrs)
    latents = np.moveaxis(data[()], 0, -1).astype(np.float32)
    empty = (
        entry["embedding_empty"][()].astype(bool)
        if "embedding_empty" in entry
        else np.zeros(latents.shape[:2], bool)
    )
    low, high, mean, std = (
        np.asarray(attributes[name], np.float32)
        for name in ("low", "high", "mean", "std")
    )
    size = attributes.get("pixel_size_mm")
    return EmbeddedImage(
        np.ascontiguousarray(latents),
        empty,
        low,
        high,
        mean,
        std,
        str(attributes["model_hash"]),
        _text(entry["title"]) if "title" in entry else "cube",
        None if size is None else (float(size[0]), float(size[1])),
        _read_provenance(entry),
        attributes.get("warning"),
    )
