"""A scan larger than memory in the real napari window, and the memory that takes.

    xvfb-run -a -s "-screen 0 1600x1000x24" python benchmarks/big_scan_session.py
        [--gib 26] [--folder FOLDER] [--plot docs/images/memory_curve.png] [--json]

Writes a Ripple pair of whole spectra (uint16, Poisson, tiles of 64 rows repeated),
opens it in a window as if it were dropped there, and uses it: preview, sum image and
element maps, fast views by the button of the notification, energy steps, the mouse
over pixels beside the Spectrum dock, the map of an energy window, and removal. The
resident memory of the process (VmRSS) is noted ten times a second all the while.

With ``--folder`` the scan stays there, and is taken again if it has the right size;
its packed copy is always made anew. Without a display the window is drawn offscreen
where Qt can. Settings and caches of the user are not touched.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from big_cubes import WINDOW_KEV, resident_mib, timed, write_scan

PLOT = Path(__file__).resolve().parents[1] / "docs" / "images" / "memory_curve.png"
CHANNELS = 2048
N_STEPS, N_PIXELS = 40, 60
TOO_LONG_S = 600
PACE_S = 0.1
N_HEIGHTS, LATE = 4, 0.8
"""Names of short phases stand below each other, and late ones end where they end."""
PACKED_SHARE = 0.25
"""Room that is asked for beside the scan, for its packed copy."""


@dataclass
class Curve:
    """Resident memory over time, with what was done meanwhile."""

    started: float = field(default_factory=time.perf_counter)
    seconds: list[float] = field(default_factory=list)
    mib: list[float] = field(default_factory=list)
    phases: list[tuple[str, float, float]] = field(default_factory=list)

    def now(self) -> float:
        """Return seconds since the start."""
        return time.perf_counter() - self.started

    def note(self, stop: threading.Event) -> None:
        """Note the memory until told to stop."""
        while not stop.wait(PACE_S):
            self.seconds.append(self.now())
            self.mib.append(resident_mib())

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Name what is being done."""
        begin = self.now()
        yield
        self.phases.append((name, begin, self.now()))
        sys.stderr.write(f"{self.now():7.1f} s  {resident_mib():6.0f} MiB  {name}\n")

    def peak(self, begin: float = 0.0, end: float = np.inf) -> float:
        """Return the most memory between two times."""
        pairs = zip(self.seconds, self.mib, strict=True)
        return max((mib for at, mib in pairs if begin <= at <= end), default=0.0)


def scan_in(folder: Path, gib: float) -> Path:
    """Return the header of a scan of that size; write it unless it is there."""
    width = max(64, round((gib * 2**30 / CHANNELS / 2) ** 0.5 / 64) * 64)
    row_bytes = width * CHANNELS * 2
    height = max(1, round(gib * 2**30 / row_bytes))
    header, raw = folder / "scan.rpl", folder / "scan.raw"
    there = raw.stat().st_size if header.is_file() and raw.is_file() else 0
    needed = height * row_bytes * (PACKED_SHARE + (there != height * row_bytes))
    free = shutil.disk_usage(folder).free
    if free < needed + 4e9:
        sys.exit(
            f"{folder} has {free / 1e9:.0f} GB free; {needed / 1e9 + 4:.0f} needed"
        )
    if there != height * row_bytes:
        # Another process, so that its memory is not counted.
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            pool.submit(write_scan, folder, height, width, CHANNELS).result()
    return header


def use_own_settings(folder: Path) -> None:
    """Keep settings, caches and notifications of this run apart from the user's."""
    home = folder / "home"
    shutil.rmtree(home, ignore_errors=True)
    for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
        os.environ[name] = str(home / name.lower())
    os.environ["NAPARI_CONFIG"] = str(home / "napari.yaml")


def settle() -> None:
    """Let Qt do what is waiting."""
    from qtpy.QtWidgets import QApplication

    for _ in range(5):
        QApplication.processEvents()


def wait(until: Callable[[], bool], what: str) -> None:
    """Let Qt work until something is so."""
    end = time.perf_counter() + TOO_LONG_S
    while not until():
        settle()
        time.sleep(0.002)
        if time.perf_counter() > end:
            sys.exit(f"{what} took longer than {TOO_LONG_S} s")
    settle()


