"""Parameters of the synthesis of a scan from a picture."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from napari_maxrf.config import StepConfig
from napari_maxrf.cube import EnergyAxis

CountsMode = Literal["poisson", "fixed", "log-uniform"]
"""How many photons a pixel gets: see `SynthesisConfig.counts_mode`."""


class SynthesisConfig(StepConfig):
    """Everything that decides a synthetic scan, beside picture and palette.

    Examples
    --------
    >>> config = SynthesisConfig(n_bins=1024)
    >>> config.axis.n_channels, config.threshold
    (1024, 0.7)
    """

    n_bins: int = Field(
        512,
        ge=2,
        le=16384,
        title="Energy bins",
        description="Number of equal energy bins of each spectrum. The default "
        "embedding expects 512.",
    )
    low_kev: float = Field(
        0.5,
        ge=0.0,
        le=200.0,
        title="Lowest energy",
        description="Lower edge of the first energy bin.",
        json_schema_extra={"unit": "keV"},
    )
    high_kev: float = Field(
        38.5,
        gt=0.0,
        le=200.0,
        title="Highest energy",
        description="Upper edge of the last energy bin.",
        json_schema_extra={"unit": "keV"},
    )
    counts: float = Field(
        400.0,
        ge=1.0,
        le=1e7,
        title="Counts per pixel",
        description="Mean number of photons in a pixel's spectrum; the lowest mean "
        "if the mean is drawn (log-uniform). More counts mean less noise.",
        json_schema_extra={"unit": "counts"},
    )
    counts_mode: CountsMode = Field(
        "poisson",
        title="Photon statistics",
        description="poisson: the total of a pixel varies as in a measurement. "
        "fixed: every pixel gets exactly the given counts, as in ganX. log-uniform: "
        "the scan's mean is drawn between counts and highest counts, then as poisson.",
    )
    counts_high: float = Field(
        5000.0,
        ge=1.0,
        le=1e7,
        title="Highest counts",
        description="Highest mean number of photons; used by log-uniform only.",
        json_schema_extra={"unit": "counts"},
    )
    threshold: float = Field(
        0.7,
        ge=0.0,
        le=1.0,
        title="Similarity threshold",
        description="A pigment takes part in a colour when (101 - CIEDE2000)/101 is "
        "at least this. 0.2 mixes nearly all pigments, 0.9 only the nearest ones.",
    )
    k_min: int = Field(
        20,
        ge=1,
        le=256,
        title="Fewest colours",
        description="Smallest number of colour clusters tried. The silhouette favours "
        "few clusters, so this decides the level of detail.",
    )
    k_max: int = Field(
        22,
        ge=1,
        le=256,
        title="Most colours",
        description="Largest number of colour clusters tried, itself included. Equal "
        "to the fewest colours it fixes the number.",
    )
    seed: int = Field(
        0,
        ge=0,
        lt=2**63,
        title="Seed",
        description="Start of the random numbers. The same seed, picture and "
        "settings give the same scan.",
    )
    pixel_size_mm: float = Field(
        1.0,
        gt=0.0,
        le=1000.0,
        title="Pixel size",
        description="Height and width of a pixel on the painting.",
        json_schema_extra={"unit": "mm"},
    )

    @model_validator(mode="after")
    def _ranges_are_not_empty(self) -> Self:
        if self.high_kev <= self.low_kev:
            raise ValueError(
                f"the highest energy {self.high_kev:g} keV must lie above the lowest, "
                f"{self.low_kev:g} keV"
            )
        if self.k_max < self.k_min:
            raise ValueError(
                f"the most colours {self.k_max} must not be below the fewest, "
                f"{self.k_min}"
            )
        if self.counts_mode == "log-uniform" and self.counts_high < self.counts:
            raise ValueError(
                f"the highest counts {self.counts_high:g} must not be below the "
                f"counts, {self.counts:g}"
            )
        return self

    @property
    def axis(self) -> EnergyAxis:
        """Energy axis of the synthetic spectra."""
        return EnergyAxis.from_range(self.low_kev, self.high_kev, self.n_bins)


def ganx_preset(**changes: Any) -> SynthesisConfig:
    """Return settings that follow ganX (arXiv 2304.14078) as published.

    Threshold 0.2, exactly 400 counts per pixel and 9 or 10 colour clusters. Two
    faults of ganX are not repeated: black clusters keep their counts, and the
    upper end of the range of clusters is tried too.

    Parameters
    ----------
    **changes
        Fields of `SynthesisConfig` that shall differ from the preset.

    Examples
    --------
    >>> ganx_preset(n_bins=1024).counts_mode
    'fixed'
    """
    preset = {
        "threshold": 0.2,
        "counts": 400.0,
        "counts_mode": "fixed",
        "k_min": 9,
        "k_max": 10,
    }
    return SynthesisConfig.checked(**(preset | changes))
