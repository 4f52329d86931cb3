"""Parameters of a step are checked, explained, and read from TOML."""

from __future__ import annotations

import json

import pytest
from pydantic import Field, ValidationError

from napari_maxrf.config import StepConfig
from napari_maxrf.errors import MaxrfError
from napari_maxrf.progress import Progress, finish


class PaintConfig(StepConfig):
    thickness: float = Field(
        30.0, ge=1, le=100, description="x", json_schema_extra={"unit": "um"}
    )
    layers: int = Field(2, ge=1, description="y")


def test_defaults_are_used_and_values_kept():
    assert PaintConfig().thickness == 30.0
    assert PaintConfig.checked(layers=3).to_json() == {"thickness": 30.0, "layers": 3}


def test_a_config_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        PaintConfig().layers = 5


def test_every_complaint_stands_in_one_line():
    with pytest.raises(MaxrfError) as caught:
        PaintConfig.checked(thickness=170.0, layers="many", colour="red")
    text = str(caught.value)
    assert "\n" not in text
    assert "thickness: input should be less than or equal to 100, got 170.0" in text
    assert "layers" in text
    assert "'many'" in text
    assert "colour" in text


def test_toml_and_json_give_the_same_config(tmp_path):
    (tmp_path / "c.toml").write_text("thickness = 45.5\nlayers = 1\n")
    read = PaintConfig.from_toml(tmp_path / "c.toml")
    assert read == PaintConfig(thickness=45.5, layers=1)
    assert PaintConfig.checked(**json.loads(json.dumps(read.to_json()))) == read


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"thickness = ", "not a TOML file"),
        (b"\xff\xfe", "not a TOML file"),
        (b"thicknes = 3", "thicknes"),
        (b"thickness = 0", "greater than or equal to 1"),
    ],
)
def test_bad_toml_is_told_in_one_line(tmp_path, content, complaint):
    path = tmp_path / "c.toml"
    path.write_bytes(content)
    with pytest.raises(MaxrfError, match=complaint) as caught:
        PaintConfig.from_toml(path)
    assert "\n" not in str(caught.value)


def test_a_missing_toml_is_told(tmp_path):
    with pytest.raises(MaxrfError, match="Cannot read"):
        PaintConfig.from_toml(tmp_path / "none.toml")


def test_finish_returns_what_the_steps_return():
    def steps():
        yield Progress("Counting", 1, 2)
        yield Progress("Counting", 2, 2)
        return "result"

    assert finish(steps()) == "result"
