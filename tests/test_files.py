"""Interrupted writes never harm what stood there before."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import stat

import pytest

from napari_maxrf._files import (
    atomic_path,
    content_hash,
    file_hash,
    write_json,
    write_text,
)
from napari_maxrf.errors import MaxrfError


def interrupted_write(path, error: BaseException) -> None:
    with atomic_path(path) as temporary:
        temporary.write_text("half")
        raise error


def test_a_finished_file_takes_the_place_of_the_old_one(tmp_path):
    path = tmp_path / "deep" / "folder" / "out.txt"
    write_text(path, "first")
    write_text(path, "second: é")
    assert path.read_text(encoding="utf-8") == "second: é"
    assert os.listdir(path.parent) == ["out.txt"]


def test_the_temporary_file_keeps_suffix_and_folder(tmp_path):
    with atomic_path(tmp_path / "out.tif") as temporary:
        assert temporary.suffix == ".tif"
        assert temporary.parent == tmp_path
        temporary.touch()
    assert (tmp_path / "out.tif").exists()


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, GeneratorExit])
def test_any_interruption_keeps_the_old_file(tmp_path, error):
    path = tmp_path / "out.txt"
    write_text(path, "old")
    with pytest.raises(error):
        interrupted_write(path, error())
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["out.txt"]


def test_a_full_disk_is_told_in_one_line(tmp_path):
    path = tmp_path / "out.txt"
    write_text(path, "old")
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with pytest.raises(MaxrfError, match="No space left on device") as caught:
        interrupted_write(path, full)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["out.txt"]


def test_a_file_where_a_folder_should_be_is_told(tmp_path):
    write_text(tmp_path / "file", "")
    with pytest.raises(MaxrfError, match="Cannot write"):
        write_text(tmp_path / "file" / "out.txt", "text")


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs POSIX permissions")
def test_a_folder_without_permission_is_told(tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    with pytest.raises(MaxrfError, match="Permission denied"):
        write_text(tmp_path / "out.txt", "text")
    tmp_path.chmod(stat.S_IRWXU)


def test_json_is_readable_utf_8(tmp_path):
    write_json(tmp_path / "out.json", {"pigment": "céruse", "k": [1, 2]})
    text = (tmp_path / "out.json").read_text(encoding="utf-8")
    assert "céruse" in text
    assert json.loads(text) == {"pigment": "céruse", "k": [1, 2]}


def test_hashes_are_sha_256_of_known_bytes(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert file_hash(tmp_path / "a") == "ba7816bf8f01cfea"  # FIPS 180-2, B.1
    expected = hashlib.sha256(b'{"a":1,"b":[true,null]}').hexdigest()[:16]
    assert content_hash({"b": [True, None], "a": 1}) == expected
    assert content_hash({"a": 2, "b": [True, None]}) != expected
