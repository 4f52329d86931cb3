"""Nothing imports upwards, and importing the package costs next to nothing."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import napari_maxrf

SOURCE = Path(__file__).resolve().parents[1] / "src" / "napari_maxrf"
PACKAGE = "napari_maxrf"

FOUNDATION = {"", "errors", "_files", "_folders", "_sources", "_toml_lines"}
FOUNDATION |= {"config", "progress", "provenance"}
BASE = {*FOUNDATION, "colours", "cube", "pictures", "spectrum"}
MAY_IMPORT = {
    "errors": set(),
    "_files": {"errors"},
    "_folders": set(),
    "_sources": set(),
    "_toml_lines": set(),
    "config": {"errors", "_toml_lines"},
    "progress": set(),
    "provenance": {""},
    "samples": {"errors"},
    "cube": FOUNDATION,
    "spectrum": {*FOUNDATION, "cube"},
    "colours": FOUNDATION,
    "pictures": FOUNDATION,
    "io": BASE,
    "physics": BASE,
    "analysis": BASE,
    "pigments": {*BASE, "io", "physics"},
    "synthesis": {*BASE, "physics", "pigments"},
    "training": BASE,
    "embedding": {*BASE, "io", "training"},
    "recolouring": {*BASE, "io", "training", "embedding"},
    "datasets": {*BASE, "io", "pigments", "synthesis", "embedding"},
}
JOINS = {*MAY_IMPORT, "", "weights"}
MAY_IMPORT["pipeline"] = {*JOINS}
MAY_IMPORT["_commands"] = {*JOINS, "pipeline", "_napari"}  # opens a window on request
MAY_IMPORT["cli"] = {*JOINS, "pipeline", "_commands"}
MAY_IMPORT["__main__"] = {"cli"}
MAY_IMPORT["_napari"] = {*JOINS, "pipeline"}

SHELL_ONLY = {"napari", "qtpy", "superqt", "magicgui", "pyqtgraph", "npe2", "PyQt6"}
HEAVY = ("torch", "sklearn", "colour", "matplotlib", "napari", "qtpy")
HEAVY = (*HEAVY, "torchmetrics", "accelerate", "pyqtgraph", "magicgui")


def modules() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def part_of(path: Path) -> str:
    """Name the folder or top module to which a file belongs; "" for the package."""
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return "" if parts == ("__init__",) else parts[0]


def imported(path: Path) -> set[str]:
    """List all modules a file imports anywhere, functions included."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.update(absolute(node, path))
    return found


def absolute(node: ast.ImportFrom, path: Path) -> list[str]:
    if node.level:
        here = (PACKAGE, *path.relative_to(SOURCE).parent.parts)
        base = ".".join((*here[: len(here) - node.level + 1], node.module or ""))
        return [base.rstrip(".")]
    if node.module == PACKAGE:
        return [f"{PACKAGE}.{alias.name}" for alias in node.names]
    return [node.module or ""]


def part_imported(name: str) -> str | None:
    """Name the part of this package that an import reaches; None for others."""
    head, *rest = name.split(".")
    if head != PACKAGE:
        return None
    if not rest:
        return ""
    if rest[0] in napari_maxrf._PUBLIC:
        return part_imported(napari_maxrf._PUBLIC[rest[0]])
    file, folder = SOURCE / f"{rest[0]}.py", SOURCE / rest[0]
    return rest[0] if file.exists() or folder.is_dir() else ""


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(SOURCE)))
def test_imports_go_down_only(path):
    part = part_of(path)
    if part == "":
        pytest.skip("the package itself imports by name, on demand")
    allowed = {*MAY_IMPORT[part], part}
    reached = {part_imported(name) for name in imported(path)} - {None}
    assert reached <= allowed, f"{part} must not import {reached - allowed}"


def test_every_part_has_its_place():
    assert {part_of(path) for path in modules()} - {""} <= set(MAY_IMPORT)


def test_there_are_no_circles():
    done: set[str] = set()
    while rest := set(MAY_IMPORT) - done:
        free = {part for part in rest if MAY_IMPORT[part] - {"", "weights"} <= done}
        assert free, f"a circle among {rest}"
        done |= free


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(SOURCE)))
def test_only_the_shell_knows_napari_and_qt(path):
    if part_of(path) == "_napari":
        pytest.skip("the shell")
    tops = {name.split(".")[0] for name in imported(path)}
    found = tops & SHELL_ONLY
    if part_of(path) in ("cli", "_commands"):
        found -= {"napari"}  # opens a window on request
    assert not found


def test_the_check_sees_an_import_inside_a_function(tmp_path, monkeypatch):
    module = SOURCE / "cube.py"
    source = (
        "def f():\n    from napari_maxrf.io import open_cube\n    import torch.nn\n"
    )
    monkeypatch.setattr(Path, "read_text", lambda *args, **options: source)
    assert imported(module) == {"napari_maxrf.io", "torch.nn"}
    assert part_imported("napari_maxrf.io") == "io"
    assert part_imported("napari_maxrf.open_cube") == "io"
    assert part_imported("napari_maxrf.__version__") == ""
    assert part_imported("numpy") is None


def test_importing_the_folders_loads_nothing_heavy():
    folders = sorted(
        path.parent.name
        for path in SOURCE.glob("*/__init__.py")
        if path.parent.name != "_napari"
    )
    assert {"io", "analysis", "embedding", "recolouring", "training"} <= set(folders)
    code = "import sys, napari_maxrf\n"
    code += "".join(f"import napari_maxrf.{name}\n" for name in folders)
    code += f"print(*[name for name in {HEAVY!r} if name in sys.modules])"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == []


def test_public_names_are_found_on_demand():
    code = (
        "import napari_maxrf, napari_maxrf.io, napari_maxrf.analysis\n"
        "for part in (napari_maxrf.io, napari_maxrf.analysis):\n"
        "    for name in part.__all__:\n"
        "        getattr(part, name)\n"
        "napari_maxrf.open_cube, napari_maxrf.SpectralCube\n"
        "try:\n    napari_maxrf.io.nothing\nexcept AttributeError:\n    print('good')\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert run.stdout.strip() == "good", run.stderr
