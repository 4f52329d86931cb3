"""Exported curves read back the same."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_maxrf.analysis import save_curves
from napari_maxrf.cube import EnergyAxis
from napari_maxrf.errors import MaxrfError
from napari_maxrf.provenance import ProcessStep

AXIS = EnergyAxis(5, 0.25, 0.5)


def read(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    head = [line for line in lines if line.startswith("# ")]
    rows = list(csv.reader(lines[len(head) :]))
    return head, rows[0], np.array(rows[1:], dtype=float)


@given(arrays(np.float64, (2, 5), elements=st.floats(-1e300, 1e300)))
def test_values_read_back_the_same(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("curves") / "é.csv"
    curves = {"sum": values[0], 'red, "left"': values[1]}
    save_curves(path, AXIS, curves)
    _, names, table = read(path)
    assert names == ["channel", "energy_kev", *curves]
    np.testing.assert_array_equal(table[:, 2:].T, values)
    np.testing.assert_allclose(table[:, 1], AXIS.centres_kev)


def test_header_tells_unit_calibration_and_steps(tmp_path):
    path = tmp_path / "a.csv"
    step = ProcessStep("open", {"file": "panel.maxrf"})
    save_curves(path, AXIS, {"sum": np.arange(5)}, (step,), "counts per pixel")
    head, _, table = read(path)
    assert "counts per pixel" in head[0]
    assert json.loads(head[1].split(": ", 1)[1]) == AXIS.to_json()
    assert json.loads(head[2].split(": ", 1)[1]) == step.to_json()
    assert table[:, 2].tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("name", "curves", "words"),
    [
        ("a.txt", {"sum": np.zeros(5)}, "suffix"),
        ("a.csv", {}, "no curves"),
        ("a.csv", {"sum": np.zeros(4)}, "shape"),
    ],
)
def test_senseless_exports_are_refused(tmp_path, name, curves, words):
    with pytest.raises(MaxrfError, match=words):
        save_curves(tmp_path / name, AXIS, curves)
    assert list(tmp_path.iterdir()) == []
