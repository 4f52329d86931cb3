"""HDF5 layouts of other programs, each opened as the same kind of cube.

`_table` lists them in the order in which they are tried, `_dialect` says what one is,
`_opening` turns what one finds into a cube. The other modules know one program each,
or what several have in common: links, small facts, energy axes.
"""

from napari_maxrf.io.dialects._dialect import Dialect
from napari_maxrf.io.dialects._links import contents_of
from napari_maxrf.io.dialects._table import DIALECTS, dialect_of, open_file_of

__all__ = ["DIALECTS", "Dialect", "contents_of", "dialect_of", "open_file_of"]
