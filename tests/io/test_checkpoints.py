"""What a killed process leaves of a file that has checkpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_maxrf.errors import FormatError
from napari_maxrf.io._checkpoints import CheckpointedFile, journal_of

if TYPE_CHECKING:
    from pathlib import Path

WRITES = st.tuples(
    st.just("write"), st.integers(0, 20_000), st.binary(min_size=1, max_size=9_000)
)
CUTS = st.tuples(st.just("truncate"), st.integers(0, 20_000), st.just(b""))
COMMITS = st.tuples(st.just("commit"), st.just(0), st.just(b""))
DOINGS = st.lists(st.one_of(WRITES, WRITES, COMMITS, CUTS), max_size=25)


class Plain:
    """The same file as plain bytes, and a copy at each checkpoint."""

    def __init__(self) -> None:
        self.now, self.kept = bytearray(), b""

    def do(self, what: str, place: int, data: bytes) -> None:
        if what == "write":
            self.now.extend(bytes(max(0, place + len(data) - len(self.now))))
            self.now[place : place + len(data)] = data
        elif what == "truncate":
            del self.now[place:]
            self.now.extend(bytes(place - len(self.now)))
        else:
            self.kept = bytes(self.now)


def do(file: CheckpointedFile, what: str, place: int, data: bytes) -> None:
    if what == "write":
        file.seek(place)
        file.write(data)
    elif what == "truncate":
        file.truncate(place)
    else:
        file.commit()


def only_growing(doings: list[tuple[str, int, bytes]]) -> list[tuple[str, int, bytes]]:
    """Cut nothing off: HDF5 reads no place again that it has given back."""
    size, kept = 0, []
    for what, place, data in doings:
        if what != "truncate" or place >= size:
            kept.append((what, place, data))
            size = max(size, place + len(data))
    return kept


@settings(max_examples=30, deadline=None)
@given(doings=DOINGS)
def test_reading_gives_what_was_written_and_a_kill_what_was_committed(
    doings: list[tuple[str, int, bytes]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("file") / "scan.part"
    plain, file = Plain(), CheckpointedFile(path, resume=False)
    file.commit()
    for doing in only_growing(doings):
        plain.do(*doing)
        do(file, *doing)
        file.seek(0)
        assert file.read(len(plain.now)) == plain.now
    file.close()
    again = CheckpointedFile(path, resume=True)
    assert again.read(len(plain.kept)) == plain.kept
    again.close()
    assert path.read_bytes() == plain.kept


def test_a_journal_that_was_not_yet_applied_is_played_on_opening(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "scan.part"
    file = CheckpointedFile(path, resume=False)
    file.write(b"old" * 5000)
    file.commit()
    file.seek(3)
    file.write(b"new")
    with monkeypatch.context() as patch:
        patch.setattr(CheckpointedFile, "_apply", lambda *_: None)
        file.commit()
    file.close()
    assert path.read_bytes()[:9] == b"oldoldold"
    CheckpointedFile(path, resume=True).close()
    assert path.read_bytes()[:9] == b"oldnewold"


def test_hdf5_is_whole_after_a_kill_between_checkpoints(tmp_path: Path) -> None:
    path = tmp_path / "scan.part"
    below = CheckpointedFile(path, resume=False)
    file = h5py.File(below, "w")
    data = file.create_dataset("data", (4096, 64), "u4", chunks=(8, 64))
    data[:1024] = 1
    file.flush()
    below.commit()
    data[1024:] = 2
    file.create_group("later")
    file.flush()  # reaches the disk but is part of no checkpoint
    copy = tmp_path / "copy.part"
    copy.write_bytes(path.read_bytes())
    journal_of(copy).write_bytes(journal_of(path).read_bytes())
    file.close()
    below.close()
    again = CheckpointedFile(copy, resume=True)
    with h5py.File(again, "r+") as file:
        assert list(file) == ["data"]
        np.testing.assert_array_equal(file["data"][:1024], 1)
        np.testing.assert_array_equal(file["data"][1024:], 0)
        file["data"][1024:] = 3
    again.commit()
    again.close()
    with h5py.File(copy) as file:
        assert file["data"][:].sum(dtype=int) == 64 * (1024 + 3 * 3072)


@pytest.mark.parametrize("damage", [b"", b"short", None])
def test_a_damaged_journal_is_named(damage: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "scan.part"
    file = CheckpointedFile(path, resume=False)
    file.write(b"1234")
    file.commit()
    file.seek(0)
    file.write(b"5")
    file.commit()
    file.close()
    journal = journal_of(path)
    whole = journal.read_bytes()
    journal.write_bytes(whole[:-1] + b"?" if damage is None else damage)
    with pytest.raises(FormatError, match=r"scan\.part-journal is damaged.*Remove it"):
        CheckpointedFile(path, resume=True)
