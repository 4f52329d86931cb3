"""What made a result, in a form that travels with it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from napari_maxrf import __version__


@dataclass(frozen=True)
class ProcessStep:
    """One step that led to a result.

    Attributes
    ----------
    process : str
        Name of the step, for example ``"synthesise"``.
    parameters : dict
        Everything needed to repeat it, as plain JSON values: input, settings,
        palette and model hashes, seed.
    version : str
        Version of this package.
    """

    process: str
    parameters: dict[str, Any] = field(default_factory=dict)
    version: str = __version__

    def to_json(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        return asdict(self)


Provenance = tuple[ProcessStep, ...]
"""All steps that led to a result, in their order."""
