"""Settings of the synthesis."""

from __future__ import annotations

import subprocess
import sys

import pytest

from napari_maxrf.errors import MaxrfError
from napari_maxrf.synthesis import SynthesisConfig, ganx_preset


def test_default_axis_has_the_published_bin_width() -> None:
    axis = SynthesisConfig().axis
    assert axis.range_kev == pytest.approx((0.5, 38.5))
    assert axis.gain_kev * 1000 == pytest.approx(74.2, abs=0.05)


@pytest.mark.parametrize(
    ("values", "numbers"),
    [
        ({"low_kev": 20.0, "high_kev": 10.0}, ("20", "10")),
        ({"k_min": 9, "k_max": 8}, ("9", "8")),
        (
            {"counts": 900.0, "counts_high": 300.0, "counts_mode": "log-uniform"},
            ("900", "300"),
        ),
        ({"threshold": 1.7}, ("1.7",)),
        ({"counts_mode": "gauss"}, ("gauss",)),
    ],
)
def test_refusal_names_the_offending_values(
    values: dict[str, object], numbers: tuple[str, ...]
) -> None:
    with pytest.raises(MaxrfError) as caught:
        SynthesisConfig.checked(**values)
    assert all(number in str(caught.value) for number in numbers)


def test_highest_counts_matter_only_when_the_mean_is_drawn() -> None:
    assert SynthesisConfig(counts=30000.0).counts_high == 5000.0


def test_every_field_explains_itself() -> None:
    for name, field in SynthesisConfig.model_fields.items():
        assert field.title, name
        assert field.description, name


def test_ganx_preset_has_the_published_numbers() -> None:
    preset = ganx_preset(seed=3)
    assert (preset.threshold, preset.counts, preset.counts_mode) == (0.2, 400, "fixed")
    assert (preset.k_min, preset.k_max, preset.seed) == (9, 10, 3)


def test_importing_the_folder_imports_nothing_heavy() -> None:
    code = (
        "import sys, napari_maxrf.synthesis; heavy = {'torch', 'sklearn', 'colour', "
        "'numba', 'matplotlib', 'napari', 'dask'}; "
        "print(heavy & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stdout + done.stderr
