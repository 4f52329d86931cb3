"""What the layers of a result look like, in a viewer without a window."""

from __future__ import annotations

from types import SimpleNamespace

import dask.array as da
import numpy as np
import pytest

from napari_maxrf._napari._layers import (
    add_layers,
    clustered_layer,
    cube_layers,
    cube_of,
    difference_layer,
    embedded_of,
    embedding_layer,
    facts_of,
    placement_of,
    recoloured_layer,
)
from napari_maxrf.provenance import ProcessStep


@pytest.fixture
def embedded(picture):
    """Return what an embedding of `picture` gives, as far as layers look."""
    return SimpleNamespace(
        name="panel",
        pixel_size_mm=None,
        provenance=(ProcessStep("synthesise"), ProcessStep("embed")),
        false_colour=lambda: picture,
    )


def test_opening_shows_the_sum_then_maps_then_the_hidden_cube(viewer, cube):
    layers = add_layers(viewer, cube_layers(cube))
    kinds = [facts_of(layer).kind for layer in layers]
    assert kinds[0] == "sum"
    assert kinds[-1] == "cube"
    assert set(kinds[1:-1]) == {"element map"}
    shown = [layer for layer in layers if layer.visible]
    assert [facts_of(layer).kind for layer in shown] == ["element map"] * len(shown)
    assert 1 <= len(shown) <= 3


def test_strong_elements_get_maps_of_different_colours(viewer, cube):
    maps = add_layers(viewer, cube_layers(cube))[1:-1]
    elements = [facts_of(layer).element_map.element for layer in maps]
    assert {"Fe", "Pb"} <= set(elements)
    colours = [layer.colormap.name for layer in maps]
    assert len(set(colours)) == len(colours)
    assert maps[0].blending == "opaque"
    assert all(layer.blending == "additive" for layer in maps[1:])


def test_iron_map_shows_where_the_iron_is(viewer, cube):
    maps = add_layers(viewer, cube_layers(cube))[1:-1]
    iron = next(one for one in maps if facts_of(one).element_map.element == "Fe")
    left, right = iron.data[:, :15].mean(), iron.data[:, 15:].mean()
    assert left == pytest.approx(100, rel=0.1)
    assert right == pytest.approx(0, abs=2)


def test_cube_layer_is_lazy_in_energy_order_with_kev(viewer, cube):
    layer = add_layers(viewer, cube_layers(cube, n_maps=0))[-1]
    assert isinstance(layer.data, da.Array)
    assert layer.data.shape == (200, 20, 30)
    assert [str(unit) for unit in layer.units] == [
        "kiloelectron_volt",
        "millimeter",
        "millimeter",
    ]
    np.testing.assert_allclose(layer.scale, (0.1, 0.5, 0.25))
    np.testing.assert_allclose(layer.translate, (0.55, 0, 0))
    assert layer.axis_labels == ("energy", "y", "x")
    np.testing.assert_array_equal(np.asarray(layer.data[:, 4, 5]), cube.spectrum(4, 5))


def test_number_of_maps_can_be_none(cube):
    kinds = [
        layer[1]["metadata"]["maxrf"].kind for layer in cube_layers(cube, n_maps=0)
    ]
    assert kinds == ["sum", "cube"]


def test_layers_of_a_scan_share_one_world(viewer, cube):
    add_layers(viewer, cube_layers(cube))
    assert viewer.layers.units is not None
    assert viewer.dims.axis_labels == ("energy", "y", "x")


def test_synthetic_cube_over_a_picture_takes_its_place_and_units(
    viewer, picture, synthetic_cube
):
    source = viewer.add_image(picture, rgb=True, scale=(3, 3), translate=(1, 2))
    place = placement_of(source, synthetic_cube.shape[:2])
    layers = add_layers(viewer, cube_layers(synthetic_cube, place))
    assert viewer.layers.units is not None
    for layer in layers:
        assert layer.units[-2:] == source.units
        corner = np.array(layer.data.shape[-2:]) - 0.5
        end = layer.data_to_world((*[0] * (layer.ndim - 2), *corner))[-2:]
        np.testing.assert_allclose(end, source.data_to_world((23.5, 31.5)))


def test_synthetic_and_predicted_are_said_in_the_name(
    viewer, synthetic_cube, embedded, picture
):
    layers = add_layers(
        viewer,
        [
            *cube_layers(synthetic_cube, n_maps=1),
            embedding_layer(embedded),
            recoloured_layer(picture, embedded),
        ],
    )
    names = [layer.name for layer in layers]
    assert names[2] == "panel synthetic cube"
    assert all("synthetic" in name for name in names[:4])
    assert names[4] == "panel recoloured (predicted)"
    assert facts_of(layers[4]).predicted
    assert all(facts_of(layer).synthetic for layer in layers)


def test_real_scan_is_not_called_synthetic(cube):
    assert not any("synthetic" in layer[1]["name"] for layer in cube_layers(cube))


def test_only_the_layer_that_shows_an_object_gives_it(viewer, cube, embedded, picture):
    layers = add_layers(
        viewer,
        [
            *cube_layers(cube, n_maps=1),
            embedding_layer(embedded, cube=cube),
            recoloured_layer(picture, embedded),
        ],
    )
    assert [cube_of(layer) is cube for layer in layers] == [False, False, True] + [
        False
    ] * 2
    assert [embedded_of(layer) is embedded for layer in layers] == [False] * 3 + [
        True,
        False,
    ]


def test_foreign_layer_has_no_facts(viewer, picture):
    layer = viewer.add_image(picture, rgb=True, metadata={"maxrf": "something else"})
    assert facts_of(layer) is None
    assert cube_of(layer) is None
    assert embedded_of(layer) is None


def test_colour_layers_are_rgb_and_take_the_place_given(viewer, embedded, picture):
    source = viewer.add_image(picture, rgb=True, scale=(2, 2), units=("um", "um"))
    place = placement_of(source)
    synthesis = SimpleNamespace(
        cube=SimpleNamespace(name="panel", provenance=()),
        clusters=SimpleNamespace(picture=lambda: picture),
    )
    layers = add_layers(
        viewer,
        [
            clustered_layer(synthesis, place),
            embedding_layer(embedded, place),
            recoloured_layer(picture, embedded, place),
        ],
    )
    for layer in layers:
        assert layer.rgb
        assert layer.ndim == 2
        assert layer.units == source.units
        np.testing.assert_allclose(layer.scale, (2, 2))
        # napari would stretch colours to the range of the picture.
        assert layer.contrast_limits == [0, 1]


def test_sum_image_is_shown_where_there_are_no_maps(viewer, cube):
    layers = add_layers(viewer, cube_layers(cube, n_maps=0))
    assert [layer.visible for layer in layers] == [True, False]


def test_difference_layer_spans_from_zero_to_whole_numbers(viewer):
    image = np.linspace(0, 20, 600, dtype=np.float32).reshape(20, 30)
    place = placement_of(viewer.add_image(np.zeros((20, 30))))
    (layer,) = add_layers(viewer, [difference_layer(image, "difference", place)])
    assert layer.contrast_limits == [0, 20]


def test_empty_scan_gets_usable_contrast(viewer, cube):
    from dataclasses import replace

    empty = replace(cube, counts=cube.counts * 0)
    layers = add_layers(viewer, cube_layers(empty, n_maps=0))
    assert [layer.contrast_limits for layer in layers] == [[0, 1], [0, 1]]
