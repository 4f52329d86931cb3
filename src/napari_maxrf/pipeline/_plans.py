"""What a training needs besides pictures: one document per kind of model.

The command line reads a plan from a TOML file, the widgets build one from
their fields, and the model file keeps it, so that a training can be repeated.
"""

from __future__ import annotations

from pydantic import Field

from napari_maxrf.config import StepConfig
from napari_maxrf.embedding import EMBEDDING_TRAINING, EmbeddingConfig
from napari_maxrf.recolouring import RECOLOURING_TRAINING, RecolouringConfig
from napari_maxrf.synthesis import SynthesisConfig
from napari_maxrf.training import TrainingConfig


class PicturePlan(StepConfig):
    """How pictures become training material."""

    palette: str = Field(
        "sarteano",
        title="Palette",
        description="Name of a palette or path of a palette file (.toml).",
    )
    size: int = Field(
        256,
        ge=32,
        le=4096,
        title="Picture size",
        description="Side of the square cut from the middle of every picture.",
        json_schema_extra={"unit": "px"},
    )
    max_pictures: int = Field(
        0,
        ge=0,
        title="Most pictures",
        description="Use at most this many pictures, evenly picked; 0 uses all.",
    )
    synthesis: SynthesisConfig = Field(
        default_factory=SynthesisConfig,
        description="How the pictures are turned into synthetic scans.",
    )


class EmbeddingPlan(PicturePlan):
    """A training of the embedding on synthetic scans of pictures."""

    spectra_per_picture: int = Field(
        350,
        ge=1,
        title="Spectra per picture",
        description="Spectra of random pixels drawn from every picture.",
    )
    embedding: EmbeddingConfig = Field(
        default_factory=EmbeddingConfig, description="The network and its loss."
    )
    training: TrainingConfig = Field(
        default=EMBEDDING_TRAINING, description="The optimiser and its schedule."
    )


class RecolouringPlan(PicturePlan):
    """A training of the recolouring network on synthetic scans of pictures."""

    pool: int = Field(
        256,
        ge=1,
        le=4096,
        title="Spectra per colour",
        description=(
            "Synthetic spectra drawn and embedded for every colour cluster of a "
            "picture; each training step gives every pixel one of its cluster's."
        ),
    )
    validation_pictures: int = Field(
        48,
        ge=1,
        title="Validation pictures",
        description="Pictures scored after each epoch, evenly picked.",
    )
    recolouring: RecolouringConfig = Field(
        default_factory=RecolouringConfig, description="The network and its loss."
    )
    training: TrainingConfig = Field(
        default=RECOLOURING_TRAINING, description="The optimiser and its schedule."
    )
