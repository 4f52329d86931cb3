"""What the training loop has to know to train a recolouring network."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from napari_maxrf.errors import ModelError, TrainingError
from napari_maxrf.recolouring._augmentation import augment
from napari_maxrf.recolouring._inference import recolour_latents
from napari_maxrf.recolouring._losses import loss_terms
from napari_maxrf.recolouring._metrics import picture_metrics
from napari_maxrf.recolouring._networks import build_network
from napari_maxrf.training import read_model, write_model

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from napari_maxrf.recolouring._config import RecolouringConfig

Image = npt.NDArray[np.float32]
KIND = "recolouring"
LICENCE = "BSD-3-Clause"
REFERENCE = ("reference.latents", "reference.colours")
METRICS = ("ms_ssim", "uqi", "ciede2000", "compuphase")


class PairSource(Protocol):
    """Where pairs of an embedded image and its painting come from.

    Attributes
    ----------
    n_train : int
        Number of training pictures.
    """

    n_train: int

    def train_pair(self, i: int, rng: np.random.Generator) -> tuple[Image, Image]:
        """Return standardised latents and colours of picture `i`, (y, x, 3) each.

        Called from a thread, with noise drawn anew from `rng` at each call.
        """
        ...

    def val_pairs(self) -> Sequence[tuple[Image, Image]]:
        """Return the pairs on which the network is judged, always the same."""
        ...


class RecolouringTask:
    """Train a recolouring network on pairs; see `napari_maxrf.training.Task`.

    Parameters
    ----------
    samples : PairSource
    config : RecolouringConfig
    embedding_hash : str
        Hash of the embedding model that made the latents; the trained network
        refuses images of any other.
    batch_size : int
        Pictures in a batch, the `batch_size` of the training's configuration.
    seed : int
        Decides on the first weights, the order of pictures and their crops.
    energy_axis, palette : mapping
        What the training cubes were made with, as JSON values, for the header.
    provenance : sequence of mapping
        Steps that led to the training data, as JSON values, for the header.
    half : bool
        Store the finished model in float16.
    reference : (ndarray, ndarray), optional
        Standardised latents and colours of training pixels, (n, 3) each, kept in
        the model file for the nearest-neighbour baseline.
    start_from : path, optional
        Model file of the same network whose weights are trained further.

    Raises
    ------
    TrainingError
        There are no pictures.
    ModelError
        `start_from` is of another network or another embedding.
    """

    metric = "ms_ssim"
    mode: Literal["min", "max"] = "max"
    first_judged_epoch = 0

    def __init__(
        self,
        samples: PairSource,
        config: RecolouringConfig,
        *,
        embedding_hash: str,
        batch_size: int,
        seed: int = 0,
        energy_axis: Mapping[str, Any] | None = None,
        palette: Mapping[str, Any] | None = None,
        provenance: Sequence[Mapping[str, Any]] = (),
        half: bool = False,
        reference: tuple[Image, Image] | None = None,
        start_from: Path | None = None,
    ) -> None:
        if samples.n_train < 1:
            raise TrainingError("There are no training pictures.")
        self.samples, self.config = samples, config
        self.batch_size, self.seed, self.half = batch_size, seed, half
        self._reference = reference
        self._header = {
            "embedding_hash": embedding_hash,
            "energy_axis": dict(energy_axis or {}),
            "palette": dict(palette or {}),
            "provenance": [dict(step) for step in provenance],
        }
        self.description: dict[str, Any] = {
            "kind": KIND,
            "config": config.to_json(),
            "n_train": samples.n_train,
            "batch_size": batch_size,
            "seed": seed,
            **self._header,
        }
        self.model: nn.Module = seeded_network(config, seed)
        if start_from is not None:
            self.description["start_from"] = self._take_weights(start_from)
        self._val: Sequence[tuple[Image, Image]] | None = None
        self._order = lru_cache(maxsize=4)(self._shuffled)

    def _take_weights(self, source: Path) -> str:
        """Give the network the weights of a model file; return the file's hash."""
        from napari_maxrf.recolouring._recolourer import fill_network

        tensors, header = read_model(source, KIND)
        known, expected = header.get("embedding_hash"), self._header["embedding_hash"]
        if known != expected:
            raise ModelError(
                f"{source} was trained with embedding {known}, not with {expected}. "
                "Choose a model of the same embedding to start from."
            )
        fill_network(self.model, tensors, source)
        return str(header["model_hash"])

    def batch(self, index: int) -> tuple[Tensor, Tensor]:
        """Return latents and colours of batch `index`, (N, 3, side, side) each.

        Pictures come in an order shuffled anew for each round through them.
        """
        first = index * self.batch_size
        pairs = [self._pair(first + i) for i in range(self.batch_size)]
        latents, rgb = (as_batch(images) for images in zip(*pairs, strict=True))
        return latents, rgb

    def _pair(self, number: int) -> tuple[Image, Image]:
        """Return crop `number` of the training, counted from its beginning."""
        turn, place = divmod(number, self.samples.n_train)
        rng = np.random.default_rng((self.seed, number))
        latents, rgb = self.samples.train_pair(int(self._order(turn)[place]), rng)
        config = self.config
        return augment(latents, rgb, config.crop_size, config.shrink_share, rng)

    def _shuffled(self, turn: int) -> npt.NDArray[np.int64]:
        """Return the order of the pictures in one round through them."""
        rng = np.random.default_rng((self.seed, turn, self.samples.n_train))
        return rng.permutation(self.samples.n_train)

    def loss(
        self, model: nn.Module, batch: tuple[Tensor, ...], epoch: int
    ) -> dict[str, Tensor]:
        """Return the terms of the loss on raw, unclipped output."""
        latents, rgb = batch
        kind = latents.device.type
        low = computes_in_bfloat16(self.config.precision, kind)
        with torch.autocast(kind, torch.bfloat16, enabled=low):
            predicted = model(latents)
        with torch.autocast(kind, enabled=False):
            return loss_terms(predicted.float(), rgb, self.config.weights)

    def validate(self, model: nn.Module, epoch: int) -> dict[str, float]:
        """Return the mean metrics of the validation pictures.

        Raises
        ------
        TrainingError
            There are none, or one is too small for MS-SSIM.
        """
        if self._val is None:
            self._val = _checked_pairs(self.samples.val_pairs())
        tile = self.config.image_size
        figures = [
            picture_metrics(recolour_latents(model, latents, tile), rgb)
            for latents, rgb in self._val
        ]
        return {n: float(np.mean([f[n] for f in figures])) for n in METRICS}

    def save(self, path: Path, model: nn.Module, summary: dict[str, Any]) -> None:
        """Write the model file that `load_recolourer` reads."""
        header = {
            **self._header,
            "config": self.config.to_json(),
            "metrics": summary.get("metrics", {}),
            "licence": LICENCE,
            "training": summary,
        }
        tensors = dict(model.state_dict())
        if self._reference is not None:
            for name, values in zip(REFERENCE, self._reference, strict=True):
                tensors[name] = torch.from_numpy(np.ascontiguousarray(values))
        write_model(path, KIND, tensors, header, half=self.half)


