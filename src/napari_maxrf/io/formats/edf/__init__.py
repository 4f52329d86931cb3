"""EDF, the data format of the ESRF: text headers, each followed by an array.

`_frames` reads headers, `_series` finds the files of a scan by their numbers,
`_piles` puts frames in order, `_stack` is the array that dask sees, `_reader` joins
all to a cube.
"""

from napari_maxrf.io.formats.edf._frames import EdfFrame, is_edf, read_frames
from napari_maxrf.io.formats.edf._reader import FORMAT, holds_spectra

__all__ = ["FORMAT", "EdfFrame", "holds_spectra", "is_edf", "read_frames"]
