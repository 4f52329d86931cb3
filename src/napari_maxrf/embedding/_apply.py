"""Apply a trained embedding to spectra and cubes, block by block."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch

from napari_maxrf.cube import EnergyAxis
from napari_maxrf.embedding._config import EmbeddingConfig
from napari_maxrf.embedding._image import EmbeddedImage
from napari_maxrf.embedding._network import EmbeddingNetwork
from napari_maxrf.embedding._transform import as_tensor, limit_counts, transform
from napari_maxrf.errors import CalibrationError, MaxrfError, ModelError
from napari_maxrf.progress import Progress, Steps, finish
from napari_maxrf.provenance import ProcessStep
from napari_maxrf.training._device import pick_device
from napari_maxrf.training._model_files import read_model

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping

    from napari_maxrf.cube import SpectralCube

Floats = npt.NDArray[np.float32]

DEFAULT_WEIGHTS = Path(__file__).parents[1] / "weights" / "embedding_512.safetensors"
SPECTRA_AT_ONCE = 16_384


class Embedder:
    """A trained embedding, ready to be applied.

    Parameters
    ----------
    tensors : mapping of str to Tensor
        Weights, as `napari_maxrf.training.read_model` gives them.
    header : mapping
        Header of the model file.
    device : torch.device
        Where it runs.

    Raises
    ------
    ModelError
        Weights and header do not fit each other.
    """

    def __init__(
        self,
        tensors: Mapping[str, torch.Tensor],
        header: Mapping[str, Any],
        device: torch.device,
    ) -> None:
        self.header = dict(header)
        self.device = device
        self.config, self.axis = _settings(header)
        self.network = EmbeddingNetwork(self.config)
        try:
            self.network.load_state_dict(dict(tensors))
        except RuntimeError as error:
            reason = " ".join(str(error).split())
            raise ModelError(f"The weights do not fit the network: {reason}") from error
        self.network.to(device).eval()
        self._latent_facts = {name: self._fact(name) for name in _FACTS}

    @property
    def model_hash(self) -> str:
        """Hash of weights and configuration."""
        return str(self.header["model_hash"])

    @property
    def most_counts(self) -> float:
        """Largest total of a training spectrum; brighter spectra are scaled to it."""
        return float(self.header.get("most_counts", np.inf))

    def _fact(self, name: str) -> Floats:
        values = np.asarray(self.header.get(f"latent_{name}", ()), dtype=np.float32)
        if values.shape != (self.config.n_latents,):
            raise ModelError(f"The header of the model lacks latent_{name}.")
        return values

    @torch.inference_mode()
    def latents_of(self, counts: npt.NDArray[Any]) -> Floats:
        """Embed spectra that are on the axis of the model.

        Parameters
        ----------
        counts : ndarray, shape (n, n_bins)
            Counts, of any numeric type.

        Returns
        -------
        ndarray, shape (n, n_latents), float32
            Latent means.

        Raises
        ------
        CalibrationError
            The number of bins is not that of the model.
        """
        if counts.ndim != 2 or counts.shape[1] != self.axis.n_channels:
            raise CalibrationError(
                f"Spectra of shape {counts.shape} do not fit the model, which takes "
                f"{self.axis.n_channels} bins."
            )
        shape = len(counts), self.config.n_latents
        latents: Floats = np.empty(shape, np.float32)
        for start in range(0, len(counts), SPECTRA_AT_ONCE):
            part = slice(start, start + SPECTRA_AT_ONCE)
            spectra = as_tensor(counts[part]).to(self.device)
            spectra = transform(limit_counts(spectra, self.most_counts))
            latents[part] = self.network.encode(spectra).cpu().numpy()
        return latents

    def standardise(self, latents: Floats) -> Floats:
        """Scale latents to mean 0 and deviation 1 over the training spectra."""
        mean, std = self._latent_facts["mean"], self._latent_facts["std"]
        scaled = (latents - mean) / np.maximum(std, np.finfo(np.float32).tiny)
        return np.asarray(scaled, dtype=np.float32)

    def embed(self, cube: SpectralCube) -> EmbeddedImage:
        """Embed a cube; see `embed_steps`."""
        return finish(self.embed_steps(cube))

    def embed_steps(self, cube: SpectralCube) -> Steps[EmbeddedImage]:
        """Embed a cube, one block of pixels after the other.

        A cube on another energy axis is rebinned to that of the model. If it
        does not cover the range of the model, the image carries a warning.

        Raises
        ------
        CalibrationError
            Cube and model have no energy in common.
        """
        warning = self._warning(cube)
        fitting = cube.rebin(self.axis)
        n_y, n_x, _ = fitting.shape
        latents = np.empty((n_y, n_x, self.config.n_latents), np.float32)
        empty = np.empty((n_y, n_x), bool)
        total, done = n_y * n_x, 0
        yield Progress("Embedding spectra", done, total)
        for place, counts in _blocks(fitting):
            flat = counts.reshape(-1, counts.shape[2])
            shape = counts.shape[:2]
            latents[place] = self.latents_of(flat).reshape(*shape, -1)
            empty[place] = (flat.max(axis=1) <= 0).reshape(shape)
            done += len(flat)
            yield Progress("Embedding spectra", done, total)
        return self._image(fitting, latents, empty, warning)

    def _image(
        self,
        cube: SpectralCube,
        latents: Floats,
        empty: npt.NDArray[np.bool_],
        warning: str | None,
    ) -> EmbeddedImage:
        """Put latents and what the model knows of them together."""
        facts: dict[str, Any] = {"model": self.model_hash, "cube": cube.name}
        if np.isfinite(self.most_counts):
            facts["counts_limited_to"] = self.most_counts
        step = ProcessStep("embed", facts)
        return EmbeddedImage(
            latents,
            empty,
            **self._latent_facts,
            model_hash=self.model_hash,
            name=cube.name,
            pixel_size_mm=cube.pixel_size_mm,
            provenance=(*cube.provenance, step),
            warning=warning,
        )

    def _warning(self, cube: SpectralCube) -> str | None:
        """Say so if part of the model's range was not measured."""
        if cube.energy.covers(self.axis):
            return None
        low, high = cube.energy.range_kev
        model_low, model_high = self.axis.range_kev
        return (
            f"{cube.name} covers {low:.2f} to {high:.2f} keV, the model was trained "
            f"on {model_low:.2f} to {model_high:.2f} keV; it sees zeros in between "
            "the two, and its result is less to be trusted."
        )