def seeded_network(config: RecolouringConfig, seed: int) -> nn.Module:
    """Return a network whose first weights depend on `seed` alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build_network(config).to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def as_batch(images: Sequence[Image]) -> Tensor:
    """Stack images (y, x, 3) to a batch (N, 3, y, x), channels last in memory."""
    # np.stack alone would keep the memory order of turned images.
    stacked = np.empty((len(images), *images[0].shape), np.float32)
    np.stack(images, out=stacked)
    return torch.from_numpy(stacked).permute(0, 3, 1, 2)


def computes_in_bfloat16(precision: str, device: str) -> bool:
    """Tell whether training runs in bfloat16; it is slow where it is emulated."""
    if precision != "auto":
        return precision == "bfloat16"
    if device == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    probe = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return device == "cpu" and probe is not None and bool(probe())


def _checked_pairs(
    pairs: Sequence[tuple[Image, Image]],
) -> Sequence[tuple[Image, Image]]:
    """Refuse validation pictures that MS-SSIM cannot judge."""
    sides = [min(rgb.shape[:2]) for _, rgb in pairs]
    if not sides or min(sides) < 112:
        raise TrainingError(
            f"Validation needs pictures of 112 px or more on each side for MS-SSIM, "
            f"got {min(sides, default=0)} px from {len(sides)} pictures."
        )
    return pairs