class Session:
    """What a user does with a large scan.

    Parameters
    ----------
    path : Path
        The scan.
    curve : Curve
        Where memory and phases are noted.
    """

    def __init__(self, path: Path, curve: Curve) -> None:
        self.path, self.curve = path, curve
        self.facts: dict[str, float] = {}

    def run(self) -> dict[str, float]:
        """Do all of it, and return the figures."""
        with self.curve.phase("window"):
            self.start()
        with self.curve.phase("open"):
            self.open()
        with self.curve.phase("sum and maps"):
            wait(lambda: len(self.kinds("element map")) > 0, "mapping elements")
        with self.curve.phase("pack"):
            self.pack()
        with self.curve.phase("energies"):
            self.step_energies()
        with self.curve.phase("pixels"):
            self.move_over_pixels()
        with self.curve.phase("window map"):
            self.map_window()
        with self.curve.phase("remove"):
            self.viewer.layers.clear()
            wait(lambda: not self.dock.is_busy, "removing")
        self.viewer.close()
        return self.facts

    def start(self) -> None:
        """Open the window and the Spectrum dock."""
        import napari

        self.viewer = napari.Viewer()
        self.viewer.window.resize(1500, 900)
        _, self.dock = self.viewer.window.add_plugin_dock_widget(
            "napari-maxrf", "Spectrum"
        )
        settle()

    def kinds(self, kind: str) -> list[Any]:
        """Return the layers of a kind."""
        from napari_maxrf._napari._facts import facts_of

        known = [(layer, facts_of(layer)) for layer in self.viewer.layers]
        return [layer for layer, facts in known if facts and facts.kind == kind]

    @property
    def scan(self) -> Any:
        """The layer of the cube."""
        return self.kinds("cube")[0]

    def open(self) -> None:
        """Open the scan as a drop on the window does."""
        ms, _ = timed(lambda: self.viewer.open(self.path, plugin="napari-maxrf"))
        settle()
        self.facts["preview, ms"] = ms

    def pack(self) -> None:
        """Press the button that the notification shows."""
        from napari.utils.notifications import notification_manager

        from napari_maxrf.io.blocked._cached import is_blocked

        offers = [one for one in notification_manager.records if one.actions]
        if not offers:
            sys.exit("fast views were not offered")
        ((_, press),) = offers[-1].actions
        press(None)
        wait(lambda: is_blocked(self.dock.cube), "packing")

    def step_energies(self) -> None:
        """Show the cube and move the energy slider."""
        for layer in self.viewer.layers:
            layer.visible = layer is self.scan
        settle()
        rng, dims = np.random.default_rng(1), self.viewer.dims
        times = []
        for channel in rng.integers(50, CHANNELS, N_STEPS):
            ms, _ = timed(lambda c=channel: (dims.set_current_step(0, c), settle()))
            times.append(ms)
        self.facts["energy step, median ms"] = statistics.median(times)
        self.facts["energy step, worst ms"] = max(times)

    def move_over_pixels(self) -> None:
        """Move the mouse over the canvas and wait for each spectrum."""
        self.viewer.reset_view()
        settle()
        canvas = self.viewer.window._qt_viewer.canvas.native
        rng, times = np.random.default_rng(2), []
        size = np.array(self.scan.data.shape[1:])
        for _ in range(N_PIXELS):
            before = self.dock.model.cursor
            pixel = np.array(rng.uniform(0.1, 0.9, 2) * size, int)
            start = time.perf_counter()
            hover(canvas, *self.place_of(pixel, canvas))
            wait(lambda old=before: self.dock.model.cursor is not old, "a spectrum")
            times.append(1000 * (time.perf_counter() - start))
        self.facts["spectrum under the mouse, median ms"] = statistics.median(times)
        self.facts["spectrum under the mouse, worst ms"] = max(times)

    def place_of(self, pixel: np.ndarray, canvas: Any) -> tuple[float, float]:
        """Return x and y of the canvas where a pixel is drawn."""
        world = np.array(self.scan.data_to_world((0, *pixel))[-2:])
        camera = self.viewer.scene.camera
        middle = np.array([canvas.height(), canvas.width()]) / 2
        y, x = (world - np.array(camera.center[-2:])) * camera.zoom + middle
        return float(x), float(y)

    def map_window(self) -> None:
        """Map an energy window with the dock."""
        tool = self.dock.window
        start = time.perf_counter()
        tool.panel.tick.setChecked(True)
        tool.panel.set_window(WINDOW_KEV)
        wait(
            lambda: bool(self.kinds("window map")) and not self.dock.is_busy,
            "mapping a window",
        )
        self.facts["window map, s"] = time.perf_counter() - start


