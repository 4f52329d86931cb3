"""Line numbers of TOML keys, against values that say which line they stand on."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_maxrf._toml_lines import line_numbers, nearest_line

DOCUMENT = '''# a comment with [brackets] and = signs
name = "one"  # two ] }
"quoted key" = 3
a.b.'c d' = 4
text = """
no = 1
[neither]
\\""" still ""text"""
other = \'\'\'
x = 2\'\'\'
numbers = [
    12, # twelve
    13, [13, 13],

    { at = 15, deep = { z = 15 } },
]
[table]
key = 18
[table.sub."x.y"]
key = 20
[[list]]
key = 22
[list.inner]
key = 24
[[list]]
key = 26
[[list.inner2]]
key = 28
'''


def leaves(value, place=()):
    """Yield the path of every value and what it is."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*place, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from leaves(inner, (*place, index))
    else:
        yield place, value


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_every_kind_of_value_is_found_on_its_line(newline):
    lines = line_numbers(DOCUMENT.replace("\n", newline))
    found = {p: v for p, v in leaves(tomllib.loads(DOCUMENT)) if isinstance(v, int)}
    assert len(found) == 14
    assert {place: lines[place] for place in found} == found
    assert (lines["name",], lines["text",], lines["other",]) == (2, 5, 9)
    assert (lines["table",], lines["list", 1]) == (17, 25)


KEYS = st.one_of(
    st.text("abz_-19", min_size=1, max_size=5),
    st.text(min_size=1, max_size=5).map(
        lambda text: '"' + "".join(f"\\U{ord(c):08x}" for c in text) + '"'
    ),
).filter(lambda key: "\\U0000d" not in key)
STRINGS = st.sampled_from(
    ['"a]b"', "'#'", '"""\n x = 1\n"""', "'''\n[t]\n'''", '"\\""', '""', '""""""']
)
SCALARS = st.one_of(
    STRINGS, st.integers(-9, 9).map(str), st.sampled_from(["true", "1979-05-27", "inf"])
)


def arrays(inner):
    return st.lists(inner, max_size=3).map(lambda v: "[\n" + ", # c\n".join(v) + "\n]")


def tables(inner):
    pairs = st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    return pairs.map(
        lambda d: "{" + ", ".join(f"{k} = {v}" for k, v in d.items()) + "}"
    )


VALUES = st.recursive(SCALARS, lambda v: st.one_of(arrays(v), tables(v)), max_leaves=6)
STATEMENTS = st.one_of(
    st.tuples(KEYS, VALUES).map(lambda pair: f"{pair[0]} = {pair[1]}"),
    st.lists(KEYS, min_size=1, max_size=3).map(lambda k: f"[{' . '.join(k)}]"),
    st.lists(KEYS, min_size=1, max_size=2).map(lambda k: f"[[{'.'.join(k)}]] # x"),
    st.just(""),
)


@given(st.lists(STATEMENTS, max_size=8))
def test_every_value_of_any_document_has_a_line(statements):
    text = "\n".join(statements)
    try:
        values = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, ValueError):
        return
    lines, last = line_numbers(text), text.count("\n") + 1
    for place, _ in leaves(values):
        assert 1 <= lines[place] <= last
    assert all(nearest_line(lines, place) for place, _ in leaves(values))


def test_a_place_that_does_not_exist_is_told_by_the_table_around_it():
    lines = line_numbers("a = 1\n[t]\nb = 2\n")
    assert nearest_line(lines, ("t", "missing", 0)) == 2
    assert nearest_line(lines, ("missing",)) is None
    assert nearest_line({}, ()) is None
