"""How elements are mapped: one description for Python, command line and window."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from napari_maxrf.config import StepConfig

Method = Literal["window", "fit"]
Background = Literal["snip", "polynomial", "none"]
Normalisation = Literal["none", "livetime", "dose"]


class MapConfig(StepConfig):
    """Parameters of element maps.

    Examples
    --------
    >>> MapConfig(method="fit").background
    'polynomial'
    """

    method: Method = Field(
        "window",
        description="Add the counts around the main line of each element, or fit the "
        "lines of all elements at once.",
    )
    elements: tuple[str, ...] = Field(
        (),
        description="Elements to map, such as Fe, or Pb L for one shell of a fit; "
        "none: those that the scan shows.",
    )
    fit_others: bool = Field(
        True,
        description="Fit along what else the scan shows, which would otherwise be "
        "taken for background or for the elements that are mapped.",
    )
    background: Background = Field(
        "polynomial",
        description="What lies under the lines of a fit: the continuum of the sum "
        "spectrum times a polynomial, or clipped from each spectrum (snip), which "
        "needs many counts. A window takes it from both sides, unless none.",
    )
    degree: Annotated[int, Field(ge=0, le=8)] = Field(
        4, description="Degree of the polynomial background."
    )
    non_negative: bool = Field(
        True, description="Allow no line of a fit a negative area."
    )
    escape: bool = Field(
        True, description="Fit the silicon escape peak along with each line."
    )
    pile_up: bool = Field(True, description="Fit the sum peaks of the strongest lines.")
    scatter: bool = Field(
        True, description="Fit the lines of the tube that the sample scatters."
    )
    matrix: Annotated[str, Field(max_length=100)] = Field(
        "PbC2CaO6",
        description="Average paint, as a formula, whose absorption shifts the ratios "
        "of an element's lines; empty for a thin layer.",
    )
    refine_ratios: bool = Field(
        True,
        description="Mend the ratios of an element's lines by the sum spectrum, which "
        "absorption in the paint and the tube's spectrum shift.",
    )
    low_kev: Annotated[float, Field(ge=0.2, le=50)] = Field(
        1.0,
        title="Lowest energy",
        description="Lowest energy of a fit, above the zero peak.",
        json_schema_extra={"unit": "keV"},
    )
    high_kev: float | None = Field(
        None,
        gt=0.2,
        le=120,
        title="Highest energy",
        description="Highest energy of a fit; none: just above the highest line.",
        json_schema_extra={"unit": "keV"},
    )
    recalibrate: bool = Field(
        True, description="First refine the energy axis on the lines of the scan."
    )
    normalise: Normalisation = Field(
        "none",
        description="Divide by the live time of each pixel, or by its dose.",
    )
    errors: bool = Field(
        False, description="Also compute the statistical error of every pixel."
    )

    @model_validator(mode="after")
    def _check_range(self) -> Self:
        if self.high_kev is not None and self.high_kev <= self.low_kev:
            raise ValueError(
                f"high_kev must be above low_kev ({self.low_kev:g}), "
                f"got {self.high_kev:g}"
            )
        return self
