"""The napari side: the only folder that may import napari, Qt and pyqtgraph.

Nothing here computes or opens files by itself. A function or widget reads what
the user chose, calls the core, mostly in a worker, and adds the layers.
"""
