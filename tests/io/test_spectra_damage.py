"""Whatever happens to a file, a reader opens it or refuses it in one line."""

from __future__ import annotations

import numpy as np
import pytest
from _spectra_files import SAMPLES, mutated

from napari_maxrf.errors import MaxrfError
from napari_maxrf.io import open_spectra

FILES = 200


@pytest.mark.parametrize("kind", SAMPLES)
def test_damaged_files_raise_nothing_but_our_errors(kind, tmp_path):
    opened = SAMPLES[kind](tmp_path)
    victims = [opened, *sorted(tmp_path.rglob("*.h5"))]
    good = [path.read_bytes() for path in victims]
    rng = np.random.default_rng(20)
    refused = 0
    for index in range(FILES):
        victim, content = victims[index % len(victims)], good[index % len(victims)]
        victim.write_bytes(mutated(content, rng))
        refused += not opens(opened)
        victim.write_bytes(content)
    assert opens(opened)
    assert refused > FILES // 4


def opens(path) -> bool:
    """Tell whether a file opens; if not, the reason is one line that names it."""
    try:
        spectra = open_spectra(path)
    except MaxrfError as error:
        reason = str(error)
    else:
        return all(np.isfinite(spectrum.counts).all() for spectrum in spectra)
    assert "\n" not in reason
    assert path.stem in reason or ".h5" in reason
    return False


# A column of numbers does not say how long it is.
@pytest.mark.parametrize("kind", [k for k in SAMPLES if not k.startswith("columns")])
@pytest.mark.parametrize("share", [0.02, 0.4, 0.8])
def test_a_file_cut_off_never_gives_other_counts_unnoticed(kind, share, tmp_path):
    path = SAMPLES[kind](tmp_path)
    whole = [spectrum.counts for spectrum in open_spectra(path)]
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    try:
        cut = [spectrum.counts for spectrum in open_spectra(path)]
    except MaxrfError:
        return
    np.testing.assert_array_equal(cut, whole)
