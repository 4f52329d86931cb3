"""A trained recolouring network, ready to use."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_maxrf.errors import MaxrfError, ModelError
from napari_maxrf.progress import Steps, finish
from napari_maxrf.recolouring._config import RecolouringConfig
from napari_maxrf.recolouring._inference import recolour_latents_steps
from napari_maxrf.recolouring._known import KnownLatents
from napari_maxrf.recolouring._networks import build_network
from napari_maxrf.recolouring._task import REFERENCE
from napari_maxrf.training import pick_device, read_model

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from torch import Tensor, nn

    from napari_maxrf.embedding import EmbeddedImage

Image = npt.NDArray[np.float32]
KIND = "recolouring"
CHANNELS = 3
DEFAULT_WEIGHTS = Path(__file__).parents[1] / "weights" / "recolouring.safetensors"
MUCH_UNKNOWN = 0.05
"""Share of unknown pixels from which a user is told."""


class Recolourer:
    """Predicts the colours of a painting from its embedded image.

    Made by `load_recolourer`.

    Attributes
    ----------
    header : dict
        What the model file says of itself: configuration, palette, metrics.
    config : RecolouringConfig
        Its network and tile size.
    reference : (ndarray, ndarray) or None
        Standardised latents and colours of training pixels, (n, 3) each, for the
        nearest-neighbour baseline; None if the model file holds none.
    """

    def __init__(
        self,
        model: nn.Module,
        config: RecolouringConfig,
        header: Mapping[str, Any],
        reference: tuple[Image, Image] | None = None,
    ) -> None:
        self._model = model.eval()
        self.config = config
        self.reference = reference
        self.header = dict(header)

    @property
    def model_hash(self) -> str:
        """Hash of weights and configuration."""
        return str(self.header["model_hash"])

    @property
    def embedding_hash(self) -> str:
        """Hash of the embedding model whose latents it understands."""
        return str(self.header["embedding_hash"])

    def recolour(self, embedded: EmbeddedImage) -> Image:
        """Predict the colours of an embedded image of any size.

        Parameters
        ----------
        embedded : EmbeddedImage
            Latents of a cube of any size.

        Returns
        -------
        ndarray of float32, shape (y, x, 3)
            sRGB colours, 0..1.

        Raises
        ------
        ModelError
            The image was embedded by another model than this network knows, or
            has another number of latent values.
        """
        return finish(self.recolour_steps(embedded))

    def recolour_steps(self, embedded: EmbeddedImage) -> Steps[Image]:
        """Do what `recolour` does, with a progress record for each tile."""
        self.check(embedded)
        latents = embedded.standardised()
        if latents.shape[-1] != CHANNELS:
            raise ModelError(
                f"{embedded.name} has {latents.shape[-1]} latent values per pixel; "
                f"recolouring takes {CHANNELS}."
            )
        return (
            yield from recolour_latents_steps(
                self._model, self._held(latents), self.config.image_size
            )
        )

    @cached_property
    def _known(self) -> KnownLatents | None:
        return None if self.reference is None else KnownLatents(self.reference[0])

    def unknown_pixels(self, embedded: EmbeddedImage) -> npt.NDArray[np.bool_]:
        """Tell which pixels have a spectrum unlike any in training, shape (y, x).

        Their colours are those of the nearest spectrum that is known.
        """
        if self._known is None:
            return np.zeros(embedded.latents.shape[:2], bool)
        return self._known.nearest(embedded.standardised())[1]

    def caution(self, embedded: EmbeddedImage) -> str | None:
        """Say in one line why the colours of an image are not to be trusted."""
        share = float(self.unknown_pixels(embedded).mean())
        unknown = (
            f"{share:.0%} of the pixels have spectra unlike any the model was trained "
            "on; their colours are little more than guesses."
        )
        lines = (embedded.warning, unknown if share > MUCH_UNKNOWN else None)
        return " ".join(line for line in lines if line) or None

    def _held(self, latents: Image) -> Image:
        return latents if self._known is None else self._known.nearest(latents)[0]

    def check(self, embedded: EmbeddedImage) -> None:
        """Raise `ModelError` if the latents are not those the network knows."""
        if embedded.model_hash != self.embedding_hash:
            raise ModelError(
                f"{embedded.name} was embedded by model {embedded.model_hash}, but "
                f"this recolouring model was trained with {self.embedding_hash}. "
                "Embed the cube with that model, or choose its recolouring model."
            )


def load_recolourer(
    path: str | os.PathLike[str] | None = None, device: str = "auto"
) -> Recolourer:
    """Load a recolouring model.

    Parameters
    ----------
    path : path-like or None
        A model file of kind "recolouring"; None takes the default weights.
    device : str
        ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.

    Raises
    ------
    ModelError
        The file is missing, damaged, or not a recolouring model.
    """
    source = DEFAULT_WEIGHTS if path is None else Path(path)
    tensors, header = read_model(source, KIND)
    config = _config_of(header, source)
    model = build_network(config)
    reference = fill_network(model, tensors, source)
    return Recolourer(model.to(pick_device(device)), config, header, reference)


def fill_network(
    model: nn.Module, tensors: dict[str, Tensor], source: Path
) -> tuple[Image, Image] | None:
    """Give a network the weights of a model file, and return its reference pixels.

    Raises
    ------
    ModelError
        The weights are of another network.
    """
    reference = _take_reference(tensors)
    _fill(model, tensors, source)
    return reference


def _take_reference(tensors: dict[str, Tensor]) -> tuple[Image, Image] | None:
    """Take the pixels of the nearest-neighbour baseline out of `tensors`."""
    latents, colours = (tensors.pop(name, None) for name in REFERENCE)
    if latents is None or colours is None:
        return None
    return latents.numpy(), colours.numpy()


def _config_of(header: Mapping[str, Any], source: Path) -> RecolouringConfig:
    """Return the configuration in a header."""
    if not isinstance(header.get("embedding_hash"), str):
        raise ModelError(f"{source} does not name the embedding model it belongs to.")
    try:
        return RecolouringConfig.checked(**header["config"])
    except (MaxrfError, TypeError) as error:
        raise ModelError(f"The configuration in {source} is not usable: {error}") from (
            error
        )


def _fill(model: nn.Module, tensors: dict[str, Tensor], source: Path) -> None:
    """Give a network its weights, which must fit exactly."""
    try:
        model.load_state_dict(tensors)
    except RuntimeError as error:
        raise ModelError(
            f"The weights in {source} do not fit the network that its header names; "
            "the file is damaged or was made by another version."
        ) from error
