"""Element maps that other programs computed, for layers beside a scan.

`_mapset` is what is returned; `_datamuncher`, `_tables`, `_edf`, `_tiff` and `_hdf5`
read one family of files each; `_open` lists and tries them.
"""

from napari_maxrf.io.formats.map_files._mapset import MapSet
from napari_maxrf.io.formats.map_files._open import (
    MAP_FORMATS,
    MapFormat,
    open_maps,
    recognise_maps,
)

__all__ = ["MAP_FORMATS", "MapFormat", "MapSet", "open_maps", "recognise_maps"]