def hover(canvas: Any, x: float, y: float) -> None:
    """Send what Qt sends when the mouse moves."""
    from qtpy.QtCore import QEvent, QPointF, Qt
    from qtpy.QtGui import QMouseEvent
    from qtpy.QtWidgets import QApplication

    place = QPointF(x, y)
    none = Qt.MouseButton.NoButton
    event = QMouseEvent(
        QEvent.Type.MouseMove,
        place,
        QPointF(canvas.mapToGlobal(place.toPoint())),
        none,
        none,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(canvas, event)


def draw(curve: Curve, gib: float, path: Path) -> None:
    """Draw memory over time, with the phases."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(9, 4), layout="constrained")
    top = 1.5 * curve.peak()
    for index, (name, begin, end) in enumerate(curve.phases):
        axes.axvspan(begin, end, color="0.90" if index % 2 else "0.97", lw=0)
        height = (0.97 - 0.06 * (index % N_HEIGHTS)) * top
        late = begin > LATE * curve.now()
        side = "right" if late else "left"
        axes.text(end if late else begin, height, name, ha=side, va="top")
    axes.plot(curve.seconds, curve.mib, color="#0072b2")
    axes.set(
        xlabel="seconds",
        ylabel="resident memory (MiB)",
        xlim=(0, curve.now()),
        ylim=(0, top),
        title=f"{gib:.1f} GiB of counts in the napari window, "
        f"{memory_gib():.0f} GiB of memory: peak {curve.peak():.0f} MiB",
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def memory_gib() -> float:
    """Return the memory of this machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def session(folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """Write, use and draw; return all figures."""
    use_own_settings(folder)
    path = scan_in(folder, arguments.gib)
    gib = path.with_suffix(".raw").stat().st_size / 2**30
    curve, stop = Curve(), threading.Event()
    noting = threading.Thread(target=curve.note, args=(stop,), daemon=True)
    noting.start()
    try:
        figures = Session(path, curve).run()
    finally:
        stop.set()
        noting.join()
        shutil.rmtree(folder / "home", ignore_errors=True)
    draw(curve, gib, arguments.plot)
    phases = {
        name: {"seconds": end - begin, "peak MiB": curve.peak(begin, end)}
        for name, begin, end in curve.phases
    }
    facts = {"GiB of counts": gib, "GiB of memory": memory_gib()}
    return {**facts, "peak MiB": curve.peak(), **figures, "phases": phases}


def lines(facts: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of the report."""
    for key, value in facts.items():
        if not isinstance(value, dict):
            yield f"{key:<38}{value:>10.1f}"
    yield f"{'':<38}{'seconds':>10}{'peak MiB':>10}"
    for name, one in facts["phases"].items():
        yield f"{name:<38}{one['seconds']:>10.1f}{one['peak MiB']:>10.0f}"


def main() -> None:
    """Measure, draw and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gib", type=float, default=26, help="size of the counts")
    parser.add_argument("--folder", type=Path, help="where the scan is kept")
    parser.add_argument("--plot", type=Path, default=PLOT)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if arguments.folder:
        arguments.folder.mkdir(parents=True, exist_ok=True)
        facts = session(arguments.folder, arguments)
    else:
        with tempfile.TemporaryDirectory() as name:
            facts = session(Path(name), arguments)
    if arguments.json:
        sys.stdout.write(json.dumps(facts, indent=2) + "\n")
    else:
        sys.stdout.write("\n".join(lines(facts)) + "\n")


if __name__ == "__main__":
    main()
