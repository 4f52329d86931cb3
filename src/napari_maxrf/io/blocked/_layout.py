"""How the counts of a cube lie in a file of blocks.

    16 bytes    the words "MAXRFBLOCKS" and the version, 5 bytes
    blocks      as `_kernels` packs them, each of whole words of 64 bits
    tables      little-endian, each of whole words:
                  places   uint64, byte at which a block begins, (row, energy, column)
                  lengths  uint32, words of a block, in the same order
                  sum_spectrum, max_spectrum (energy,), sum_image (y, x)
    JSON        shape, dtype, places of the tables and their checksum, source
    32 bytes    uint64 place and length of the JSON, the words of the beginning

Blocks of one row of blocks stand together, ordered by energy and then by column: a
channel is read in one piece per 16 rows, a spectrum in one small piece per 16
channels. The file is only ever seen complete, as it is moved to its name at the end.
"""

from __future__ import annotations

import json
import math
import zlib
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_maxrf.errors import FormatError
from napari_maxrf.io.blocked._lanes import LANES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import BinaryIO

HIGH, WIDE, DEEP = 16, LANES, 16
"""Rows, columns and channels of a block."""

VERSION = 1
START = b"MAXRFBLOCKS" + VERSION.to_bytes(5, "little")
END_BYTES = 16 + len(START)
WORD = 8
_UNSIGNED = ("uint8", "uint16", "uint32", "uint64")
TYPES = (*_UNSIGNED, "int8", "int16", "int32", "int64", "float32", "float64")
_LONGEST_TEXT = 2**24

Tables = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class BlockedHeader:
    """What the end of a file of blocks says about it.

    Attributes
    ----------
    shape : tuple of int
        Rows, columns and channels of the cube.
    dtype : str
        Type of its counts.
    tables : dict of str to list of int
        First byte and number of bytes of each table.
    checksum : int
        CRC-32 of all tables in their order.
    source : dict
        What was packed, as plain JSON values.
    """

    shape: tuple[int, int, int]
    dtype: str
    tables: dict[str, list[int]]
    checksum: int
    source: dict[str, Any]


def grid_of(shape: tuple[int, int, int]) -> tuple[int, int, int]:
    """Return how many blocks a cube has, in the order of the file.

    Examples
    --------
    >>> grid_of((60, 120, 1024))
    (4, 64, 2)
    """
    n_y, n_x, n_channels = shape
    return -(-n_y // HIGH), -(-n_channels // DEEP), -(-n_x // WIDE)


def table_shapes(header: BlockedHeader) -> dict[str, tuple[Any, tuple[int, ...]]]:
    """Return type and shape of every table that belongs to a cube."""
    grid, (n_y, n_x, n_channels) = grid_of(header.shape), header.shape
    return {
        "places": ("<u8", grid),
        "lengths": ("<u4", grid),
        "sum_spectrum": ("<f8", (n_channels,)),
        "max_spectrum": (np.dtype(header.dtype).newbyteorder("<"), (n_channels,)),
        "sum_image": ("<f8", (n_y, n_x)),
    }


def write_end(
    stream: BinaryIO,
    place: int,
    shape: tuple[int, int, int],
    dtype: np.dtype[Any],
    tables: Mapping[str, npt.NDArray[Any]],
    source: dict[str, Any],
) -> None:
    """Append tables and description behind the last block, which ends at `place`."""
    header = BlockedHeader(shape, dtype.name, {}, 0, source)
    checksum = 0
    for name, (kind, _) in table_shapes(header).items():
        content = tables[name].astype(kind).tobytes()
        stream.write(content + bytes(-len(content) % WORD))
        header.tables[name] = [place, len(content)]
        checksum = zlib.crc32(content, checksum)
        place += len(content) + -len(content) % WORD
    text = json.dumps({**asdict(header), "checksum": checksum}, default=str).encode()
    ends = np.array([place, len(text)], "<u8").tobytes()
    stream.write(text + ends + START)


def read_header(stream: BinaryIO, name: str) -> BlockedHeader:
    """Read the description of a file of blocks and see that its sizes can be true.

    Raises
    ------
    FormatError
        It is no such file, of another version, cut, or damaged.
    """
    size = stream.seek(0, 2)
    stream.seek(0)
    if size < len(START) + END_BYTES or stream.read(len(START)) != START:
        raise FormatError(_damaged(name))
    stream.seek(size - END_BYTES)
    end = stream.read(END_BYTES)
    place, length = (int(one) for one in np.frombuffer(end[:16], "<u8"))
    if end[16:] != START or length > _LONGEST_TEXT:
        raise FormatError(_damaged(name))
    if place + length + END_BYTES != size:
        raise FormatError(_damaged(name))
    stream.seek(place)
    header = _header_of(stream.read(length), name)
    _check(header, place, name)
    return header


def read_tables(stream: BinaryIO, header: BlockedHeader, name: str) -> Tables:
    """Read all tables; every block then lies within the file.

    Raises
    ------
    FormatError
        The tables are damaged.
    """
    tables, checksum = {}, 0
    for table, (kind, shape) in table_shapes(header).items():
        place, n_bytes = header.tables[table]
        stream.seek(place)
        content = stream.read(n_bytes)
        checksum = zlib.crc32(content, checksum)
        if len(content) == n_bytes:
            values = np.frombuffer(content, kind).reshape(shape)
            tables[table] = values.astype(values.dtype.newbyteorder("="))
    if checksum != header.checksum or len(tables) < len(header.tables):
        raise FormatError(_damaged(name))
    ends = tables["places"] + tables["lengths"].astype(np.uint64) * np.uint64(WORD)
    if (tables["places"] < len(START)).any() or (
        ends > np.uint64(header.tables["places"][0])
    ).any():
        raise FormatError(_damaged(name))
    return tables


def _header_of(text: bytes, name: str) -> BlockedHeader:
    try:
        values = json.loads(text)
        n_y, n_x, n_channels = (int(size) for size in values["shape"])
        tables = {str(k): [int(a), int(b)] for k, (a, b) in values["tables"].items()}
        return BlockedHeader(
            (n_y, n_x, n_channels),
            str(values["dtype"]),
            tables,
            int(values["checksum"]),
            dict(values["source"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise FormatError(_damaged(name)) from error


def _check(header: BlockedHeader, place: int, name: str) -> None:
    """See that shape and tables belong together before anything is allocated."""
    if header.dtype not in TYPES or min(header.shape) < 1 or max(header.shape) > 2**31:
        raise FormatError(_damaged(name))
    expected = {
        table: math.prod(shape) * np.dtype(kind).itemsize
        for table, (kind, shape) in table_shapes(header).items()
    }
    found = {table: n_bytes for table, (_, n_bytes) in header.tables.items()}
    inside = all(
        len(START) <= start <= start + n_bytes <= place
        for start, n_bytes in header.tables.values()
    )
    if found != expected or not inside:
        raise FormatError(_damaged(name))


def _damaged(name: str) -> str:
    return (
        f"{name} in the cache is damaged, or of another version. Delete it: "
        "napari-maxrf cache clear."
    )
