"""Build the wheel and check that it holds what a user needs."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NEEDED = (
    "napari_maxrf/napari.yaml",
    "napari_maxrf/py.typed",
    "napari_maxrf/weights/embedding_512.safetensors",
    "napari_maxrf/weights/embedding_512.md",
    "napari_maxrf/weights/recolouring.safetensors",
    "napari_maxrf/weights/recolouring.md",
    "napari_maxrf/pigments/data/pigments.csv",
    "napari_maxrf/pigments/data/palettes.csv",
    "napari_maxrf/sample_data/mockup.png",
    "napari_maxrf/sample_data/mockup.maxrf",
)
LARGEST_MIB = 40


def build(folder: Path) -> Path:
    """Build the wheel into `folder` without touching the network."""
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation"]
    subprocess.run(
        [*command, "--outdir", str(folder), str(ROOT)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return next(folder.glob("*.whl"))


def complaints(wheel: Path) -> list[str]:
    """List what is missing or too large."""
    names = set(zipfile.ZipFile(wheel).namelist())
    missing = [f"{name} is missing" for name in NEEDED if name not in names]
    entry = [name for name in names if name.endswith("entry_points.txt")]
    text = zipfile.ZipFile(wheel).read(entry[0]).decode() if entry else ""
    if "napari.manifest" not in text:
        missing.append("the entry point napari.manifest is missing")
    if wheel.stat().st_size > LARGEST_MIB * 2**20:
        missing.append(f"the wheel is larger than {LARGEST_MIB} MiB")
    return missing


def main() -> int:
    """Return 0 if the wheel is complete."""
    with tempfile.TemporaryDirectory() as folder:
        wheel = build(Path(folder))
        found = complaints(wheel)
        size = wheel.stat().st_size / 2**20
        sys.stdout.write(f"{wheel.name}: {size:.1f} MiB\n")
    for line in found:
        sys.stderr.write(f"{line}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
