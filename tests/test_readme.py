from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from napari_maxrf.cli import build_parser

REPOSITORY = Path(__file__).resolve().parents[1]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
COMMANDS = [
    line.split("#")[0].strip()
    for line in README.splitlines()
    if line.startswith("napari-maxrf ")
]


def test_readme_opens_with_the_two_commands():
    lines = [line for line in README.splitlines() if line.strip()]
    assert lines[:5] == ["# napari-maxrf", "```", "make demo", "make test", "```"]


@pytest.mark.parametrize("command", COMMANDS)
def test_readme_commands_are_understood(command):
    build_parser().parse_args(shlex.split(command)[1:])


def test_readme_python_runs():
    (code,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_readme_pictures_and_pages_exist():
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (REPOSITORY / target).exists(), target
