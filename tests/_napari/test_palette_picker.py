"""The colour of a picture where the user clicks."""

from __future__ import annotations

from types import SimpleNamespace

import dask.array as da
import numpy as np
import pytest
from qtpy.QtCore import QObject

from napari_maxrf._napari._pixel_picker import PixelPicker, colour_at
from napari_maxrf._napari._synthesise_widget import is_picture
from napari_maxrf.errors import MaxrfError
from napari_maxrf.pictures import as_picture


def painted(dtype=np.uint8, shape=(60, 80)):
    """Return a picture that is blue-green left and red right, noisy, over 8 bits."""
    rng = np.random.default_rng(4)
    values = np.empty((*shape, 3))
    values[:, : shape[1] // 2] = (20, 90, 140)
    values[:, shape[1] // 2 :] = (180, 40, 30)
    values += rng.integers(-9, 10, values.shape)
    return values.astype(dtype)


def expected(picture, row, column, reach=2):
    """Take the mean over the whole picture as the synthesis sees it."""
    rgb = as_picture(picture)
    top, left = max(0, row - reach), max(0, column - reach)
    square = rgb[top : row + reach + 1, left : column + reach + 1].reshape(-1, 3)
    return tuple(round(float(part) * 255) for part in square.mean(axis=0))


KINDS = {
    "uint8": painted(),
    "uint16": painted().astype(np.uint16) * 257,
    "float of 0 to 1": painted(np.float32) / 255,
    "float of 0 to 255": painted(np.float32),
    "with alpha": np.dstack([painted(), np.full((60, 80), 255, np.uint8)]),
    "grey": painted()[..., 0],
    "dark float": painted(np.float32) / 255 * 0.004,
}


@pytest.mark.parametrize("picture", KINDS.values(), ids=KINDS)
def test_colour_is_that_of_the_synthesis(viewer, picture):
    layer = viewer.add_image(picture, rgb=picture.ndim == 3)
    for row, column in ((30, 10), (30, 70), (0, 0), (59, 79)):
        assert colour_at(layer, (row, column)) == expected(picture, row, column)


def test_dark_corner_of_a_float_picture_over_255_stays_dark(viewer):
    picture = painted(np.float32)
    picture[:20, :20] = 1.0
    layer = viewer.add_image(picture, rgb=True, contrast_limits=(0, 255))
    assert colour_at(layer, (8, 8)) == (1, 1, 1)


def test_pixel_without_value_shows_paper(viewer):
    picture = painted(np.float32) / 255
    picture[:10, :10] = np.nan
    layer = viewer.add_image(picture, rgb=True)
    assert colour_at(layer, (4, 4)) == (255, 255, 255)


def test_layer_may_lie_anywhere(viewer):
    picture = painted()
    layer = viewer.add_image(
        picture,
        rgb=True,
        scale=(0.5, 0.25),
        translate=(7, -3),
        rotate=30,
        units=("mm", "mm"),
    )
    for row, column in ((30, 10), (12, 66)):
        position = layer.data_to_world((row, column))
        assert colour_at(layer, position) == expected(picture, row, column)


def test_finest_scale_is_read_and_lazily(viewer):
    picture = painted(np.float32, (1000, 800)) / 255
    fine = da.from_array(picture, chunks=(250, 250, 3))
    layer = viewer.add_image([fine, fine[::8, ::8]], rgb=True, multiscale=True)
    assert colour_at(layer, (507, 391)) == expected(picture, 507, 391)


def test_click_below_an_energy_slider_counts_in_the_plane(viewer):
    viewer.add_image(np.zeros((5, 60, 80), np.float32), scale=(0.1, 1, 1))
    picture = painted()
    layer = viewer.add_image(picture, rgb=True)
    assert colour_at(layer, (0.3, 30, 70)) == expected(picture, 30, 70)


@pytest.mark.parametrize("place", [(-1, 5), (60, 5), (5, 80), (5, -0.6)])
def test_place_beside_the_picture_is_refused(viewer, place):
    layer = viewer.add_image(painted(), rgb=True, name="panel")
    with pytest.raises(MaxrfError, match="no pixel of “panel”"):
        colour_at(layer, place)


@pytest.fixture
def picker(viewer, qapp):
    owner = QObject()
    made = PixelPicker(viewer, is_picture, owner)
    made.heard = []
    yield made
    owner.deleteLater()


def wait(picker):
    picker.start(lambda colour, words: picker.heard.append((colour, words)))


def click(viewer, position, button=1, moved=0):
    """Press, move and release the mouse as napari tells its callbacks."""
    event = SimpleNamespace(
        button=button, position=position, pos=(100, 100), type="mouse_press"
    )
    ours = [one for one in viewer.mouse_drag_callbacks if one.__name__ == "_press"]
    running = [callback(viewer, event) for callback in ours]
    for kind in ("mouse_press", *["mouse_move"] * bool(moved), "mouse_release"):
        event.type = kind
        event.pos = (100, 100) if kind == "mouse_press" else (100 + moved, 100)
        for steps in running:
            next(steps, None)


def test_click_gives_colour_and_layer_once(viewer, picker):
    picture = painted()
    viewer.add_image(picture, rgb=True, name="panel")
    wait(picker)
    click(viewer, (30, 70))
    assert picker.heard == [(expected(picture, 30, 70), "panel")]
    assert not picker.is_waiting
    click(viewer, (30, 10))
    assert len(picker.heard) == 1


def test_uppermost_picture_in_sight_is_taken(viewer, picker):
    viewer.add_image(painted(), rgb=True, name="low")
    viewer.add_image(painted(), rgb=True, name="high")
    viewer.add_image(painted(), rgb=True, name="hidden", visible=False)
    viewer.add_image(painted(), rgb=True, name="aside", translate=(500, 500))
    viewer.add_points([[30, 70]], name="points")
    wait(picker)
    click(viewer, (30, 70))
    assert picker.heard[0][1] == "high"


def test_drag_moves_the_camera_and_picks_nothing(viewer, picker):
    viewer.add_image(painted(), rgb=True)
    wait(picker)
    click(viewer, (30, 70), moved=40)
    assert picker.heard == []
    assert picker.is_waiting


def test_other_buttons_pick_nothing(viewer, picker):
    viewer.add_image(painted(), rgb=True)
    wait(picker)
    click(viewer, (30, 70), button=2)
    assert picker.is_waiting


def test_click_beside_all_pictures_says_so(viewer, picker):
    viewer.add_image(painted(), rgb=True)
    wait(picker)
    click(viewer, (300, 70))
    assert picker.heard == [(None, "There is no picture where you clicked.")]


def test_escape_gives_up_and_gives_the_key_back(viewer, picker):
    before = dict(viewer.keymap)
    wait(picker)
    (escape,) = [key for key in viewer.keymap if key not in before]
    viewer.keymap[escape](viewer)
    assert picker.heard == [(None, "")]
    assert viewer.keymap == before


def test_3d_view_is_no_place_for_picking(viewer, picker):
    viewer.add_image(painted(), rgb=True)
    viewer.add_image(np.zeros((3, 60, 80)))
    viewer.dims.ndisplay = 3
    wait(picker)
    click(viewer, (0, 30, 70))
    assert "2D view" in picker.heard[0][1]


def test_nothing_stays_in_the_viewer_when_the_owner_goes(viewer, qtbot):
    before = list(viewer.mouse_drag_callbacks)
    owner = QObject()
    picker = PixelPicker(viewer, is_picture, owner)
    picker.start(print)
    assert len(viewer.mouse_drag_callbacks) == len(before) + 1
    owner.deleteLater()
    qtbot.waitUntil(lambda: not picker.is_waiting)
    assert viewer.mouse_drag_callbacks == before
