"""Damaged and hostile .bcf files: what can be read is, the rest is one line."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from _bcf_files import (
    Bcf,
    container,
    mutated,
    packed,
    sample_counts,
    spectra,
    table_row,
    xml,
)

from napari_maxrf.errors import FormatError, MaxrfError
from napari_maxrf.io import open_cube
from napari_maxrf.io.formats.bcf import _reader

COUNTS = sample_counts(20, 15, 64)
PLAIN = Bcf((COUNTS,), packings=(1, 2), chunk=256)
PACKED = PLAIN.but(block=1000, positions=True)


def opened(path, content):
    path.write_bytes(content)
    return open_cube(path)


def refusal(path, content, read=False):
    """Return the message with which a file is refused, or its counts are."""
    with pytest.raises(MaxrfError) as caught:
        used(path, content, read)
    assert "\n" not in str(caught.value)
    assert path.name in str(caught.value)
    return str(caught.value)


def used(path, content, read):
    cube = opened(path, content)
    if read:
        cube.counts.compute()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "scan.bcf"


# -- truncated


@pytest.mark.parametrize("how", [PLAIN, PACKED], ids=["plain", "packed"])
def test_rows_before_a_cut_can_be_opened(path, how):
    whole = how.content()
    sizes = np.linspace(0, len(whole) - 1, 60).astype(int)
    heights = [rows_left(path, whole[:size]) for size in sizes]
    assert heights == sorted(heights)
    assert len(set(heights)) > 4


def rows_left(path, content):
    """Compare the rows that a cut file still has; return their number."""
    try:
        cube = opened(path, content)
    except FormatError:
        return 0
    height = cube.shape[0]
    np.testing.assert_array_equal(cube.counts.compute(), COUNTS[:height])
    assert height == 20 or cube.metadata["warnings"]
    return height


def test_a_cut_file_says_which_rows_are_there(path):
    whole = PLAIN.content()
    cube = opened(path, whole[: int(len(whole) * 0.8)])
    n_rows = cube.shape[0]
    assert 0 < n_rows < 20
    assert cube.metadata["warnings"] == [
        f"Row {n_rows} of 20 ends beyond the file scan.bcf.",
        f"Only rows 0 to {n_rows - 1} of 20 are shown.",
    ]


def test_a_second_detector_that_is_cut_off_shortens_both(path):
    whole = Bcf((COUNTS, COUNTS), chunk=256).content()
    cube = opened(path, whole[: int(len(whole) * 0.85)])
    assert 0 < cube.shape[0] < 20
    values = cube.counts.compute()
    np.testing.assert_array_equal(values, 2 * COUNTS[: cube.shape[0]])
    assert open_cube(path, detector="0").shape[0] == 20


def test_a_cut_within_the_header_is_told(path):
    assert "cut off within its header" in refusal(path, PLAIN.content()[:3000])


# -- the container


def test_a_chain_of_chunks_that_runs_in_a_circle(path):
    content = bytearray(PLAIN.content())
    (first,) = struct.unpack_from("<I", content, 0x140)
    struct.pack_into("<I", content, 0x118 + first * 256, first)
    assert "run in a circle" in refusal(path, bytes(content))


@pytest.mark.parametrize("n_entries", [10_000, 2**32 - 1])
def test_a_table_longer_than_the_file(path, n_entries):
    content = bytearray(PLAIN.content())
    struct.pack_into("<I", content, 0x144, n_entries)
    assert "is longer than the file" in refusal(path, bytes(content))


@pytest.mark.parametrize("chunk", [0, 32, 2**31, 2**32 - 1])
def test_absurd_chunks(path, chunk):
    content = bytearray(PLAIN.content())
    struct.pack_into("<I", content, 0x128, chunk)
    assert "damaged: chunks of" in refusal(path, bytes(content))


def test_an_entry_longer_than_the_file(path):
    content = PLAIN.but(chunk=4096).content()
    name = table_row("SpectrumData0", 0, 0)[224:480]
    at = content.index(name[:100]) - 224
    longer = content[: at + 4] + struct.pack("<Q", 2**60) + content[at + 12 :]
    assert "longer than the file" in refusal(path, longer)


def test_a_promise_of_more_chunks_than_there_are_is_a_cut(path):
    content = bytearray(PLAIN.content())
    struct.pack_into("<I", content, 0x148, 2**32 - 1)
    np.testing.assert_array_equal(opened(path, bytes(content)).counts, COUNTS)


def test_entries_that_are_missing_are_told(path):
    assert "holds no HeaderData" in refusal(path, container({"Other": b"x"}))
    only_header = container({"HeaderData": xml((COUNTS,), ((0, 0.01),))})
    assert "spectra of 0 detectors" in refusal(path, only_header)


@pytest.mark.parametrize("size", [0, 7, 8, 300, 0x150])
def test_files_of_a_few_bytes(path, size):
    refusal(path, PLAIN.content()[:size])


# -- packed entries


def with_spectra(data, header=None):
    """Put the bytes of an entry in the place of the spectra."""
    header = header or xml((COUNTS,), ((-0.95, 0.01),))
    return container({"HeaderData": header, "SpectrumData0": data})


def test_a_zlib_bomb_is_not_unpacked(path):
    bomb = zlib.compress(bytes(2**26), 9)
    head = struct.pack("<4sIII", b"AACS", 2**19, 0, 1).ljust(0x80, b"\0")
    block = struct.pack("<IIII", len(bomb), 2**19, 0, len(bomb) + 16)
    assert "does not unpack" in refusal(path, with_spectra(head + block + bomb), True)


@pytest.mark.parametrize("field", range(4))
@pytest.mark.parametrize("value", [0, 5000, 2**31, 2**32 - 1])
def test_a_list_of_blocks_that_cannot_be(path, field, value):
    data = bytearray(packed(spectra(COUNTS, PLAIN, np.random.default_rng(0))[0], 4096))
    place = (0x04, 0x0C, 0x80, 0x84)[field]
    struct.pack_into("<I", data, place, value)
    refusal(path, with_spectra(bytes(data)), read=True)


def test_a_damaged_stream_is_told_with_its_block(path):
    data = bytearray(packed(spectra(COUNTS, PLAIN, np.random.default_rng(0))[0], 500))
    data[0x80 + 16 + 40] ^= 0xFF
    assert "block 0 of SpectrumData0" in refusal(path, with_spectra(bytes(data)))


@pytest.mark.parametrize(("cut", "promised"), [(0, 900), (4, 3)])
def test_a_stream_shorter_than_it_says(path, cut, promised):
    part = zlib.compress(b"abc")
    part = part[: len(part) - cut]
    head = struct.pack("<4sIII", b"AACS", 1000, 0, 1).ljust(0x80, b"\0")
    block = struct.pack("<IIII", len(part), promised, 0, len(part) + 16)
    assert "does not unpack" in refusal(path, with_spectra(head + block + part))


# -- the header


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (b"", "XML of its header is damaged"),
        (b"<a><b></a>", "XML of its header is damaged in line 1"),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "declares a document type"),
        (b"<a>" * 200 + b"</a>" * 200, "nests the XML"),
        (b'<?xml version="1.0" encoding="klingon"?><a/>', "header"),
    ],
)
def test_headers_that_are_refused(path, header, words):
    data, _ = spectra(COUNTS, PLAIN, np.random.default_rng(0))
    assert words in refusal(path, with_spectra(data, header or b" "))


# -- the spectra


def one_row(*pixels, height=1, width=4, channels=64, count=None):
    """Return spectra of one row of pixels, whatever they are."""
    sizes = struct.pack("<4I", height, width, channels, 1).ljust(0x1A0, b"\0")
    count = len(pixels) if count is None else count
    return sizes + struct.pack("<I", count) + b"".join(pixels)


def bad_pixel(x=0, packing=2, payload=b"", pulses=0, after=b""):
    fields = (x, 64, 64, 0xC0000, packing, len(payload), pulses, len(payload), 0)
    return struct.pack("<IHHIHHHHH", *fields) + payload + after


NONE = struct.pack("<I", 0)
BAD = {
    "unknown packing": bad_pixel(packing=4, payload=NONE),
    "unknown code": bad_pixel(payload=b"\x03\x05" + NONE),
    "instruction over the end": bad_pixel(payload=b"\x01\xff\x00" + NONE),
    "one byte over": bad_pixel(payload=b"\x00" + NONE),
    "too many channels": bad_pixel(payload=b"\x00\xff" + NONE),
    "no end": bad_pixel(payload=b"\x00"),
    "wrong end": bad_pixel(payload=b"\x00\x05" + struct.pack("<I", 8)),
    "pulse too high": bad_pixel(packing=0, payload=b"\x40\x00", pulses=1),
    "packed pulse too high": bad_pixel(packing=1, payload=b"\xf0\xff", pulses=1),
    "single pulse too high": bad_pixel(
        payload=struct.pack("<I", 2), pulses=1, after=b"\x40\x00"
    ),
    "fewer pulses than it says": bad_pixel(packing=0, payload=b"", pulses=3),
    "fewer packed pulses": bad_pixel(packing=1, payload=bytes(4), pulses=3),
    "count over 32 bits": bad_pixel(payload=b"\x08\x01" + b"\xff" * 12 + NONE),
    "count near 32 bits": bad_pixel(
        payload=b"\x08\x01" + b"\xff" * 4 + bytes(4) + b"\xff" * 4 + NONE
    ),
    "beside the scan": bad_pixel(x=4, payload=NONE),
    "far beside the scan": bad_pixel(x=2**32 - 1, payload=NONE),
    "stored twice": bad_pixel(payload=NONE) * 2,
}


@pytest.mark.parametrize("what", BAD)
@pytest.mark.parametrize("walked", [True, False])
def test_a_damaged_pixel_is_told_with_its_place(path, monkeypatch, what, walked):
    if not walked:
        monkeypatch.setattr(_reader, "_WALKED_AT_ONCE", -1)
    count = 2 if what == "stored twice" else 1
    header = xml((np.zeros((1, 4, 64), int),), ((-0.95, 0.01),))
    content = with_spectra(one_row(BAD[what], count=count), header)
    assert "row 0, pixel" in refusal(path, content, read=True)


def test_other_pixels_of_a_row_with_a_damaged_one_can_be_read(path):
    good = bad_pixel(x=2, packing=0, payload=b"\x05\x00", pulses=1)
    header = xml((np.zeros((1, 4, 64), int),), ((-0.95, 0.01),))
    content = with_spectra(one_row(good, BAD["unknown code"]), header)
    cube = opened(path, content)
    assert cube.spectrum(0, 2)[5] == 1
    with pytest.raises(FormatError, match="unknown code"):
        cube.spectrum(0, 0)


def test_a_row_of_more_pixels_than_the_scan_is_wide(path):
    content = with_spectra(one_row(count=5, height=1))
    assert "more pixels than a row has" in refusal(path, content)


@pytest.mark.parametrize(
    ("height", "width", "channels"),
    [
        (0, 4, 64),
        (1, 0, 64),
        (1, 4, 0),
        (2**31, 4, 64),
        (2**32 - 1, 4, 64),
        (1, 2**31, 64),
        (1, 4, 2**31),
        (1000, 4, 64),
    ],
)
def test_sizes_that_cannot_be(path, height, width, channels):
    data = one_row(height=height, width=width, channels=channels)
    refusal(path, with_spectra(data))


def test_a_wide_scan_without_pixels_costs_nothing_to_open(path):
    cube = opened(path, with_spectra(one_row(width=2**20, channels=2**16)))
    assert cube.shape == (1, 2**20, 2**16)
    assert not cube.counts[0, 2**19, :9].compute().any()


# -- while a cube is open


def test_a_file_that_changes_or_goes_is_told(path):
    cube = opened(path, PLAIN.content())
    path.write_bytes(PLAIN.content() + b" ")
    with pytest.raises(FormatError, match="has changed since it was opened"):
        cube.spectrum(0, 0)
    path.unlink()
    with pytest.raises(FormatError, match=r"scan\.bcf"):
        cube.spectrum(0, 0)


def test_two_openings_do_not_disturb_each_other(path):
    first = opened(path, PACKED.content())
    second = open_cube(path)
    np.testing.assert_array_equal(first.counts.compute(), second.counts.compute())


# -- at random


@pytest.mark.parametrize("how", [PLAIN, PACKED], ids=["plain", "packed"])
def test_damage_at_random_is_refused_in_one_line(path, how):
    rng, content = np.random.default_rng(4), how.content()
    messages = [message(path, mutated(content, rng)) for _ in range(150)]
    assert any(messages)
    assert not all(messages)
    assert "\n" not in "".join(messages)


def message(path, content):
    """Open and read a file; return why not, or nothing."""
    try:
        cube = opened(path, content)
        cube.spectrum(0, 0)
        if cube.counts.nbytes < 2**24:
            cube.counts.compute()
    except MaxrfError as error:
        return str(error)
    return ""
