"""Switches for the effects that make up a spectrum."""

from __future__ import annotations

from pydantic import Field

from napari_maxrf.config import StepConfig


class Effects(StepConfig):
    """What a computed spectrum shall contain.

    Everything that measured spectra of pure elements show is on. Pile-up is off:
    it grows with the count rate of each pixel, so it is no property of a sample, and
    at the rates of the scans at hand (10 000 counts per second) scatter hides it.
    """

    continuum: bool = Field(
        True, description="Bremsstrahlung of the tube.", title="Tube continuum"
    )
    optic: bool = Field(
        True, description="Loss of high energies in a lens.", title="Lens loss"
    )
    air: bool = Field(
        True, description="Absorption by the atmosphere.", title="Atmosphere"
    )
    argon: bool = Field(
        True, description="Argon line of the air in the beam.", title="Argon line"
    )
    self_absorption: bool = Field(
        True,
        description="Absorption of beam and fluorescence inside the sample.",
        title="Self-absorption",
    )
    secondary: bool = Field(
        True,
        description="Fluorescence that is excited by the sample's own fluorescence.",
        title="Secondary fluorescence",
    )
    rayleigh: bool = Field(
        True, description="Elastic scatter of the tube spectrum.", title="Rayleigh"
    )
    compton: bool = Field(
        True, description="Inelastic scatter of the tube spectrum.", title="Compton"
    )
    multiple_scatter: bool = Field(
        True,
        description="Scatter of photons that have scattered before, in thick matter.",
        title="Multiple scatter",
    )
    compton_width: bool = Field(
        True,
        description="Broadening of the Compton peak by moving electrons.",
        title="Compton width",
    )
    efficiency: bool = Field(
        True,
        description="Window and thickness of the detector.",
        title="Detector efficiency",
    )
    resolution: bool = Field(
        True, description="Finite energy resolution.", title="Resolution"
    )
    escape: bool = Field(
        True, description="Silicon escape peaks.", title="Escape peaks"
    )
    tail: bool = Field(
        True,
        description="Exponential tail below every peak (incomplete charge).",
        title="Tail",
    )
    shelf: bool = Field(
        True,
        description="Flat shelf below every peak (incomplete charge).",
        title="Shelf",
    )
    pile_up: bool = Field(
        False, description="Two photons counted as one.", title="Pile-up"
    )
