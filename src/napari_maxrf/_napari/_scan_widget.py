"""The Scan dock: what a scan is, and what can be done about its faults."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_maxrf._napari._facts import cube_of
from napari_maxrf._napari._layer_choice import LayerCombo
from napari_maxrf._napari._scan_calibration import CalibrationPanel
from napari_maxrf._napari._scan_copy import CopyPanel
from napari_maxrf._napari._scan_defects import DefectsPanel
from napari_maxrf._napari._scan_facts import FactsPanel
from napari_maxrf._napari._section import DOCK_WIDTH, scrolled, stacked, titled
from napari_maxrf._napari._work import workbench

if TYPE_CHECKING:
    import napari
    from napari.layers import Layer

    from napari_maxrf.cube import SpectralCube

MARGIN = 6


class ScanWidget(QWidget):
    """Facts, calibration, defects and fast copy of one open scan.

    Parameters
    ----------
    viewer : ViewerModel
        Whose scans are offered, and where new ones are added.
    """

    def __init__(self, viewer: napari.viewer.ViewerModel) -> None:
        super().__init__()
        bench = workbench(viewer)
        self.source = LayerCombo(
            viewer,
            lambda layer: cube_of(layer) is not None,
            "Open or synthesise a scan first",
            "The scan that this is about: any open cube layer.",
        )
        self.facts = FactsPanel()
        self.calibration = CalibrationPanel(viewer, bench)
        self.defects = DefectsPanel(viewer, bench)
        self.copy = CopyPanel(viewer, bench)
        self._lay_out()
        self.source.chosen.connect(self._take_scan)
        self.calibration.applied.connect(self.source.choose)
        self.defects.made.connect(self.source.choose)
        self._take_scan()

    def _lay_out(self) -> None:
        parts = (
            ("Energies", self.calibration),
            ("Defects of the scanner", self.defects),
            ("Fast copy", self.copy),
        )
        boxes = [titled(title, stacked(part, margin=MARGIN)) for title, part in parts]
        content = QWidget()
        content.setLayout(stacked(self.source, self.facts, *boxes, margin=MARGIN))
        content.layout().addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(scrolled(content))
        self.setMinimumWidth(DOCK_WIDTH)

    @property
    def scan(self) -> tuple[SpectralCube, Layer] | None:
        """The chosen scan, and the layer that shows it."""
        layer = self.source.layer
        cube = cube_of(layer) if layer is not None else None
        return (cube, layer) if cube is not None and layer is not None else None

    def _take_scan(self) -> None:
        """Begin afresh with the chosen scan."""
        scan = self.scan
        self.facts.show_scan(scan[0] if scan is not None else None)
        for panel in (self.calibration, self.defects, self.copy):
            panel.show_scan(scan)
