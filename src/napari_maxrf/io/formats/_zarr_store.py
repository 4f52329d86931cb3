"""What is in a Zarr store, a folder or a zip, by its metadata alone.

Metadata name the codecs that unpack the data, and one of them unpickles. So they are
read here first, and an array is given to the zarr package only when its sizes are
sound and its codecs are among those that cannot do harm.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_maxrf.errors import FormatError
from napari_maxrf.io._archives import archive, names_in, starts_as_zip

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_ARRAYS = (".zarray", "zarr.json")
_NODES = (".zgroup", *_ARRAYS)
_METADATA = (*_NODES, ".zattrs")
_CODECS = {"zlib", "gzip", "bz2", "lzma", "blosc", "zstd", "lz4", "shuffle", "delta"}
_CODECS |= {"bytes", "transpose", "crc32c", "sharding_indexed", "endian"}
_LARGEST_METADATA, _LARGEST_METADATA_IN_ALL = 2**24, 2**26
_LARGEST_CHUNK = 2**30
_MOST_NODES = 1000
_DEEPEST = 8


@dataclass(frozen=True)
class ZarrArray:
    """An array of a store.

    Attributes
    ----------
    name : str
        Path in the store; empty for a store that is one array.
    shape, chunks : tuple of int
        Of the array, and of the smallest part that can be read.
    dtype : dtype
        Type of a value, with its byte order.
    attributes : dict
        What the user or a program wrote beside it.
    dimensions : tuple of str
        Names of the axes, if they have any.
    codecs : tuple of str
        Names of all codecs.
    version : int
        2 or 3, of the format.
    """

    name: str
    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    dtype: np.dtype[Any]
    attributes: dict[str, Any] = field(default_factory=dict)
    dimensions: tuple[str, ...] = ()
    codecs: tuple[str, ...] = ()
    version: int = 3

    def check(self, file_name: str) -> None:
        """Refuse what is no array of counts, or could do harm.

        Raises
        ------
        FormatError
            Values that are no numbers, senseless sizes, or an unknown codec.
        """
        where = f"{file_name}: {self.name or 'the array'}"
        if self.dtype.kind not in "uif":
            raise FormatError(f"{where} holds {self.dtype}; expected counts.")
        if len(self.shape) != len(self.chunks) or min(self.chunks, default=0) < 1:
            raise FormatError(
                f"{where} has shape {self.shape} in chunks of {self.chunks}: its "
                "metadata are damaged."
            )
        if math.prod(self.chunks) * self.dtype.itemsize > _LARGEST_CHUNK:
            raise FormatError(f"{where}: chunks {self.chunks} are too large to read.")
        strange = [name for name in self.codecs if name not in _CODECS]
        if strange:
            raise FormatError(
                f"{where} is packed by {strange[0]!r}, which is not read. Save it with "
                "blosc, zstd or gzip."
            )


class ZarrStore:
    """The metadata of a store.

    Parameters
    ----------
    path : Path
        A folder or a zip.

    Raises
    ------
    FormatError
        The zip is damaged, or holds far too many arrays.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._nodes = _zip_nodes(path) if path.is_file() else _folder_nodes(path)

    def attributes(self, group: str = "") -> dict[str, Any]:
        """Return the attributes of a group or array."""
        values = self._json(group, "zarr.json")
        beside = values.get("attributes", self._json(group, ".zattrs"))
        return beside if isinstance(beside, dict) else {}

    def arrays(self) -> dict[str, ZarrArray]:
        """Describe all arrays whose metadata are sound enough to do so."""
        found = {}
        for name, kind in self._nodes.items():
            described = self._described(name, kind)
            if described is not None:
                found[name] = described
        return found

    def _described(self, name: str, kind: str) -> ZarrArray | None:
        values = self._json(name, kind)
        try:
            if kind == ".zarray":
                return _version_2(name, values, self.attributes(name))
            if kind == "zarr.json" and values.get("node_type") == "array":
                return _version_3(name, values)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            return None
        return None

    def _json(self, group: str, kind: str) -> dict[str, Any]:
        """Read an entry of metadata; an empty dict if missing or damaged."""
        content = self._content(f"{group}/{kind}".lstrip("/"))
        try:
            values = json.loads(content) if content else {}
        except (ValueError, RecursionError):
            return {}
        return values if isinstance(values, dict) else {}

    def _content(self, name: str) -> bytes:
        if self.path.is_dir():
            try:
                with (self.path / name).open("rb") as stream:
                    return stream.read(_LARGEST_METADATA)
            except OSError:
                return b""
        facts = self.path.stat()
        held = _zip_metadata(self.path.resolve(), facts.st_size, facts.st_mtime_ns)
        return held.get(name, b"")


