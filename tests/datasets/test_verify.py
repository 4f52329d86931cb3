from __future__ import annotations

import json

import pytest

from napari_maxrf.datasets import build_dataset, open_dataset, verify_dataset
from napari_maxrf.errors import FormatError


@pytest.fixture
def built(pictures, palette, tmp_path, plain):
    build_dataset(pictures, tmp_path / "set", palette, plain)
    return tmp_path / "set"


def test_flipped_bit_short_missing_and_foreign_shards_are_found(built):
    folder = built / "shards"
    content = bytearray((folder / "train-00000.safetensors").read_bytes())
    content[-1] ^= 1
    (folder / "train-00000.safetensors").write_bytes(content)
    (folder / "train-00001.safetensors").write_bytes(content[:-5])
    (folder / "train-00002.safetensors").unlink()
    (folder / "train-00009.safetensors").write_bytes(b"x")
    faults = verify_dataset(built)
    assert len(faults) == 4
    for part in ("is damaged", "bytes instead of", "Cannot read", "is not listed"):
        assert any(part in fault for fault in faults)


def test_doubles_and_gaps_of_the_manifest_are_found(built):
    path = built / "manifest.json"
    held = json.loads(path.read_text())
    held["shards"][0]["pictures"][1] = held["shards"][1]["pictures"][0]
    path.write_text(json.dumps(held))
    faults = verify_dataset(built)
    assert any("held twice" in fault for fault in faults)
    assert any("10 pictures are listed, 9 are held" in fault for fault in faults)


@pytest.mark.parametrize(
    "change",
    [
        {"format": "other"},
        {"format_version": 2},
        {"pictures": 3},
        {"shards": [{"file": "../../etc/x"}]},
        {"unheard": 1},
    ],
)
def test_damaged_manifests_are_refused_in_one_line(built, change):
    path = built / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(FormatError, match="damaged") as caught:
        open_dataset(built)
    assert "\n" not in str(caught.value)


def test_unfinished_and_missing_data_sets_are_not_opened(built, tmp_path):
    path = built / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"complete": False}))
    with pytest.raises(FormatError, match="not finished"):
        open_dataset(built)
    with pytest.raises(FormatError, match="no data set"):
        open_dataset(tmp_path / "nowhere")
