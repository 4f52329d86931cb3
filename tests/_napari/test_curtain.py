"""The two ways of showing two layers together, and that they leave no trace."""

from __future__ import annotations

import numpy as np
import pytest

from napari_maxrf._napari._curtain import Curtain, SideBySide
from napari_maxrf._napari._facts import is_helper


@pytest.fixture
def pair(viewer, picture):
    """Return two RGB layers over each other, the second with twice the pixels."""
    fine = np.repeat(np.repeat(1 - picture, 2, axis=0), 2, axis=1)
    first = viewer.add_image(picture, rgb=True, name="original")
    second = viewer.add_image(
        fine, rgb=True, name="fine", scale=(0.5, 0.5), translate=(-0.25, -0.25)
    )
    return first, second


@pytest.mark.parametrize(
    ("fraction", "columns"), [(0.25, 8), (0.5, 16), (0.51, 16), (1, 32)]
)
def test_left_picture_ends_at_the_line(viewer, pair, picture, fraction, columns):
    curtain = Curtain(viewer, *pair)
    curtain.draw(fraction)
    np.testing.assert_array_equal(curtain.above.data, picture[:, :columns])
    assert curtain.above.visible


def test_level_line_cuts_rows(viewer, pair, picture):
    curtain = Curtain(viewer, *pair)
    curtain.draw(0.25, upright=False)
    np.testing.assert_array_equal(curtain.above.data, picture[:6])


def test_line_at_the_very_left_shows_only_the_right_picture(viewer, pair):
    curtain = Curtain(viewer, *pair)
    curtain.draw(0.0)
    assert not curtain.above.visible
    assert curtain.below.visible
    curtain.draw(0.5)
    assert curtain.above.visible


@pytest.mark.parametrize("swapped", [False, True])
def test_line_stands_at_the_same_place_for_other_pixel_sizes(viewer, pair, swapped):
    left, right = pair[::-1] if swapped else pair
    curtain = Curtain(viewer, left, right)
    curtain.draw(0.25)
    edge = curtain.above.data_to_world((0, curtain.above.data.shape[1] - 0.5))[1]
    assert edge == pytest.approx(7.5)


def test_helper_is_a_view_and_the_result_is_not_touched(viewer, pair, picture):
    left, right = pair
    before = left.data.copy(), right.data.copy()
    curtain = Curtain(viewer, left, right)
    curtain.draw(0.3)
    assert np.shares_memory(curtain.above.data, left.data)
    assert np.shares_memory(curtain.below.data, right.data)
    curtain.stop()
    np.testing.assert_array_equal(left.data, before[0])
    np.testing.assert_array_equal(right.data, before[1])
    assert left.visible
    assert right.visible


def test_stopping_removes_the_helpers_and_keeps_the_selection(viewer, pair):
    viewer.layers.selection = {pair[0]}
    curtain = Curtain(viewer, *pair)
    assert viewer.layers.selection == {pair[0]}
    assert sum(map(is_helper, viewer.layers)) == 2
    curtain.stop()
    assert list(viewer.layers) == list(pair)


def test_grey_layer_keeps_its_colours_in_the_curtain(viewer, picture):
    grey = viewer.add_image(
        picture[..., 0] * 9, colormap="viridis", contrast_limits=(1, 7)
    )
    other = viewer.add_image(picture, rgb=True)
    curtain = Curtain(viewer, grey, other)
    assert curtain.above.colormap.name == "viridis"
    assert curtain.above.contrast_limits == [1, 7]


@pytest.mark.parametrize("others", [0, 3])
def test_side_by_side_puts_each_picture_on_top_of_its_view(viewer, picture, others):
    layers = [viewer.add_image(picture, rgb=True) for _ in range(2 + others)]
    both = SideBySide(viewer, layers[0], layers[1])
    boxes = dict(viewer.canvas.grid.iter_viewboxes(viewer.layers))
    assert set(boxes) == {(0, 0), (0, 1)}
    assert viewer.layers[max(boxes[0, 0])] is both.below
    assert [viewer.layers[i] for i in boxes[0, 1]] == [both.above]
    assert both.below.name == f"Compare: {layers[0].name}"


def test_stopping_side_by_side_puts_the_grid_back(viewer, pair):
    grid = viewer.canvas.grid
    grid.stride, grid.shape = 2, (3, -1)
    both = SideBySide(viewer, *pair)
    assert grid.enabled
    both.stop()
    assert (grid.enabled, grid.stride, grid.shape) == (False, 2, (3, -1))
    assert list(viewer.layers) == list(pair)
