"""Heaps without end are found before the library follows them, and no others."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_maxrf.errors import FormatError
from napari_maxrf.io._heaps import has_endless_heap
from napari_maxrf.io._held import open_file

TEXT = h5py.string_dtype()
NAMES = [f"{stem}{number}" for number in range(4) for stem in ("a", "rather_long_name")]


def write_texts(path: Path, before: int = 0) -> Path:
    """Write texts of any length, and groups whose names lie in old heaps."""
    with h5py.File(path, "w", libver="earliest", userblock_size=before) as file:
        file.create_dataset("texts", data=["iron", "lead white"], dtype=TEXT)
        file.create_group("kept").attrs["note"] = "a text of any length"
    return path


def heap_at(content: bytes, signature: bytes) -> int:
    place = content.find(signature)
    assert place >= 0
    return place


def number(content: bytes, place: int) -> int:
    return int.from_bytes(content[place : place + 8], "little")


def with_number(content: bytes, place: int, value: int) -> bytes:
    return content[:place] + value.to_bytes(8, "little") + content[place + 8 :]


def looping_group(content: bytes) -> bytes:
    """Let the first free space of a group follow on itself."""
    heap = heap_at(content, b"HEAP")
    free, data_at = number(content, heap + 16), number(content, heap + 24)
    data_at += content.find(b"\x89HDF")
    return with_number(content, data_at + free, free)


def endless_texts(content: bytes) -> bytes:
    """Let the free space after the texts be no byte long: nothing follows it."""
    heap = heap_at(content, b"GCOL")
    place = heap + 16
    while content[place : place + 2] != b"\0\0":
        place += 16 + -(-number(content, place + 8) // 8) * 8
    return with_number(content, place + 8, 0)


@pytest.mark.parametrize("before", [0, 512, 2048])
@pytest.mark.parametrize("damage", [looping_group, endless_texts])
def test_a_heap_that_leads_back_to_itself_is_found(tmp_path, damage, before):
    path = write_texts(tmp_path / "scan.h5", before)
    assert not has_endless_heap(path)
    path.write_bytes(damage(path.read_bytes()))
    assert has_endless_heap(path)
    with pytest.raises(FormatError, match=r"scan\.h5 is damaged: its names and texts"):
        open_file(path)


@pytest.mark.parametrize("damage", [looping_group, endless_texts])
def test_a_heap_at_the_end_of_a_large_file_is_found(tmp_path, damage):
    path = tmp_path / "scan.h5"
    with h5py.File(path, "w", libver="earliest") as file:
        file["counts"] = np.zeros((20, 2**20), np.uint8)
        file.create_group("late/group")
        file["late/texts"] = np.array(["iron"], TEXT)
        file["late/group"].attrs["note"] = "a text"
    content = path.read_bytes()
    last = max(content.rfind(b"HEAP"), content.rfind(b"GCOL"))
    assert last > 2**23
    start = content.rfind(b"HEAP") if damage is looping_group else last
    path.write_bytes(content[:start] + moved(damage, content, start))
    assert has_endless_heap(path)


def moved(damage, content: bytes, start: int) -> bytes:
    """Damage the heap that begins at `start`, whose places count from the file's."""
    if damage is endless_texts:
        return endless_texts(content[content.rfind(b"GCOL") :])
    free, data_at = number(content, start + 16), number(content, start + 24)
    return with_number(content, data_at + free, free)[start:]


def test_a_dead_heap_that_a_deletion_left_behind_is_not_followed(tmp_path):
    path = tmp_path / "scan.h5"
    with h5py.File(path, "w", libver="earliest") as file:
        file.create_group("gone/inner").attrs["note"] = "x" * 50
        file["counts"] = np.ones((2, 2, 8), np.uint16)
        del file["gone"]
    content = path.read_bytes()
    # not at the very end, to which the head of the file points
    content += bytes(64)
    sizes = (88, 8, len(content) + 32)
    dead = b"HEAP\0\0\0\0" + b"".join(one.to_bytes(8, "little") for one in sizes)
    block = bytes(8) + (8).to_bytes(8, "little") + (16).to_bytes(8, "little")
    path.write_bytes(content + dead + block + bytes(64))
    assert not has_endless_heap(path)
    with open_file(path) as file:
        assert file["counts"][()].sum() == 32


def test_a_file_without_room_for_a_whole_heap_is_none(tmp_path):
    path = tmp_path / "scan.h5"
    for content in (b"", b"HEAP", b"HEAP\0\0\0\0", b"GCOL\x01\0\0\0"):
        path.write_bytes(content)
        assert not has_endless_heap(path)


def test_the_answer_is_found_anew_when_the_file_was_changed(tmp_path):
    path = write_texts(tmp_path / "scan.h5")
    assert not has_endless_heap(path)
    path.write_bytes(looping_group(path.read_bytes()) + b" ")
    assert has_endless_heap(path)


deeds = st.lists(
    st.tuples(
        st.sampled_from(["group", "texts", "attribute", "numbers", "delete", "reopen"]),
        st.sampled_from(NAMES),
        st.sampled_from(NAMES),
        st.integers(0, 400),
    ),
    max_size=30,
)


@given(deeds, st.sampled_from(["earliest", "latest"]))
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_no_file_that_h5py_wrote_is_refused(tmp_path, chosen, version):
    path = tmp_path / "scan.h5"
    path.unlink(missing_ok=True)
    file = h5py.File(path, "w", libver=version)
    for deed, outer, inner, size in chosen:
        if deed == "reopen":
            file.close()
            file = h5py.File(path, "r+", libver=version)
        else:
            do(file, deed, outer, inner, size)
    file.close()
    assert not has_endless_heap(path)
    open_file(path).close()


def do(file: h5py.File, deed: str, outer: str, inner: str, size: int) -> None:
    """Write or delete something, if it can be at that place."""
    group = file.require_group(outer)
    if deed == "delete":
        del file[outer]
    elif deed == "attribute":
        group.attrs[inner] = "x" * size
    elif inner in group:
        del group[inner]
    elif deed == "group":
        group.create_group(inner)
    elif deed == "texts":
        group.create_dataset(inner, data=["x" * size, "y"], dtype=TEXT)
    else:
        group[inner] = np.arange(size)
