"""Step through energies and follow the cursor in a packed cube.

    python benchmarks/cube_views.py [--height 1024] [--width 1024] [--channels 2048]
                                    [--folder /tmp/views] [--window]

What a viewer asks for is timed in a fresh process: energies and spectra at random,
the first that touch a block included. With ``--window`` also what a user
waits for, from moving the slider of napari to the new picture (needs a display).
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from bars import Row, show
from big_cubes import Facts, fresh, measured, timed, views, warm_up, write_scan


def in_window(path: Path, cache: str) -> Facts:
    """Pack a scan, show it in napari, and move its slider."""
    import napari
    from qtpy.QtWidgets import QApplication

    from napari_maxrf.io import build_cache, energy_first, open_cube
    from napari_maxrf.io.blocked import CacheConfig

    warm_up(path.parent)
    cube = build_cache(open_cube(path), CacheConfig(folder=cache))
    viewer = napari.Viewer()
    viewer.add_image(energy_first(cube), contrast_limits=(0, 50))
    rng = np.random.default_rng(2)

    def step(energy: int) -> None:
        viewer.dims.set_current_step(0, energy)
        QApplication.processEvents()
        viewer.screenshot(canvas_only=True, flash=False)

    step(0)
    energies = rng.integers(0, cube.shape[2], 40)
    times = [timed(lambda e=e: step(int(e)))[0] for e in energies]
    viewer.close()
    return {"median": statistics.median(times), "worst": max(times)}


def rows(folder: Path, shape: tuple[int, int, int], window: bool) -> Iterator[Row]:
    """Measure what the bars ask for, then what a user sees."""
    where = " x ".join(map(str, shape)) + ", packed"
    yield from views(measured(folder, shape, packed_only=True), where)
    if window:
        with tempfile.TemporaryDirectory(dir=folder) as cache:
            facts = fresh(in_window, write_scan(folder, *shape), cache)
        figure = f"{facts['median']:.0f} ms, worst {facts['worst']:.0f} ms"
        yield Row(f"energy step to the picture in napari, {where}", "", figure)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--height", type=int, default=1024)
    parser.add_argument("--width", type=int, default=1024)
    parser.add_argument("--channels", type=int, default=2048)
    parser.add_argument("--folder", type=Path, help="where the scan is kept")
    parser.add_argument("--window", action="store_true")
    arguments = parser.parse_args()
    shape = (arguments.height, arguments.width, arguments.channels)
    with tempfile.TemporaryDirectory() as name:
        show(rows(arguments.folder or Path(name), shape, arguments.window))


if __name__ == "__main__":
    main()
