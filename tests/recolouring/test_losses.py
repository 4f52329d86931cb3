"""CompuPhase against hand-worked numbers, and the sum of terms."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from napari_maxrf.errors import TrainingError
from napari_maxrf.recolouring import compuphase, loss_terms


def pixel(*rgb: float) -> torch.Tensor:
    return torch.tensor(rgb)[:, None, None]


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ((0, 0, 0), (1, 1, 1), 3.0),  # sqrt(2.5 + 4 + 2.5)
        ((0, 0, 0), (0, 1, 0), 2.0),
        ((0, 0, 0), (1, 0, 0), 2.5**0.5),
        ((0, 0, 0), (0, 0, 1), 3.0**0.5),
        ((1, 0, 0), (1, 0, 1), 2.0**0.5),
        ((0.2, 0.5, 0.5), (0.6, 0.5, 0.5), (2.4 * 0.16) ** 0.5),
    ],
)
def test_hand_worked_distances(a: tuple, b: tuple, expected: float) -> None:
    assert float(compuphase(pixel(*a), pixel(*b))) == pytest.approx(expected, abs=1e-5)


def test_agrees_with_the_published_formula_in_bytes() -> None:
    """The formula for 8 bits divides by 256 and holds 255: equal within 1 %."""
    rng = np.random.default_rng(0)
    one, two = rng.integers(0, 256, (2, 200, 3)).astype(float)
    mean = (one[:, 0] + two[:, 0]) / 2
    red, green, blue = ((one - two) ** 2).T
    published = np.sqrt(
        (2 + mean / 256) * red + 4 * green + (2 + (255 - mean) / 256) * blue
    )
    a, b = (torch.tensor(c.T / 255, dtype=torch.float32)[:, None] for c in (one, two))
    np.testing.assert_allclose(compuphase(a, b)[0], published / 255, rtol=0.01)


def test_gradient_at_equal_colours_is_finite() -> None:
    a = torch.rand(2, 3, 4, 4, requires_grad=True)
    compuphase(a, a.detach().clone()).mean().backward()
    assert a.grad is not None
    assert a.grad.isfinite().all()


@pytest.mark.parametrize("red", [-50.0, -4.1, 5.2, 50.0])
def test_output_far_out_of_range_gives_no_nan(red: float) -> None:
    """With a negative mean red below -2 the root would be of a negative number."""
    raw = pixel(red, 0.5, 0.5).requires_grad_()
    distance = compuphase(raw, pixel(0.0, 0.5, 0.5))
    distance.sum().backward()
    weight = 2.0 if red < 0 else 3.0
    assert distance.item() == pytest.approx(weight**0.5 * abs(red), rel=1e-5)
    assert raw.grad is not None
    assert raw.grad.isfinite().all()


def test_stays_in_float32_under_autocast() -> None:
    half = torch.rand(1, 3, 4, 4).to(torch.bfloat16)
    with torch.autocast("cpu", torch.bfloat16):
        distance = compuphase(half, half)
    assert distance.dtype == torch.float32
    assert float(distance.max()) == pytest.approx(1e-6, rel=1e-3)


@given(st.lists(st.floats(0, 1), min_size=6, max_size=6))
def test_is_symmetric_and_within_its_range(values: list[float]) -> None:
    a, b = pixel(*values[:3]), pixel(*values[3:])
    there, back = float(compuphase(a, b)), float(compuphase(b, a))
    assert there == back
    assert 0 <= there <= 3 + 1e-5


def test_loss_is_the_weighted_sum_of_its_terms() -> None:
    torch.manual_seed(0)
    a, b = torch.rand(2, 2, 3, 128, 128)
    terms = loss_terms(a, b, {"compuphase": 1.0, "ms_ssim": 0.5, "gradient": 2.0})
    expected = terms["compuphase"] + 0.5 * terms["ms_ssim"] + 2 * terms["gradient"]
    assert set(terms) == {"loss", "compuphase", "ms_ssim", "gradient"}
    torch.testing.assert_close(terms["loss"], expected)


def test_terms_without_weight_are_not_evaluated() -> None:
    a, b = torch.rand(2, 1, 3, 32, 32)  # too small for MS-SSIM
    terms = loss_terms(a, b, {"compuphase": 1.0, "ms_ssim": 0.0, "gradient": 0.0})
    assert set(terms) == {"loss", "compuphase"}
    assert float(terms["loss"]) == pytest.approx(float(compuphase(a, b).mean()))


def test_all_terms_vanish_at_equal_pictures() -> None:
    a = torch.rand(1, 3, 128, 128)
    terms = loss_terms(a, a, {"compuphase": 1.0, "ms_ssim": 1.0, "gradient": 1.0})
    assert float(terms["loss"]) == pytest.approx(0, abs=1e-4)


def test_gradient_term_by_hand() -> None:
    flat, step = torch.zeros(2, 1, 3, 2, 2).unbind(0)
    step[..., 1] = 1.0  # a step of 1 to the right, none downwards
    weights = {"gradient": 1.0}
    assert float(loss_terms(step, flat, weights)["gradient"]) == 1.0


def test_no_weight_at_all_is_refused() -> None:
    a = torch.rand(1, 3, 4, 4)
    with pytest.raises(TrainingError, match="weight"):
        loss_terms(a, a, {"compuphase": 0.0})


def test_ms_ssim_term_needs_112_pixels() -> None:
    a = torch.rand(1, 3, 64, 64)
    with pytest.raises(TrainingError, match="112"):
        loss_terms(a, a, {"ms_ssim": 1.0})
