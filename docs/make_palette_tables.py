"""Print the tables of palettes.md, section "What cannot be told apart"."""

from __future__ import annotations

from dataclasses import replace

from napari_maxrf.pigments import Distinguishability, distinguishability, load_palette
from napari_maxrf.synthesis import SynthesisConfig

AXIS = SynthesisConfig().axis
COUNTS = (400, 2000, 30_000)
PAINTS = ("mockup", "oil", "tempera", "fresco")


def check(name: str, paint: str, counts: float) -> Distinguishability:
    """Check a palette in a paint."""
    return distinguishability(replace(load_palette(name), paint=paint), AXIS, counts)


def summary(name: str) -> None:
    """Print pairs and silent pigments of a palette in every paint."""
    print(f"\n{name}: pairs that cannot be told apart, silent pigments\n")
    print("| paint | " + " | ".join(f"{n} counts" for n in COUNTS) + " |")
    print("|---|" + "---|" * len(COUNTS))
    for paint in PAINTS:
        found = [check(name, paint, counts) for counts in COUNTS]
        cells = (f"{len(f.pairs())} pairs, {len(f.silent())} silent" for f in found)
        print(f"| {paint} | " + " | ".join(cells) + " |")


def pairs(name: str, paint: str, counts: float, most: int) -> None:
    """Print the most harmful pairs."""
    found = check(name, paint, counts)
    print(f"\n{name}, {paint}, {counts} counts: {found.verdict()}")
    silent = (f"{pigment.id} {pigment.error:.1%}" for pigment in found.silent())
    print(f"silent: {', '.join(silent) or 'none'}\n")
    print("| pair | error | CIEDE2000 | counts for 1 % | reason |")
    print("|---|---|---|---|---|")
    for pair in found.pairs()[:most]:
        needed = float(f"{pair.counts_needed:.2g}")
        print(
            f"| {pair.first}, {pair.second} | {pair.error:.1%} "
            f"| {pair.colour_difference:.0f} | {needed:,.0f} | {pair.reason} |"
        )


if __name__ == "__main__":
    for palette in ("sarteano", "pigments_all"):
        summary(palette)
        for photons in (400, 30_000):
            pairs(palette, "mockup", photons, 12)
