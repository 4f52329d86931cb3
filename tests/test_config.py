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


class FoilConfig(StepConfig):
    material: str = Field("Al", description="x")
    thickness: float = Field(1.0, ge=0, description="y")


class StandConfig(StepConfig):
    name: str = Field("", description="x")
    paint: PaintConfig | None = Field(None, description="y")
    foils: tuple[FoilConfig, ...] = Field((), description="z")


STAND = """\
name = "one"
[paint]
layers = 1
{}
[[foils]]
material = "Al"
[[foils]]
{}
"""


@pytest.mark.parametrize(
    ("in_paint", "in_foil", "complaint"),
    [
        (
            "thicknes = 3",
            "",
            "line 4: paint.thicknes is unknown; did you mean 'thickne",
        ),
        ("zzz = 3", "", "line 4: paint.zzz is unknown; known: thickness, layers"),
        ("thickness = 0.5", "", "line 4: paint.thickness: input should be greater"),
        ("thickness = nan", "", "line 4: paint.thickness: input should be a finite"),
        ("", "matrial = 'Fe'", "line 8: foils.1.matrial is unknown; did you mean 'mat"),
        ("", "thickness = -1", "line 8: foils.1.thickness: input should be greater"),
        ("cls = 3", "", "line 4: paint.cls is unknown"),
    ],
)
def test_an_error_in_a_file_names_the_line_and_the_nearest_key(
    tmp_path, in_paint, in_foil, complaint
):
    path = tmp_path / "c.toml"
    path.write_text(STAND.format(in_paint, in_foil))
    with pytest.raises(MaxrfError) as caught:
        StandConfig.from_toml(path)
    assert str(caught.value).startswith(f"{path}: {complaint}")


def test_a_key_at_the_top_may_have_any_name(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text("cls = 1\nself = 2\n")
    with pytest.raises(MaxrfError, match=r"line 1: cls is unknown.*line 2: self is"):
        StandConfig.from_toml(path)


def test_a_byte_order_mark_and_windows_lines_are_no_matter(tmp_path):
    path = tmp_path / "é.toml"
    path.write_bytes(b"\xef\xbb\xbfthickness = 45.5\r\nlayers = 3\r\n")
    assert PaintConfig.from_toml(path) == PaintConfig(thickness=45.5, layers=3)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"a = " + b"[" * 100_000, "not a TOML file"),
        (b"#" * (2**20 + 1), "over 1 MiB"),
    ],
)
def test_a_senseless_file_is_refused(tmp_path, content, complaint):
    path = tmp_path / "c.toml"
    path.write_bytes(content)
    with pytest.raises(MaxrfError, match=complaint):
        PaintConfig.from_toml(path)


def test_a_config_written_as_toml_is_read_back_equal(tmp_path):
    foils = [{"material": 'A "\\ \x7f\n', "thickness": 1e-07}, {"material": "#]"}]
    stand = StandConfig.checked(name="é = 1", paint={"layers": 3}, foils=foils)
    (tmp_path / "c.toml").write_text(stand.to_toml(), encoding="utf-8")
    assert StandConfig.from_toml(tmp_path / "c.toml") == stand
    assert StandConfig().to_toml() == 'name = ""\nfoils = []\n'


def test_a_missing_toml_is_told(tmp_path):
    with pytest.raises(MaxrfError, match="Cannot read"):
        PaintConfig.from_toml(tmp_path / "none.toml")


def test_finish_returns_what_the_steps_return():
    def steps():
        yield Progress("Counting", 1, 2)
        yield Progress("Counting", 2, 2)
        return "result"

    assert finish(steps()) == "result"
