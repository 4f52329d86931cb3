"""Write HDF5 so that a full disk ends in an error and not in a crash.

When a write fails, the HDF5 library cannot close its file any more and may take the
whole process down, napari and the user's work with it. `writing_h5` puts a file of
our own under the library: after the first failure it keeps what cannot be written
in memory, the library closes in peace, and the failure is raised afterwards.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

import h5py

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class ForgivingFile:
    """A binary file that remembers its first failed write instead of raising it.

    Parameters
    ----------
    path : Path
        File to make.
    mode : str
        ``"w+b"``: what stood there is lost. ``"r+b"``: it is written on.

    Attributes
    ----------
    error : OSError or None
        Why the first write failed.
    """

    def __init__(self, path: Path, mode: Literal["w+b", "r+b"] = "w+b") -> None:
        self.error: OSError | None = None
        self._file = path.open(mode, buffering=0)
        self._place, self._size = 0, self._file.seek(0, os.SEEK_END)
        self._unwritten: list[tuple[int, bytes]] = []

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to a place, which need not exist yet."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._size}
        self._place = base[whence] + offset
        return self._place

    def tell(self) -> int:
        """Return the current place."""
        return self._place

    def write(self, data: bytes | memoryview) -> int:
        """Write all of `data`, or keep it once the disk has refused."""
        if self.error is None:
            try:
                self._write_all(memoryview(data).cast("B"))
            except OSError as error:
                self.error = error
        if self.error is not None:
            self._unwritten.append((self._place, bytes(data)))
        self._place += len(data)
        self._size = max(self._size, self._place)
        return len(data)

    def _write_all(self, data: memoryview) -> None:
        """Repeat short writes, by which a disk tells that it is nearly full."""
        self._file.seek(self._place)
        while data:
            data = data[self._file.write(data) :]

    def readinto(self, buffer: memoryview) -> int:
        """Read back what was written, or would have been."""
        start, view = self._place, memoryview(buffer).cast("B")
        self._file.seek(start)
        n_read = self._file.readinto(view) or 0
        view[n_read:] = bytes(len(view) - n_read)
        for place, data in self._unwritten:
            low, high = max(place, start), min(place + len(data), start + len(view))
            if low < high:
                view[low - start : high - start] = data[low - place : high - place]
        self._place += len(view)
        return len(view)

    def read(self, size: int) -> bytes:
        """Read `size` bytes; h5py knows a file object by this method."""
        buffer = bytearray(size)
        self.readinto(memoryview(buffer))
        return bytes(buffer)

    def truncate(self, size: int) -> int:
        """Set the length of the file."""
        self._size = size
        if self.error is None:
            try:
                self._file.truncate(size)
            except OSError as error:
                self.error = error
        return size

    def flush(self) -> None:
        """Do nothing: writes are not buffered."""

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def check(self) -> None:
        """Raise the first failure, if there was one.

        Raises
        ------
        OSError
            The disk is full, or the file became unwritable.
        """
        if self.error is not None:
            raise self.error


@contextmanager
def writing_h5(path: Path) -> Iterator[tuple[h5py.File, ForgivingFile]]:
    """Make an HDF5 file and give it together with the file it lies in.

    Long writers call ``check`` of the second now and then, to stop early.

    Raises
    ------
    OSError
        Something could not be written, told when the HDF5 file is closed.
    """
    below = ForgivingFile(path)
    try:
        with h5py.File(below, "w") as file:
            yield file, below
        below.check()
    finally:
        below.close()
