from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file

from napari_maxrf.errors import MaxrfError, ModelError
from napari_maxrf.training import (
    model_hash,
    pick_device,
    read_header,
    read_model,
    write_model,
)
from napari_maxrf.training._model_files import KEY

HEADER: dict[str, Any] = {
    "config": {"n_bins": 512},
    "energy_axis": {"n_channels": 512},
    "palette": {"id": "sarteano"},
    "provenance": [],
    "metrics": {"loss": 0.5},
    "licence": "BSD-3-Clause",
}


@pytest.fixture
def tensors() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return {"a": torch.randn(3, 5, generator=generator), "b": torch.tensor(1.5)}


@pytest.fixture
def model(tmp_path: Path, tensors: dict[str, torch.Tensor]) -> Path:
    write_model(tmp_path / "m.safetensors", "embedding", tensors, HEADER)
    return tmp_path / "m.safetensors"


def refused(path: Path, match: str, kind: str = "embedding") -> None:
    with pytest.raises(ModelError, match=match) as caught:
        read_model(path, kind)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def raw_header(path: Path, **changes: Any) -> None:
    """Rewrite a model with some fields of its header changed or (None) removed."""
    stored, header = read_model(path, "embedding")
    header = {k: v for k, v in {**header, **changes}.items() if v is not None}
    save_file(stored, path, metadata={KEY: json.dumps(header)})


def test_a_model_comes_back_as_it_was(
    model: Path, tensors: dict[str, torch.Tensor]
) -> None:
    read, header = read_model(model, "embedding")
    assert read.keys() == tensors.keys()
    assert all(torch.equal(read[name], tensors[name]) for name in tensors)
    assert header.items() >= HEADER.items()
    assert header["model_hash"] == model_hash(tensors, HEADER["config"])


def test_half_is_half_the_size_and_keeps_its_hash(tmp_path: Path) -> None:
    big = {"w": torch.randn(300, 300)}
    full, half = tmp_path / "full.safetensors", tmp_path / "half.safetensors"
    write_model(full, "embedding", big, HEADER)
    stated = write_model(half, "embedding", big, HEADER, half=True)
    assert half.stat().st_size < 0.52 * full.stat().st_size
    read, header = read_model(half, "embedding")
    assert read["w"].dtype == torch.float32
    torch.testing.assert_close(read["w"], big["w"], rtol=1e-3, atol=1e-6)
    assert header["model_hash"] == stated == model_hash(read, HEADER["config"])
    again = tmp_path / "again.safetensors"
    assert write_model(again, "embedding", read, HEADER, half=True) == stated


@given(st.permutations(["a", "b", "c", "d"]))
def test_the_hash_does_not_depend_on_the_order(names: list[str]) -> None:
    values = {name: torch.tensor([ord(name) / 7]) for name in names}
    ordered = dict(sorted(values.items()))
    assert model_hash(values, {"x": 1, "y": 2}) == model_hash(ordered, {"y": 2, "x": 1})


def test_the_hash_sees_weights_shapes_names_and_config() -> None:
    base = {"a": torch.zeros(2, 3)}
    others = [
        ({"a": torch.zeros(3, 2)}, 1),
        ({"b": torch.zeros(2, 3)}, 1),
        ({"a": torch.zeros(2, 3) + 1e-30}, 1),
        (base, 2),
    ]
    assert len({model_hash(t, c) for t, c in [(base, 1), *others]}) == 5


def test_another_kind_is_named(model: Path) -> None:
    refused(model, "'embedding'.*'recolouring'", kind="recolouring")


def test_a_newer_format_asks_for_an_update(model: Path) -> None:
    raw_header(model, format_version=2)
    refused(model, "format 2.*Update")


def test_a_missing_field_is_named(model: Path) -> None:
    raw_header(model, licence=None, metrics=None)
    refused(model, "lacks metrics, licence")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    refused(tmp_path / "none.safetensors", "No such file")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    refused(tmp_path, "Cannot read")


class Bomb:
    """A pickle that would leave a trace if it were read."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path("/tmp/maxrf-bomb"),))


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_a_pickle_is_refused_unread(tmp_path: Path, protocol: int) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(pickle.dumps(Bomb(), protocol=protocol))
    refused(path, "pickle")
    assert not Path("/tmp/maxrf-bomb").exists()


@pytest.mark.parametrize("zipped", [True, False])
def test_a_torch_file_is_refused(tmp_path: Path, zipped: bool) -> None:
    path = tmp_path / "m.safetensors"
    torch.save({"a": torch.zeros(3)}, path, _use_new_zipfile_serialization=zipped)
    refused(path, "pickle or a torch.save file")


@pytest.mark.parametrize("keep", [0, 5, 9, 40, -1, -30])
def test_a_truncated_model_is_refused(model: Path, keep: int) -> None:
    model.write_bytes(model.read_bytes()[:keep])
    refused(model, "truncated|damaged")


def test_a_huge_header_is_not_read(model: Path) -> None:
    raw = model.read_bytes()
    model.write_bytes((2**40).to_bytes(8, "little") + raw[8:])
    refused(model, "claims 1099511627776 bytes")


def test_a_changed_weight_is_noticed(model: Path) -> None:
    raw = bytearray(model.read_bytes())
    raw[-3] ^= 1
    model.write_bytes(raw)
    refused(model, "damaged.*hash")


def test_a_safetensors_file_of_others_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    save_file({"a": torch.zeros(2)}, path)
    refused(path, "not a model of napari-maxrf")
    save_file({"a": torch.zeros(2)}, path, metadata={KEY: "no json"})
    refused(path, "not JSON")
    save_file({"a": torch.zeros(2)}, path, metadata={KEY: '{"format": "other"}'})
    refused(path, "not a model of napari-maxrf")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_never_written(
    tmp_path: Path, value: float
) -> None:
    path = tmp_path / "m.safetensors"
    with pytest.raises(ModelError, match="Weight a"):
        write_model(path, "embedding", {"a": torch.tensor([value])}, HEADER)
    assert not path.exists()


def test_a_weight_beyond_float16_is_refused_when_halved(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="Weight a"):
        write_model(
            tmp_path / "m.safetensors", "x", {"a": torch.tensor(1e6)}, HEADER, half=True
        )


def test_a_header_without_a_field_is_not_written(tmp_path: Path) -> None:
    short = {k: v for k, v in HEADER.items() if k != "palette"}
    with pytest.raises(ModelError, match="lacks palette"):
        write_model(tmp_path / "m.safetensors", "embedding", {}, short)


def test_a_failed_write_keeps_the_earlier_model(
    model: Path, tensors: dict[str, torch.Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    import safetensors.torch
    from safetensors import SafetensorError

    before = model.read_bytes()

    def full(*_: Any, **__: Any) -> None:
        raise SafetensorError("I/O error: No space left on device")

    monkeypatch.setattr(safetensors.torch, "save_file", full)
    with pytest.raises(MaxrfError, match="No space left"):
        write_model(model, "embedding", tensors, HEADER)
    assert model.read_bytes() == before
    assert list(model.parent.iterdir()) == [model]


def test_the_header_is_read_alone(model: Path) -> None:
    assert read_header(model)["kind"] == "embedding"


def test_the_device_auto_is_there_and_others_are_refused() -> None:
    assert pick_device().type in {"cuda", "mps", "cpu"}
    assert pick_device("cpu").type == "cpu"
    for name in ("abacus", "cuda:99", "xpu", ""):
        with pytest.raises(MaxrfError, match="choose auto or one of"):
            pick_device(name)
