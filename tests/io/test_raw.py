"""Plain arrays in files: read by blocks, never mapped, never trusted."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_maxrf.errors import FormatError
from napari_maxrf.io._raw import RawArray, lazy_raw

SHAPE = (5, 4, 7)
VALUES = np.arange(np.prod(SHAPE), dtype=">u2").reshape(SHAPE)


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    path = tmp_path_factory.mktemp("raw") / "scan.raw"
    path.write_bytes(b"head" + VALUES.tobytes())
    return RawArray(path, VALUES.dtype, SHAPE, 4)


def slices(size):
    edge = st.none() | st.integers(-size - 2, size + 2)
    return st.builds(slice, edge, edge, st.none() | st.integers(1, 3))


@given(key=st.tuples(*map(slices, SHAPE)))
def test_any_slice_is_what_numpy_gives(raw, key):
    np.testing.assert_array_equal(raw[key], VALUES[key])


@pytest.mark.parametrize(
    "key",
    [slice(1, 3), (slice(2, 4), ...), ..., (..., slice(3)), 2, (-1, 3), (1, 2, 3)],
)
def test_short_keys_and_ellipsis(raw, key):
    np.testing.assert_array_equal(raw[key], VALUES[key])


@given(
    key=st.tuples(
        *(st.integers(-size, size - 1) | slices(size) for size in SHAPE[:2]),
        st.lists(st.integers(-7, 6), max_size=4) | slices(7),
    )
)
def test_every_axis_is_picked_by_itself(raw, key):
    expected = VALUES
    for axis in (2, 1, 0):
        expected = expected[(slice(None),) * axis + (key[axis],)]
    np.testing.assert_array_equal(raw[key], expected)


def test_a_pixel_of_a_wide_scan_is_read_by_itself(tmp_path, monkeypatch):
    values = np.random.default_rng(0).integers(0, 99, (3, 50, 700)).astype(np.uint16)
    path = tmp_path / "scan.raw"
    path.write_bytes(values.tobytes())
    wide = RawArray(path, values.dtype, values.shape)
    seen = []
    fill = RawArray._fill
    monkeypatch.setattr(
        RawArray,
        "_fill",
        lambda self, stream, target: (
            seen.append(target.nbytes),
            fill(self, stream, target),
        ),
    )
    counts = lazy_raw(wide, "yxe")
    np.testing.assert_array_equal(counts[2, 49].compute(), values[2, 49])
    assert sum(seen) == values[0, 0].nbytes
    seen.clear()
    pages = lazy_raw(RawArray(path, values.dtype, (3, 50, 700)), "eyx")
    np.testing.assert_array_equal(pages[7, 650].compute(), values[:, 7, 650])
    assert sum(seen) == 3 * values[0, 0].nbytes


def test_steps_backwards_are_read_too(raw):
    key = (slice(None, None, -2), slice(3, 0, -1), slice(None))
    np.testing.assert_array_equal(raw[key], VALUES[key])


@pytest.mark.parametrize("axes", ["yxe", "eyx", "xye", "exy", "yex", "xey"])
def test_counts_come_as_y_x_energy(raw, axes):
    counts = lazy_raw(raw, axes)
    expected = np.einsum(f"{axes}->yxe", VALUES.astype(np.int64))
    np.testing.assert_array_equal(counts.compute(), expected)
    assert counts.dtype == VALUES.dtype.newbyteorder("=")


def test_it_travels_as_a_description(raw):
    again = pickle.loads(pickle.dumps(raw))  # noqa: S301
    np.testing.assert_array_equal(again[:], VALUES)


def test_a_short_file_is_told_with_both_sizes(tmp_path):
    path = tmp_path / "scan.raw"
    path.write_bytes(bytes(100))
    with pytest.raises(FormatError, match=r"100 bytes; 280 are needed.*complete"):
        RawArray(path, np.dtype("u2"), SHAPE)


def test_absurd_sizes_cost_nothing(tmp_path):
    path = tmp_path / "scan.raw"
    path.write_bytes(bytes(100))
    with pytest.raises(FormatError, match="needed"):
        RawArray(path, np.dtype("u4"), (2**31, 2**31, 2**31))


def test_a_file_cut_while_open_is_an_error_and_no_crash(tmp_path):
    path = tmp_path / "scan.raw"
    path.write_bytes(VALUES.tobytes())
    counts = lazy_raw(RawArray(path, VALUES.dtype, SHAPE), "yxe")
    path.write_bytes(b"gone")
    with pytest.raises(FormatError, match="has changed"):
        counts.compute()
    path.unlink()
    with pytest.raises(FormatError, match=r"scan\.raw"):
        counts[0, 0].compute()
