"""EPICS ``.mda``: nested scans of a synchrotron, big-endian, with spectra inside.

`_xdr` walks the heads of scans, `_spectra` is the array that dask sees,
`_calibrated` finds the energy axes, `_reader` joins all to a cube.
"""

from napari_maxrf.io.formats.mda._reader import FORMAT

__all__ = ["FORMAT"]
