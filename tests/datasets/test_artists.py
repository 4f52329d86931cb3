from __future__ import annotations

import json
from pathlib import Path

import pytest

from napari_maxrf.datasets import read_artists
from napari_maxrf.datasets._artists import artist_of
from napari_maxrf.errors import MaxrfError


def test_tables_of_both_kinds_say_the_same(tmp_path):
    rows = {"a/x.jpg": "Giotto", "y.jpg": "unknown", "z.jpg": "Duccio, or his circle"}
    table = tmp_path / "artists.csv"
    table.write_text(
        'file,title,artist\na/x.jpg,X,Giotto\ny.jpg,Y,unknown\nz.jpg,Z,"Duccio, or '
        'his circle"\n',
        encoding="utf-8-sig",
    )
    pairs, listed = tmp_path / "pairs.json", tmp_path / "listed.json"
    pairs.write_text(json.dumps(rows))
    listed.write_text(json.dumps([{"file": f, "artist": a} for f, a in rows.items()]))
    expected = {
        (tmp_path / "a/x.jpg").resolve(): "Giotto",
        (tmp_path / "z.jpg").resolve(): "Duccio, or his circle",
    }
    assert read_artists(table) == read_artists(pairs) == expected
    assert read_artists(listed) == expected


def test_table_beats_name_and_spelling_does_not_matter(tmp_path):
    path = tmp_path / "jan-steen__feast.jpg"
    assert artist_of(path, {}) == "jan-steen"
    assert artist_of(path, {path.resolve(): " Frans  Hals"}) == "frans hals"
    assert artist_of(Path("feast.jpg"), {}) == ""
    assert artist_of(Path("Unknown__feast.jpg"), {}) == ""


@pytest.mark.parametrize(
    ("name", "text", "part"),
    [
        ("t.csv", "file,painter\na,b\n", "no column artist"),
        ("t.csv", "", "no column artist or file"),
        ("t.json", "{", "not JSON"),
        ("t.json", "[1]", "no artists"),
        ("t.json", '{"a": 1}', "no artists"),
        ("t.json", "[" * 100_000, "not JSON"),
    ],
)
def test_tables_that_cannot_be_used_are_named(tmp_path, name, text, part):
    table = tmp_path / name
    table.write_text(text)
    with pytest.raises(MaxrfError, match=part) as caught:
        read_artists(table)
    assert name in str(caught.value)


def test_missing_and_binary_tables_are_named(tmp_path):
    with pytest.raises(MaxrfError, match="Cannot read"):
        read_artists(tmp_path / "nowhere.csv")
    (tmp_path / "t.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(MaxrfError, match="UTF-8"):
        read_artists(tmp_path / "t.csv")
