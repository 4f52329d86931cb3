"""Bruker ``.bcf``, written from the facts of the format.

A container of chunks (`_container`) holds entries, plain or packed (`_packed`): the
XML header (`_header`, `_calibrated`, `_images`) and for each detector the spectra of
all pixels. `_rows` finds rows in them, `_kernels` decodes, `_pulses` is the array
that dask sees, `_reader` joins all to a cube.
"""

from napari_maxrf.io.formats.bcf._images import open_bcf_images
from napari_maxrf.io.formats.bcf._reader import FORMAT

__all__ = ["FORMAT", "open_bcf_images"]
