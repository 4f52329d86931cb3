"""A scanner as data: tube, optic, geometry and detector.

Every instrument is a small TOML file, so that a laboratory can describe its own
scanner without touching code; `_instrument_files` finds and loads them.
"""

from __future__ import annotations

from math import cos, degrees, radians, sin
from typing import Any, Literal, Self

import numpy as np
from pydantic import Field, field_validator, model_validator

from napari_maxrf.config import StepConfig
from napari_maxrf.cube import EnergyAxis
from napari_maxrf.errors import MaxrfError
from napari_maxrf.physics._detector import resolution_terms
from napari_maxrf.physics._materials import atomic_number, parse_formula


class Filter(StepConfig):
    """A foil in the beam or before the detector."""

    material: str = Field(description="Element symbol or formula.", title="Material")
    thickness_um: float = Field(
        ge=0,
        description="Thickness of the foil.",
        json_schema_extra={"unit": "um"},
        title="Thickness",
    )

    @field_validator("material")
    @classmethod
    def _known(cls, material: str) -> str:
        try:
            parse_formula(material)
        except MaxrfError as error:
            raise ValueError(str(error).rstrip(".")) from error
        return material


class Optic(StepConfig):
    """What shapes the beam between tube and sample."""

    kind: Literal["collimator", "lens"] = Field(
        "collimator",
        description="A polycapillary lens loses high energies, a collimator none.",
        title="Optic",
    )
    half_kev: float = Field(
        15.0,
        gt=0,
        description="Energy at which a lens transmits half of its best.",
        json_schema_extra={"unit": "keV"},
        title="Half transmission",
    )
    power: float = Field(
        4.5, gt=0, description="Steepness of the lens loss.", title="Steepness"
    )


class Geometry(StepConfig):
    """Angles and distances between tube, sample and detector."""

    incidence_deg: float = Field(
        90.0,
        gt=0,
        le=90,
        description="Angle of the beam to the sample surface.",
        json_schema_extra={"unit": "degree"},
        title="Incidence",
    )
    exit_deg: float = Field(
        45.0,
        gt=0,
        le=90,
        description="Angle of the detected rays to the sample surface.",
        json_schema_extra={"unit": "degree"},
        title="Exit",
    )
    azimuth_deg: float = Field(
        0.0,
        ge=0,
        le=360,
        description="Angle between the two rays in the plane of the sample.",
        json_schema_extra={"unit": "degree"},
        title="Azimuth",
    )
    scattering_deg: float | None = Field(
        None,
        gt=0,
        le=180,
        description="Measured scattering angle; without it the geometry decides.",
        json_schema_extra={"unit": "degree"},
        title="Scattering angle",
    )
    path_in_mm: float = Field(
        10.0,
        ge=0,
        description="Path of the beam through the atmosphere.",
        json_schema_extra={"unit": "mm"},
        title="Path in",
    )
    path_out_mm: float = Field(
        10.0,
        ge=0,
        description="Distance of the detector, through the atmosphere.",
        json_schema_extra={"unit": "mm"},
        title="Path out",
    )
    atmosphere: Literal["air", "helium", "vacuum"] = Field(
        "air", description="Gas between tube, sample and detector.", title="Atmosphere"
    )
    pressure_bar: float = Field(
        1.0,
        ge=0,
        le=2,
        description="Pressure of that gas.",
        json_schema_extra={"unit": "bar"},
        title="Pressure",
    )
    viewed_depth_mm: float = Field(
        10.0,
        gt=0,
        description="Depth below which scattered photons miss the detector.",
        json_schema_extra={"unit": "mm"},
        title="Viewed depth",
    )
    viewed_air_mm: float = Field(
        5.0,
        ge=0,
        description="Length of the beam in air that the detector sees (argon line).",
        json_schema_extra={"unit": "mm"},
        title="Viewed air",
    )

    @property
    def theta_rad(self) -> float:
        """Scattering angle in radians."""
        if self.scattering_deg is not None:
            return radians(self.scattering_deg)
        psi, phi = radians(self.incidence_deg), radians(self.exit_deg)
        cosine = cos(psi) * cos(phi) * cos(radians(self.azimuth_deg))
        return float(np.arccos(np.clip(cosine - sin(psi) * sin(phi), -1, 1)))

    @property
    def theta_deg(self) -> float:
        """Scattering angle in degrees."""
        return degrees(self.theta_rad)


