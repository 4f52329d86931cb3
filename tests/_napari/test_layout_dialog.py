"""The question about a file's layout: what it asks, shows and remembers."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtWidgets import QDialogButtonBox

from napari_maxrf._napari import _open
from napari_maxrf._napari._layers import cube_of
from napari_maxrf._napari._layout_dialog import LayoutDialog
from napari_maxrf._napari._open import open_in_background
from napari_maxrf.io import ReadOptions, UnknownLayoutError, open_cube


@pytest.fixture
def unclear(tmp_path):
    """Return a file of which any axis may be energy."""
    counts = np.random.default_rng(2).poisson(2.0, (256, 256, 512)).astype("u1")
    np.save(tmp_path / "scan.npy", counts[:, :, :256])
    return tmp_path / "scan.npy"


@pytest.fixture
def question(unclear):
    """Return what the core asks about it."""
    with pytest.raises(UnknownLayoutError) as asked:
        open_cube(unclear)
    return asked.value


@pytest.fixture
def dialog(qtbot, unclear, question):
    """Return the dialog, not shown."""
    made = LayoutDialog(unclear, question)
    qtbot.addWidget(made)
    return made


def open_button(dialog):
    return dialog.buttons.button(QDialogButtonBox.StandardButton.Open)


def test_it_asks_what_the_core_needs(dialog, question):
    assert set(question.needs) <= set(dialog.form.fields)
    assert "256" in dialog._words.text()


def test_an_answer_is_tried_at_once(dialog, qtbot, unclear):
    dialog.form.fields["axes"].set("eyx")
    dialog._try()
    assert open_button(dialog).isEnabled()
    assert not dialog.preview.pixmap().isNull()
    assert "256 channels" in dialog.seen.text()
    assert dialog.options.axes == "eyx"
    cube = open_cube(unclear, options=dialog.options)
    np.testing.assert_array_equal(
        cube.counts.compute(), np.load(unclear).transpose(1, 2, 0)
    )


def test_a_senseless_answer_cannot_be_opened(dialog):
    dialog.form.fields["axes"].set("eyx")
    dialog.form.fields["offset_kev"].set("much")
    dialog._try()
    assert not open_button(dialog).isEnabled()
    assert "offset_kev" in dialog.seen.text()


def test_opening_asks_and_goes_on(viewer, qtbot, unclear, monkeypatch):
    answers = []
    monkeypatch.setattr(
        _open, "ask_layout", lambda path, error: answers.append(error) or None
    )
    job = open_in_background(viewer, str(unclear))
    with qtbot.waitSignal(job.ended, timeout=60_000):
        pass
    assert len(viewer.layers) == 0
    assert answers[0].needs
    job = open_in_background(viewer, str(unclear), ReadOptions(axes="yex"))
    with qtbot.waitSignal(job.ended, timeout=60_000):
        pass
    assert cube_of(viewer.layers[-1]).shape == (256, 256, 256)