_FACTS = ("low", "high", "mean", "std")


def load_embedder(
    path: str | os.PathLike[str] | None = None, device: str = "auto"
) -> Embedder:
    """Load a trained embedding.

    Parameters
    ----------
    path : path-like, optional
        A model file; by default the one that comes with the package.
    device : str
        Where it runs; see `napari_maxrf.training.pick_device`.

    Raises
    ------
    ModelError
        The file cannot be used.
    """
    tensors, header = read_model(DEFAULT_WEIGHTS if path is None else path, "embedding")
    return Embedder(tensors, header, pick_device(device))


def _settings(header: Mapping[str, Any]) -> tuple[EmbeddingConfig, EnergyAxis]:
    """Read configuration and energy axis from a header."""
    try:
        config = EmbeddingConfig.checked(**header["config"])
        axis = EnergyAxis.from_json(header["energy_axis"])
    except (MaxrfError, TypeError) as error:
        raise ModelError(
            f"The header of the embedding is not usable: {error}"
        ) from error
    if not axis.same_as(config.axis):
        raise ModelError("Energy axis and configuration of the embedding disagree.")
    return config, axis


def _blocks(
    cube: SpectralCube,
) -> Iterator[tuple[tuple[slice, slice], npt.NDArray[Any]]]:
    """Compute the cube block by block, whole spectra each.

    The blocks of the source are kept: a smaller cut would read each of them
    several times.
    """
    counts = cube.counts.rechunk({2: -1})
    rows, columns = (_slices(sizes) for sizes in counts.chunks[:2])
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            block = counts.blocks[i, j].compute()
            yield (row, column), np.asarray(block)


def _slices(sizes: tuple[int, ...]) -> list[slice]:
    """Return the place of each chunk along an axis."""
    ends = np.cumsum(sizes).tolist()
    return [slice(end - size, end) for end, size in zip(ends, sizes, strict=True)]
