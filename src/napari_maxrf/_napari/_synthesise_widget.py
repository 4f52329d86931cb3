"""The Synthesise dock: from an open picture to a synthetic scan over it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from napari.layers import Image
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_maxrf._napari._chains import Outcome, synthesise_chain
from napari_maxrf._napari._facts import facts_of
from napari_maxrf._napari._forms import ConfigForm, add_row, form_layout
from napari_maxrf._napari._layer_choice import LayerCombo
from napari_maxrf._napari._layers import add_layers
from napari_maxrf._napari._palette_book import palette_book
from napari_maxrf._napari._palette_list import PaletteList
from napari_maxrf._napari._placement import placement_of
from napari_maxrf._napari._run_bar import Request, RunBar
from napari_maxrf._napari._section import DOCK_WIDTH, note, scrolled, stacked, titled
from napari_maxrf._napari._settings import preferred_counts, preferred_maps
from napari_maxrf._napari._work import workbench
from napari_maxrf.errors import MaxrfError
from napari_maxrf.synthesis import SynthesisConfig

if TYPE_CHECKING:
    import napari
    from napari.layers import Layer

SHOWN = ("counts", "n_bins", "threshold", "k_min", "k_max", "seed")
BYTES_PER_COUNT = 2


class SynthesiseWidget(QWidget):
    """Choose a picture and pigments, and make a synthetic scan.

    Parameters
    ----------
    viewer : ViewerModel
        Whose layers are used, and where the results are added.
    """

    def __init__(self, viewer: napari.viewer.ViewerModel) -> None:
        super().__init__()
        self._viewer = viewer
        self._bench = workbench(viewer)
        self._book = palette_book(viewer)
        self._build()
        self.source.chosen.connect(self._take_pixel_size)
        self.source.chosen.connect(self._describe)
        self.form.changed.connect(self._tell_scan)
        self.form.changed.connect(self._describe)
        self.palette_list.changed.connect(self._describe)
        self._take_pixel_size()
        self._tell_scan()
        self._describe()

    def _build(self) -> None:
        self.source = LayerCombo(
            self._viewer,
            is_picture,
            "Open a picture first",
            "The picture to scan: any open RGB or grey layer.",
        )
        self.info = note()
        has_window = hasattr(self._viewer, "window")
        self.palette_list = PaletteList(
            self._book, self._edit_palette if has_window else None
        )
        start = SynthesisConfig.checked(counts=preferred_counts())
        self.form = ConfigForm(start, SHOWN)
        self.run_bar = RunBar(
            self._bench,
            "Synthesise",
            "Make a synthetic MA-XRF scan of the picture and lay it over it.",
            self.request,
        )
        row = form_layout()
        add_row(row, "Picture", self.source.toolTip(), self.source)
        content = QWidget()
        content.setLayout(
            stacked(
                titled("Source", stacked(row, self.info, margin=8)),
                titled("Palette", stacked(self.palette_list, margin=8)),
                titled("Scan", stacked(self.form, margin=8)),
            )
        )
        content.layout().addStretch(1)
        self.setMinimumWidth(DOCK_WIDTH)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addWidget(scrolled(content), 1)
        layout.addWidget(self.run_bar)

    def request(self) -> Request:
        """Return what a press of the button asks for.

        Raises
        ------
        MaxrfError
            There is no picture, no pigment, or a setting does not fit.
        """
        layer = self.source.layer
        if layer is None:
            raise MaxrfError("There is no picture. Open one, for example by drag.")
        palette = self.palette_list.palette_chosen()
        config = self.form.config()
        steps = partial(
            synthesise_chain,
            pixels_of(layer),
            palette,
            config,
            layer.name,
            placement_of(layer),
            preferred_maps(),
        )
        return Request("Synthesise", steps, self._show)

    def _edit_palette(self) -> None:
        from napari_maxrf._napari._palette_widget import open_palette_dock

        open_palette_dock(self._viewer)

    def _show(self, outcome: Outcome) -> str:
        add_layers(self._viewer, outcome.layers)
        return outcome.words

    def _take_pixel_size(self) -> None:
        """Take the pixel size of a picture that lies in the world in mm."""
        layer = self.source.layer
        if layer is not None and str(layer.units[-1]) in ("mm", "millimeter"):
            self.form.fields["pixel_size_mm"].set(float(layer.scale[-1]))

    def _tell_scan(self) -> None:
        """Let the Palette dock look at spectra as this scan will have them."""
        if not self.form.trouble:
            self._book.set_scan(self.form.config())

    def _describe(self) -> None:
        """Say how large the scan will be, or why there can be none."""
        layer, trouble = self.source.layer, self.form.trouble
        if layer is None:
            self.info.setText("")
            self.run_bar.hinder("Open a picture first.")
            return
        self.run_bar.hinder(trouble)
        if not trouble:
            self.info.setText(size_words(pixels_of(layer), self.form.config()))


def is_picture(layer: Layer) -> bool:
    """Tell whether `layer` shows a picture: RGB, or grey and not made by us."""
    if not isinstance(layer, Image) or layer.ndim != 2:
        return False
    return bool(layer.rgb) or facts_of(layer) is None


def pixels_of(layer: Layer) -> Any:
    """Return the pixels of a layer at full resolution."""
    return layer.data[0] if layer.multiscale else layer.data


def size_words(pixels: Any, config: SynthesisConfig) -> str:
    """Say how many pixels and bytes a scan of `pixels` has."""
    height, width = pixels.shape[:2]
    mib = height * width * config.n_bins * BYTES_PER_COUNT / 2**20
    size = f"{mib:.0f} MiB" if mib < 1024 else f"{mib / 1024:.1f} GiB"
    return f"{width} × {height} pixels, {config.n_bins} bins: {size} of counts"
