"""docs/formats.md lists exactly the formats that are read."""

from __future__ import annotations

import re
from pathlib import Path

from napari_maxrf.io import FORMATS, MAP_FORMATS

PAGE = Path(__file__).resolve().parents[1] / "docs" / "formats.md"


def rows(table):
    """Return the cells of each row of a table, without its head."""
    lines = [line.strip("|").split("|") for line in table.splitlines()[2:]]
    return [[cell.strip() for cell in cells] for cells in lines]


def tables():
    text = PAGE.read_text(encoding="utf-8")
    return re.findall(r"(\|(?:.*\|\n)+)", text)


def test_the_page_lists_every_scan_format_in_order():
    found = rows(tables()[0])
    assert [cells[0] for cells in found] == [one.label for one in FORMATS]
    for cells, one in zip(found, FORMATS, strict=True):
        assert cells[1] == " ".join(f"`{suffix}`" for suffix in one.suffixes)
        assert cells[2] == ("yes" if one.detectors else "")


def test_the_page_lists_every_kind_of_map():
    found = rows(tables()[1])
    assert [cells[0] for cells in found] == [one.label for one in MAP_FORMATS]
