"""Pure elements by NIST and Horiba, against the model of their instruments.

Both sides go through the same fit. Line positions, K beta to K alpha and the relative
intensities of Ti to Cu are independent of the model's parameters; peak widths and
silicon and sulphur are not, and guard against regressions only.
"""

from __future__ import annotations

import pytest
from measured import elements
from measured.rows import broken

pytestmark = pytest.mark.usefixtures("shared_data")


def test_line_positions() -> None:
    assert broken(elements.position_rows()) == []


def test_line_widths() -> None:
    assert broken(elements.width_rows()) == []


def test_k_beta_to_k_alpha() -> None:
    assert broken(elements.beta_rows()) == []


def test_k_alpha_relative_to_iron() -> None:
    assert broken(elements.relative_rows()) == []


def test_positions_and_widths_on_another_instrument() -> None:
    assert broken(elements.horiba_rows()) == []


def test_k_beta_to_k_alpha_on_another_instrument() -> None:
    assert broken(elements.horiba_beta_rows()) == []
