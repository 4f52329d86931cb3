"""Save what the Spectrum dock shows: curves as CSV, the plot as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_maxrf._files import atomic_path
from napari_maxrf.errors import MaxrfError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari_maxrf._napari._spectrum_model import Drawn, Floats
    from napari_maxrf.cube import SpectralCube

FILTERS = "Curves (*.csv);;Picture (*.svg);;Picture (*.png)"
PICTURES = (".svg", ".png")
PNG_WIDTH = 2400
"""Pixels: 20 cm at 300 dots per inch."""


def save_shown(
    path: str, plot: Any, cube: SpectralCube, curves: Iterable[Drawn], unit: str
) -> None:
    """Save curves or picture, by the suffix of the path.

    Parameters
    ----------
    path : str
        Ends in .csv, .svg or .png.
    plot : PlotWidget
        What is shown.
    cube : SpectralCube
        Whose spectra they are.
    curves : iterable of Drawn
        With values in `unit`.
    unit : str
        What the values are.

    Raises
    ------
    MaxrfError
        The suffix is another one, there are no curves, or the file cannot be written.
    """
    from napari_maxrf.analysis import save_curves

    suffix = Path(path).suffix.lower()
    if suffix in PICTURES:
        save_picture(path, plot)
        return
    if suffix != ".csv":
        raise MaxrfError(
            f"Cannot save spectra as {Path(path).name}: use .csv, .svg or .png."
        )
    save_curves(path, cube.energy, named(curves), cube.provenance, unit)


def named(curves: Iterable[Drawn]) -> dict[str, Floats]:
    """Return values by name; of curves of one name the later ones get a number."""
    values: dict[str, Floats] = {}
    for curve in curves:
        name, number = curve.name, 2
        while name in values:
            name, number = f"{curve.name} ({number})", number + 1
        values[name] = curve.values
    return values


def save_picture(path: str, plot: Any) -> None:
    """Save a plot as SVG, or as PNG of `PNG_WIDTH` pixels.

    Qt draws both: the exporter of pyqtgraph fails on legends.

    Raises
    ------
    MaxrfError
        The file cannot be written.
    """
    draw = _draw_svg if Path(path).suffix.lower() == ".svg" else _draw_png
    with atomic_path(path) as temporary:
        draw(str(temporary), plot)
        if not temporary.exists():
            raise MaxrfError(f"Cannot write {path}. Choose another place.")


def _draw_svg(path: str, plot: Any) -> None:
    from qtpy.QtSvg import QSvgGenerator

    canvas = QSvgGenerator()
    canvas.setFileName(path)
    canvas.setSize(plot.size())
    canvas.setViewBox(plot.rect())
    canvas.setTitle("Spectra")
    _paint(plot, canvas)


def _draw_png(path: str, plot: Any) -> None:
    from qtpy.QtGui import QImage

    scale = PNG_WIDTH / plot.width()
    height = round(plot.height() * scale)
    canvas = QImage(PNG_WIDTH, height, QImage.Format.Format_RGB32)
    canvas.setDevicePixelRatio(scale)
    _paint(plot, canvas)
    canvas.save(path)


def _paint(plot: Any, canvas: Any) -> None:
    from qtpy.QtCore import QRectF
    from qtpy.QtGui import QPainter

    painter = QPainter(canvas)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    plot.render(painter, QRectF(plot.rect()), plot.rect())
    painter.end()
