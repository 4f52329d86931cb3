"""Where a user's own files of this package lie, as the platform wants it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_PACKAGE = "napari-maxrf"


def config_folder() -> Path:
    """Return the folder for the user's instruments and other descriptions.

    ``XDG_CONFIG_HOME`` or ``~/.config``, ``APPDATA`` on Windows, and
    ``~/Library/Application Support`` on macOS. It need not exist.
    """
    if sys.platform == "win32":
        base = os.environ.get("APPDATA") or str(Path.home() / "AppData/Roaming")
    elif sys.platform == "darwin":
        base = str(Path.home() / "Library/Application Support")
    else:
        base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / _PACKAGE


def cache_folder() -> Path:
    """Return the folder for what can be made again, and may be deleted at any time.

    ``XDG_CACHE_HOME`` or ``~/.cache``, ``LOCALAPPDATA`` on Windows, and
    ``~/Library/Caches`` on macOS. It need not exist.
    """
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData/Local")
    elif sys.platform == "darwin":
        base = str(Path.home() / "Library/Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / _PACKAGE
