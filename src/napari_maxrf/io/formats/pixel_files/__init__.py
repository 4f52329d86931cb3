"""Scans kept as one spectrum file for each pixel, in a folder or a zip archive.

`_members` lists and reads the files, `_names` finds series by the numbers in their
names, `_size` reads how many rows and columns there are, `_layout` gives each file
its pixel, `_counts` reads files quickly, `_pixels` is the array that dask sees,
`_reader` joins all to a cube.
"""

from napari_maxrf.io.formats.pixel_files._reader import FORMAT

__all__ = ["FORMAT"]
