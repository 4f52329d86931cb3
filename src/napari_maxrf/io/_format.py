"""What a file format is to this package, and what a user may have to say.

Each format is a module with a `Format`: a test of the content and a function that
opens a file lazily. Files that do not tell everything are opened with the user's
answers, `ReadOptions`; where one is missing, `UnknownLayoutError` says which.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, model_validator

from napari_maxrf.config import StepConfig
from napari_maxrf.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from napari_maxrf.cube import SpectralCube

AxisOrder = Literal["yxe", "eyx", "xye", "exy", "yex", "xey"]
"""Order of the axes in a file, slowest first: y, x and energy."""


class ReadOptions(StepConfig):
    """What a user says about a file that does not say it itself."""

    detector: str | None = Field(
        None, description="One detector instead of the sum of all.", title="Detector"
    )
    dataset: str | None = Field(
        None,
        description="Name of the dataset, in a file that holds several.",
        title="Dataset",
    )
    axes: AxisOrder | None = Field(
        None,
        description="Order of the axes in the file, slowest first: y, x, e (energy).",
        title="Order of axes",
    )
    width: int | None = Field(
        None, ge=1, le=2**20, description="Pixels in a row.", title="Width"
    )
    height: int | None = Field(
        None, ge=1, le=2**20, description="Number of rows.", title="Height"
    )
    snake: bool | None = Field(
        None,
        description="Whether every second row was scanned backwards.",
        title="Snake scan",
    )
    offset_kev: float | None = Field(
        None,
        description="Energy of channel 0; takes the place of what the file says.",
        json_schema_extra={"unit": "keV"},
        title="Offset",
    )
    gain_kev: float | None = Field(
        None,
        gt=0,
        description="Width of a channel; takes the place of what the file says.",
        json_schema_extra={"unit": "keV"},
        title="Gain",
    )

    @model_validator(mode="after")
    def _whole_calibration(self) -> Self:
        if (self.offset_kev is None) != (self.gain_kev is None):
            raise ValueError("offset_kev and gain_kev go together")
        return self


class UnknownLayoutError(FormatError):
    """A file does not tell its layout; the user can.

    Attributes
    ----------
    needs : tuple of str
        Fields of `ReadOptions` to ask for.
    shape : tuple of int
        Shape in the file, as far as it is known.
    guess : ReadOptions
        What is likely.
    """

    def __init__(
        self,
        message: str,
        needs: tuple[str, ...],
        shape: tuple[int, ...] = (),
        guess: ReadOptions | None = None,
    ) -> None:
        super().__init__(message)
        self.needs = needs
        self.shape = shape
        self.guess = guess or ReadOptions()


@dataclass(frozen=True)
class Format:
    """A file format and its reader.

    Attributes
    ----------
    name : str
        As `recognise` returns it.
    label : str
        As users call it.
    suffixes : tuple of str
        Usual endings of the file name; the content decides.
    matches : callable
        Tells by the content whether a path, file or folder, is of this format.
        Cheap, and never raises for a file that is not.
    open : callable
        Opens a path that matches as a lazy cube.
    writes : bool
        Whether `save_cube` writes it.
    detectors : bool
        Whether it may hold several detectors.
    lazy : bool
        Whether counts stay in the file until they are asked for.
    folders : bool
        Whether a folder may be a scan of this format.
    header : callable or None
        Returns the bytes that files of the same kind have in common, such as a
        header; what a user says about one file is then remembered for the others.
    """

    name: str
    label: str
    suffixes: tuple[str, ...]
    matches: Callable[[Path], bool]
    open: Callable[[Path, ReadOptions], SpectralCube]
    writes: bool = False
    detectors: bool = False
    lazy: bool = True
    folders: bool = False
    header: Callable[[Path], bytes] | None = None
