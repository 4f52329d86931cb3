"""Parameters of a data set."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from napari_maxrf.config import StepConfig
from napari_maxrf.synthesis import SynthesisConfig

DatasetKind = Literal["spectra", "embedded", "cubes"]


class DatasetConfig(StepConfig):
    """What is made of every picture of a data set.

    Examples
    --------
    >>> DatasetConfig(kind="cubes").pictures_per_shard
    1
    """

    kind: DatasetKind = Field(
        "spectra",
        title="Kind",
        description="spectra: spectra of random pixels, to train an embedding. "
        "embedded: picture, colour clusters and embedded spectra of each, to train a "
        "recolouring. cubes: whole scans as .maxrf.",
    )
    size: int = Field(
        256,
        ge=32,
        le=4096,
        title="Picture size",
        description="Side of the square cut from the middle of every picture.",
        json_schema_extra={"unit": "px"},
    )
    shard_size: int = Field(
        128,
        ge=1,
        le=65_536,
        title="Pictures per shard",
        description="Pictures kept in one file; a cube has a file of its own.",
    )
    spectra_per_picture: int = Field(
        350,
        ge=1,
        le=1_000_000,
        title="Spectra per picture",
        description="Spectra of random pixels drawn from every picture (spectra).",
    )
    pool: int = Field(
        256,
        ge=1,
        le=4096,
        title="Spectra per colour",
        description="Spectra embedded for every colour of a picture (embedded).",
    )
    synthesis: SynthesisConfig = Field(
        default_factory=SynthesisConfig,
        description="How the pictures are turned into synthetic scans.",
    )

    @property
    def pictures_per_shard(self) -> int:
        """Pictures that share a file."""
        return 1 if self.kind == "cubes" else self.shard_size