class Detector(StepConfig):
    """A silicon drift detector.

    The defaults of tail and shelf were fitted to Si, S, Ti, Cr, Fe, Ni and Cu of the
    NIST set (Bruker XFlash 430): tails of 1.2 to 2.0 % that fall within 70 to 200 eV,
    shelves of 0.4 to 1.8 %. A Horiba XGT-7200 shows 1.6 to 5 % and 1 to 3 %.

    In place of `s0_kev2` and `s1_kev`, the width on a data sheet may be given:
    ``fwhm_ev``, that at manganese Ka, with or without ``fano``.
    """

    thickness_um: float = Field(
        450.0,
        gt=0,
        description="Thickness of the silicon.",
        json_schema_extra={"unit": "um"},
        title="Thickness",
    )
    window_um: float = Field(
        12.5,
        ge=0,
        description="Thickness of the beryllium window.",
        json_schema_extra={"unit": "um"},
        title="Be window",
    )
    dead_layer_um: float = Field(
        0.03,
        ge=0,
        description="Silicon that absorbs without counting.",
        json_schema_extra={"unit": "um"},
        title="Dead layer",
    )
    absorbers: tuple[Filter, ...] = Field(
        (), description="Foils before the detector.", title="Absorbers"
    )
    s0_kev2: float = Field(
        1.0e-3,
        ge=0,
        description="Electronic noise: variance of a peak at 0 keV.",
        json_schema_extra={"unit": "keV2"},
        title="Noise",
    )
    s1_kev: float = Field(
        4.5e-4,
        ge=0,
        description="Growth of the variance with energy (Fano).",
        json_schema_extra={"unit": "keV"},
        title="Fano slope",
    )
    pulse_us: float = Field(
        0.3,
        ge=0,
        description="Time within which two photons count as one (pile-up).",
        json_schema_extra={"unit": "us"},
        title="Pulse pair time",
    )
    count_rate_cps: float = Field(
        20_000.0,
        ge=0,
        description="Counts per second of the whole spectrum, for pile-up.",
        json_schema_extra={"unit": "1/s"},
        title="Count rate",
    )
    tail_share: float = Field(
        0.015,
        ge=0,
        le=0.5,
        description="Share of a peak in the exponential tail below it.",
        title="Tail",
    )
    tail_kev: float = Field(
        0.15,
        gt=0,
        description="Energy within which that tail falls to 1/e.",
        json_schema_extra={"unit": "keV"},
        title="Tail length",
    )
    shelf_share: float = Field(
        3.3e-3,
        ge=0,
        le=0.5,
        description="Share of a peak in the flat shelf below it, at any energy.",
        title="Shelf",
    )
    shelf_depth_um: float = Field(
        0.03,
        ge=0,
        description="Silicon at the surface whose photons add to the shelf.",
        json_schema_extra={"unit": "um"},
        title="Shelf depth",
    )

    @model_validator(mode="before")
    @classmethod
    def _from_data_sheet(cls, given: Any) -> Any:
        if not isinstance(given, dict) or "fwhm_ev" not in given:
            return given
        rest = {k: v for k, v in given.items() if k not in ("fwhm_ev", "fano")}
        if {"s0_kev2", "s1_kev"} & set(rest):
            raise ValueError("give either fwhm_ev or s0_kev2 and s1_kev, not both")
        sheet = (given[key] for key in ("fwhm_ev", "fano") if key in given)
        s0, s1 = resolution_terms(*(float(value) for value in sheet))
        return {**rest, "s0_kev2": s0, "s1_kev": s1}


class Channels(StepConfig):
    """Energy calibration of the instrument's own spectra."""

    n_channels: int = Field(ge=1, description="Number of channels.", title="Channels")
    offset_kev: float = Field(
        description="Energy of channel 0.",
        json_schema_extra={"unit": "keV"},
        title="Offset",
    )
    gain_kev: float = Field(
        gt=0,
        description="Width of a channel.",
        json_schema_extra={"unit": "keV"},
        title="Gain",
    )

    @property
    def axis(self) -> EnergyAxis:
        """The same as an energy axis."""
        return EnergyAxis(
            self.n_channels, self.offset_kev, self.gain_kev, source="model"
        )


class Instrument(StepConfig):
    """A MA-XRF scanner, or any X-ray fluorescence spectrometer with a tube."""

    name: str = Field("custom", description="Short name.", title="Name")
    description: str = Field(
        "", description="What it is, in a sentence.", title="Description"
    )
    source: str = Field("", description="Where the numbers come from.", title="Source")
    anode: str = Field("Mo", description="Element of the target.", title="Anode")
    kv: float = Field(
        40.0,
        ge=5,
        le=150,
        description="Tube voltage; no photon has more energy.",
        json_schema_extra={"unit": "kV"},
        title="Voltage",
    )
    electron_incidence_deg: float = Field(
        90.0,
        gt=0,
        le=90,
        description="Angle of the electrons to the target surface.",
        json_schema_extra={"unit": "degree"},
        title="Electron incidence",
    )
    takeoff_deg: float = Field(
        45.0,
        gt=0,
        le=90,
        description="Angle of the X-rays to the target surface.",
        json_schema_extra={"unit": "degree"},
        title="Take-off",
    )
    tube_window_um: float = Field(
        250.0,
        ge=0,
        description="Thickness of the beryllium window of the tube.",
        json_schema_extra={"unit": "um"},
        title="Tube window",
    )
    anode_l_scale: float = Field(
        1.0,
        ge=0,
        description="Factor on the L lines of the anode (0.5 behind a lens).",
        title="Anode L lines",
    )
    filters: tuple[Filter, ...] = Field(
        (), description="Foils in the primary beam.", title="Filters"
    )
    optic: Optic = Field(Optic(), description="Beam optic.", title="Optic")
    geometry: Geometry = Field(Geometry(), description="Geometry.", title="Geometry")
    detector: Detector = Field(Detector(), description="Detector.", title="Detector")
    channels: Channels | None = Field(
        None, description="The instrument's own energy axis.", title="Channels"
    )

    @field_validator("anode")
    @classmethod
    def _known_anode(cls, anode: str) -> str:
        try:
            atomic_number(anode)
        except MaxrfError as error:
            raise ValueError(str(error).rstrip(".")) from error
        return anode

    @model_validator(mode="after")
    def _heavy_anode(self) -> Self:
        if atomic_number(self.anode) < 20:
            raise ValueError(f"anode {self.anode} is too light for an X-ray tube")
        return self

    def deciding_json(self) -> dict[str, Any]:
        """Return what decides a spectrum on a given axis, as plain JSON values."""
        beside = {"name", "description", "source", "channels"}
        return self.model_dump(mode="json", exclude=beside)