def is_store(path: Path) -> bool:
    """Tell whether a folder or zip has the metadata of Zarr at its root."""
    if path.is_dir():
        return any((path / kind).is_file() for kind in _NODES)
    return starts_as_zip(path) and any(name in _NODES for name in names_in(path))


def _folder_nodes(path: Path) -> dict[str, str]:
    """Find groups and arrays; chunks, of which there may be a million, are not."""
    found: dict[str, str] = {}
    for folder in _walked(path, 0):
        kind = next(kind for kind in _NODES[::-1] if (folder / kind).is_file())
        found[folder.relative_to(path).as_posix().removeprefix(".")] = kind
        if len(found) > _MOST_NODES:
            raise FormatError(f"{path.name} holds more than {_MOST_NODES} arrays.")
    return found


def _walked(folder: Path, depth: int) -> Iterator[Path]:
    """Yield a node and the nodes in it; an array holds none but chunks."""
    if not any((folder / kind).is_file() for kind in _NODES):
        return
    yield folder
    if depth < _DEEPEST and not _is_array(folder):
        for inner in sorted(one for one in folder.iterdir() if one.is_dir()):
            yield from _walked(inner, depth + 1)


def _is_array(folder: Path) -> bool:
    if (folder / ".zarray").is_file():
        return True
    try:
        with (folder / "zarr.json").open("rb") as stream:
            return b'"codecs"' in stream.read(_LARGEST_METADATA)
    except OSError:
        return False


def _zip_nodes(path: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in names_in(path):
        group, _, kind = name.rpartition("/")
        if kind in _NODES and ".." not in group.split("/"):
            found[group] = kind
        if len(found) > _MOST_NODES:
            raise FormatError(f"{path.name} holds more than {_MOST_NODES} arrays.")
    return found


@lru_cache(maxsize=1)
def _zip_metadata(path: Path, _size: int, _time: int) -> dict[str, bytes]:
    """Read all metadata in one go: each opening lists all chunks of the archive."""
    found, room = dict[str, bytes](), _LARGEST_METADATA_IN_ALL
    with archive(path) as opened:
        for entry in opened.infolist():
            if entry.filename.rpartition("/")[2] not in _METADATA:
                continue
            with opened.open(entry) as stream:
                content = stream.read(min(room, _LARGEST_METADATA))
            found[entry.filename], room = content, room - len(content)
            if room <= 0 or len(found) > len(_METADATA) * _MOST_NODES:
                raise FormatError(f"{path.name} holds far too many metadata.")
    return found


def _version_2(
    name: str, values: dict[str, Any], attributes: dict[str, Any]
) -> ZarrArray:
    packing = [values["compressor"], *(values.get("filters") or [])]
    dimensions = attributes.get("_ARRAY_DIMENSIONS")
    return ZarrArray(
        name,
        _sizes(values["shape"]),
        _sizes(values["chunks"]),
        np.dtype(values["dtype"]),
        attributes,
        _names(dimensions),
        tuple(str(codec["id"]) for codec in packing if codec),
        version=2,
    )


def _version_3(name: str, values: dict[str, Any]) -> ZarrArray:
    chunks, codecs = _inner(
        values["chunk_grid"]["configuration"]["chunk_shape"], values["codecs"], 0
    )
    return ZarrArray(
        name,
        _sizes(values["shape"]),
        _sizes(chunks),
        np.dtype(values["data_type"]),
        values.get("attributes") or {},
        _names(values.get("dimension_names")),
        codecs,
    )


def _inner(
    chunks: list[int], codecs: list[dict[str, Any]], depth: int
) -> tuple[list[int], tuple[str, ...]]:
    """Follow shards to the smallest chunks, and name all codecs on the way."""
    if depth > _DEEPEST:
        raise ValueError("shards in shards in shards")
    names: tuple[str, ...] = ()
    for codec in codecs:
        names += (str(codec["name"]).removeprefix("numcodecs."),)
        if names[-1] == "sharding_indexed":
            inner = codec["configuration"]
            names += _inner([], inner.get("index_codecs", []), depth + 1)[1]
            chunks, more = _inner(inner["chunk_shape"], inner["codecs"], depth + 1)
            names += more
    return chunks, names


def _sizes(values: list[Any]) -> tuple[int, ...]:
    if not all(isinstance(one, int) and 0 <= one < 2**48 for one in values):
        raise ValueError(f"sizes {values}")
    return tuple(values)


def _names(values: Any) -> tuple[str, ...]:
    return tuple(map(str, values)) if isinstance(values, list) else ()
