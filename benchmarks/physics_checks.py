"""Compare the forward model with measured spectra; print tables and draw figures.

    python benchmarks/physics_checks.py [--out docs/images] [--only scatter]

Needs the measured spectra in ../shared/data. The comparison with fisx is left out where
fisx is not installed. Returns 1 where a row is outside its tolerance.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from measured import elements, fisx_lines, l_lines, plots, scatter, tubes
from measured.peaks import DATA
from measured.rows import Row, as_table

Rows = Callable[[], list[Row]]

TABLES: dict[str, tuple[str, tuple[Rows, ...], tuple[str, ...]]] = {
    "elements": (
        "Pure elements",
        (
            elements.position_rows,
            elements.width_rows,
            elements.beta_rows,
            elements.relative_rows,
            elements.horiba_rows,
            elements.horiba_beta_rows,
        ),
        ("elements",),
    ),
    "lines": (
        "L lines and a soil",
        (l_lines.series_rows, l_lines.soil_rows),
        ("lines",),
    ),
    "scatter": (
        "Scatter of acrylic",
        (
            scatter.peak_rows,
            scatter.width_rows,
            scatter.continuum_rows,
            scatter.filter_rows,
        ),
        ("scatter", "filters"),
    ),
    "tubes": ("Tubes against SpekPy", (tubes.tube_rows,), ("tubes",)),
    "fisx": (
        "Ten pigments against fisx",
        (lambda: [row for _, _, row in fisx_lines.fisx_rows()],),
        ("fisx",),
    ),
}


def main() -> int:
    """Print the tables, draw the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, help="folder for the figures")
    parser.add_argument("--only", choices=TABLES, help="one table")
    arguments = parser.parse_args()
    if not DATA.is_dir():
        sys.stdout.write(f"The measured spectra are not there: {DATA}\n")
        return 0
    outside = 0
    for name in [arguments.only] if arguments.only else TABLES:
        if name == "fisx" and find_spec("fisx") is None:
            sys.stdout.write("\nfisx is not installed: pip install fisx\n")
            continue
        outside += _print(name)
        if arguments.out:
            _draw(name, arguments.out)
    return int(outside > 0)


def _print(name: str) -> int:
    """Print a table and return how many rows are outside without an explanation."""
    title, functions, _ = TABLES[name]
    rows = [row for function in functions for row in function()]
    sys.stdout.write(f"\n### {title}\n\n{as_table(rows)}\n")
    outside = sum(not row.holds for row in rows)
    return outside - len(fisx_lines.EXPLAINED) if name == "fisx" else outside


def _draw(name: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for figure in TABLES[name][2]:
        path = getattr(plots, f"draw_{figure}")(folder / f"physics_{figure}.png")
        sys.stdout.write(f"\n{path}: {path.stat().st_size // 1024} kB\n")


if __name__ == "__main__":
    sys.exit(main())
