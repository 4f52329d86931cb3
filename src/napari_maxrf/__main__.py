"""Let ``python -m napari_maxrf`` run the program."""

from __future__ import annotations

import sys

from napari_maxrf.cli import main

sys.exit(main())
