"""Make the pictures of this guide: a real napari window with each dock.

    xvfb-run -a -s "-screen 0 1600x1000x24" python docs/make_screenshots.py

Run `make demo` first: its results are shown, and its montage is copied.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import dask.array as da
import napari
import numpy as np
from qtpy.QtWidgets import QApplication

from napari_maxrf._napari._compare import CompareWidget
from napari_maxrf._napari._embedding_widget import EmbeddingWidget
from napari_maxrf._napari._layers import (
    add_layers,
    clustered_layer,
    cube_layers,
    embedding_layer,
    recoloured_layer,
)
from napari_maxrf._napari._maps_widget import MapsWidget
from napari_maxrf._napari._palette_widget import PaletteWidget
from napari_maxrf._napari._placement import placement_of
from napari_maxrf._napari._recolour_widget import RecolourWidget
from napari_maxrf._napari._scan_widget import ScanWidget
from napari_maxrf._napari._spectrum_widget import SpectrumWidget
from napari_maxrf._napari._synthesise_widget import SynthesiseWidget
from napari_maxrf.cube import SpectralCube
from napari_maxrf.embedding import load_embedder
from napari_maxrf.pictures import load_picture
from napari_maxrf.pigments import load_palette
from napari_maxrf.recolouring import load_recolourer
from napari_maxrf.samples import sample_path
from napari_maxrf.synthesis import SynthesisConfig, synthesise

HERE = Path(__file__).resolve().parent
IMAGES = HERE / "images"
SIZE = 1400, 860
N_CURVES = 3
"""The whole scan, a region and a pixel."""


def settle() -> None:
    """Let Qt draw what is waiting."""
    for _ in range(10):
        QApplication.processEvents()


def shoot(viewer: napari.Viewer, dock: type, name: str, top: str) -> None:
    """Show one dock and one layer above the others, and take a picture."""
    widget = dock(viewer)
    docked = viewer.window.add_dock_widget(widget, name=name, area="right")
    for layer in viewer.layers:
        layer.visible = layer.name in {viewer.layers[0].name, top}
    if isinstance(widget, CompareWidget):
        settle()
        widget.show_as("curtain")
    if isinstance(widget, PaletteWidget):
        show_a_pair(widget)
    if isinstance(widget, SpectrumWidget):
        show_spectra(viewer, widget)
    if isinstance(widget, MapsWidget):
        show_maps(widget)
    if isinstance(widget, ScanWidget):
        show_faults(widget)
    settle()
    viewer.reset_view()
    settle()
    target = IMAGES / f"{name.lower().split()[-1]}.png"
    viewer.screenshot(str(target), canvas_only=False, flash=False)
    viewer.window.remove_dock_widget(docked)
    settle()


def show_a_pair(widget: PaletteWidget) -> None:
    """Wait for spectra and comparison, and choose the most harmful pair."""
    settle()
    while widget.is_busy:
        settle()
    tree = widget.confusions.tree
    tree.setCurrentItem(tree.topLevelItem(0))


def show_spectra(viewer: napari.Viewer, widget: SpectrumWidget) -> None:
    """Mark elements, draw a region, follow a pixel, and map a line."""
    scan = widget.source.layer
    square = [[30, 20], [30, 40], [50, 40], [50, 20]]
    viewer.add_shapes(
        [square],
        name="regions",
        edge_color="cyan",
        face_color="transparent",
        **placement_of(scan),
    )
    widget.elements.choose(("Ca", "Fe", "Hg", "Pb"))
    widget.follower.look(scan.data_to_world((0, 60, 90)))
    widget.window.panel.tick.setChecked(True)
    widget.window.panel.set_window((6.25, 6.55))
    settle()
    while widget.is_busy or len(widget.view.curves) < N_CURVES:
        settle()


def show_maps(widget: MapsWidget) -> None:
    """Make maps of the elements found, and wait for their composite."""
    settle()
    while widget.is_busy:
        settle()
    widget.run_bar.button.click()
    settle()
    while widget.is_busy:
        settle()


def with_faults(cube: SpectralCube) -> SpectralCube:
    """Return a scan as a worn scanner with rounded energies would give it."""
    counts = np.array(cube.counts)
    counts[1::2] = np.roll(counts[1::2], 1, axis=1)
    rng = np.random.default_rng(1)
    for y, x in rng.integers(0, counts.shape[:2], (6, 2)):
        counts[y, x, 40] = 250
    axis = replace(cube.energy, offset_kev=cube.energy.offset_kev - 0.06)
    return replace(cube, counts=da.from_array(counts), energy=axis, name="worn")


def show_faults(widget: ScanWidget) -> None:
    """Let the dock find energies and defects."""
    for bar in (widget.calibration.run_bar, widget.defects.find):
        bar.button.click()
        while bar.is_running:
            settle()
    widget.defects.mark.setChecked(True)


def main() -> None:
    """Make all pictures."""
    IMAGES.mkdir(exist_ok=True)
    for name in ("napari.png", "montage.png"):
        shutil.copy(HERE.parent / "demo" / name, IMAGES / name)
    viewer = napari.Viewer()
    viewer.window.resize(*SIZE)
    picture = load_picture(sample_path("mockup.png"), 384)
    source = viewer.add_image(
        picture, name="mockup", rgb=True, contrast_limits=(0.0, 1.0)
    )
    place = placement_of(source)
    synthesis = synthesise(
        picture, load_palette("sarteano"), SynthesisConfig(), "mockup"
    )
    embedded = load_embedder().embed(synthesis.cube)
    predicted = load_recolourer().recolour(embedded)
    layers = add_layers(
        viewer,
        [
            clustered_layer(synthesis, place),
            *cube_layers(synthesis.cube, place, 2),
            embedding_layer(embedded, place, synthesis.cube),
            recoloured_layer(predicted, embedded, place),
        ],
    )
    shoot(viewer, SynthesiseWidget, "Synthesise", layers[0].name)
    shoot(viewer, PaletteWidget, "Palette", layers[0].name)
    shoot(viewer, SpectrumWidget, "Spectrum", layers[1].name)
    for name in [one.name for one in viewer.layers if one not in (source, *layers)]:
        viewer.layers.remove(name)
    shoot(viewer, MapsWidget, "Element maps", layers[1].name)
    for name in [one.name for one in viewer.layers if one not in (source, *layers)]:
        viewer.layers.remove(name)
    faulty = add_layers(viewer, cube_layers(with_faults(synthesis.cube), place, 1))
    shoot(viewer, ScanWidget, "Scan", faulty[1].name)
    for name in [one.name for one in viewer.layers if one not in (source, *layers)]:
        viewer.layers.remove(name)
    shoot(viewer, EmbeddingWidget, "Embedding", layers[-2].name)
    shoot(viewer, RecolourWidget, "Recolour", layers[-1].name)
    shoot(viewer, CompareWidget, "Compare", layers[-1].name)
    viewer.close()


if __name__ == "__main__":
    main()
