"""Content decides what a file is, and what is foreign is refused in one line."""

from __future__ import annotations

import pickle

import h5py
import numpy as np
import pytest
from PIL import Image

from napari_maxrf.errors import FormatError, MaxrfError
from napari_maxrf.io import FORMATS, describe, open_cube, recognise
from napari_maxrf.io.dialects import DIALECTS

FOREIGN = {
    "text.maxrf": b"not an HDF5 file",
    "empty.h5": b"",
    "magic.h5": b"\x89HDF\r\n\x1a\n",
    "magic.maxrf": b"\x89HDF\r\n\x1a\n" + bytes(500),
    "scan.cube": pickle.dumps({"counts": [1, 2, 3]}),
    "scan.npy": b"\x93NUMPY\x01\x00" + bytes(64),
    "scan.zip": b"PK\x03\x04" + bytes(64),
    "zeros.bin": bytes(4096),
}


@pytest.fixture(params=sorted(FOREIGN))
def foreign(request, tmp_path):
    path = tmp_path / request.param
    path.write_bytes(FOREIGN[request.param])
    return path


@pytest.mark.parametrize("ask", [open_cube, describe])
def test_foreign_files_are_refused_in_one_line(foreign, ask):
    with pytest.raises(FormatError) as caught:
        ask(foreign)
    assert "\n" not in str(caught.value)
    assert foreign.name in str(caught.value)


def test_foreign_files_are_not_recognised(foreign):
    expected = "maxrf" if foreign.name == "magic.maxrf" else None
    assert recognise(foreign) == expected


def test_a_pickle_is_refused_by_name_and_never_loaded(tmp_path, monkeypatch):
    path = tmp_path / "xismus.cube"
    path.write_bytes(pickle.dumps(np.zeros(3)))
    monkeypatch.setattr(pickle, "load", None)
    monkeypatch.setattr(pickle, "loads", None)
    with pytest.raises(FormatError, match=r"is a Python pickle.*Export it as \.h5"):
        open_cube(path)


def test_a_picture_is_told_to_be_one(tmp_path):
    path = tmp_path / "painting.h5"
    Image.new("RGB", (4, 4)).save(path, format="PNG")
    with pytest.raises(FormatError, match="a PNG picture, not a datacube"):
        open_cube(path)


def test_missing_files_and_folders_are_told(tmp_path):
    with pytest.raises(MaxrfError, match="does not exist"):
        open_cube(tmp_path / "none.maxrf")
    with pytest.raises(MaxrfError, match="is a folder"):
        open_cube(tmp_path)
    assert recognise(tmp_path / "none.maxrf") is None
    assert recognise(tmp_path) is None


def test_hdf5_without_a_scan_is_refused(tmp_path):
    path = tmp_path / "other.h5"
    with h5py.File(path, "w") as file:
        file["table"] = np.zeros((5, 5))
        file["text"] = "hello"
        file["loop"] = h5py.SoftLink("/")
        file["gone"] = h5py.ExternalLink("gone.h5", "/x")
    assert recognise(path) is None
    with pytest.raises(FormatError, match="no 3-D dataset"):
        open_cube(path)


def test_the_table_of_formats_names_every_dialect_once():
    names = [one.name for one in FORMATS]
    assert len(set(names)) == len(names)
    assert {dialect.name for dialect in DIALECTS} < set(names)
    assert names[-1] == "spectrum"
    assert [one.name for one in FORMATS if one.writes] == ["maxrf"]
    assert all(suffix.startswith(".") for one in FORMATS for suffix in one.suffixes)
