"""Find the sample data, in an installed wheel as well as in a checkout.

The files live in ``sample_data/`` at the top of the repository, beside the
script that draws them; the wheel carries them as ``napari_maxrf/sample_data``.
"""

from __future__ import annotations

from pathlib import Path

from napari_maxrf.errors import MaxrfError

MOCKUP_PICTURE = "mockup.png"
MOCKUP_CUBE = "mockup.maxrf"


def sample_path(name: str) -> Path:
    """Return the path of a sample file.

    Parameters
    ----------
    name : str
        Name of the file, for example ``"mockup.png"``.

    Raises
    ------
    MaxrfError
        There is no such sample.
    """
    for folder in _folders():
        path = folder / name
        if path.is_file():
            return path
    raise MaxrfError(
        f"There is no sample {name}. Expected it in {_folders()[0]}; is the "
        "installation complete?"
    )


def _folders() -> tuple[Path, Path]:
    """Where samples may lie: in the package, or at the top of a checkout."""
    package = Path(__file__).parent
    return package / "sample_data", package.parents[1] / "sample_data"
