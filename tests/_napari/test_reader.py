"""Reading as napari does it: by content, with one clear line for damage."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from npe2 import PluginManifest

from napari_maxrf._napari._layers import cube_of, facts_of
from napari_maxrf._napari._open import file_filter, open_in_background
from napari_maxrf._napari._reader import get_reader, read
from napari_maxrf.errors import MaxrfError
from napari_maxrf.io import FORMATS, save_cube

PLUGIN = "napari-maxrf"


@pytest.fixture
def plugin(npe2pm):
    """Make the plugin, and no other, known to napari."""
    npe2pm.register(PluginManifest.from_distribution(PLUGIN))


@pytest.fixture
def saved(tmp_path, cube):
    """Return the path of a saved cube."""
    save_cube(cube, tmp_path / "panel.maxrf")
    return tmp_path / "panel.maxrf"


def test_saved_cube_opens_as_layers_of_the_same_counts(viewer, plugin, saved, cube):
    layers = viewer.open(saved, plugin=PLUGIN)
    assert facts_of(layers[0]).kind == "sum"
    opened = cube_of(layers[-1])
    np.testing.assert_array_equal(opened.counts.compute(), cube.counts.compute())
    assert layers[0].source.reader_plugin == PLUGIN
    assert viewer.layers.units is not None


def test_native_suffix_needs_no_choice_of_reader(viewer, plugin, saved):
    assert len(viewer.open(saved, plugin=None)) >= 2


def test_one_path_and_a_list_of_one_are_the_same(saved):
    assert len(read(str(saved))) == len(read([saved]))


def test_setting_limits_the_number_of_maps(viewer, plugin, plugin_settings, saved):
    from napari.settings import get_plugin_settings

    get_plugin_settings(PLUGIN).reading.element_maps = 0
    assert len(viewer.open(saved, plugin=PLUGIN)) == 2


def test_foreign_hdf5_is_left_to_others(tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["table"] = np.zeros((20, 3))
    assert get_reader(str(tmp_path / "other.h5")) is None


def test_picture_in_hdf5_is_refused_as_what_it_is(tmp_path):
    with h5py.File(tmp_path / "photo.h5", "w") as file:
        file["picture"] = np.zeros((20, 20, 3))
    with pytest.raises(MaxrfError, match="that is a picture"):
        read(str(tmp_path / "photo.h5"))


def test_plain_text_called_hdf5_is_left_to_others(tmp_path):
    (tmp_path / "notes.h5").write_text("not a scan")
    assert get_reader(str(tmp_path / "notes.h5")) is None


def test_several_files_are_not_one_scan(saved):
    assert get_reader([str(saved), str(saved)]) is None


def test_truncated_native_file_gets_one_line_that_names_it(saved):
    saved.write_bytes(saved.read_bytes()[:2000])
    reader = get_reader(str(saved))
    with pytest.raises(MaxrfError, match=r"panel\.maxrf") as raised:
        reader(str(saved))
    assert "\n" not in str(raised.value)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(MaxrfError, match=r"absent\.maxrf"):
        read(tmp_path / "absent.maxrf")


def test_menu_command_opens_in_the_background(viewer, qtbot, saved):
    job = open_in_background(viewer, str(saved))
    with qtbot.waitSignal(job.ended, timeout=60_000):
        assert len(viewer.layers) == 0
    assert cube_of(viewer.layers[-1]) is not None


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_menu_command_says_why_a_file_cannot_be_opened(viewer, qtbot, tmp_path):
    (tmp_path / "notes.txt").write_text("not a scan")
    job = open_in_background(viewer, str(tmp_path / "notes.txt"))
    with qtbot.waitSignal(job.failed, timeout=60_000) as failed:
        pass
    assert "notes.txt" in failed.args[0]
    assert len(viewer.layers) == 0


def test_real_scan_opens_with_maps_of_iron_and_copper(viewer, plugin, prova1):
    layers = viewer.open(prova1, plugin=PLUGIN)
    elements = {
        facts.element_map.element
        for layer in layers
        if (facts := facts_of(layer)).element_map is not None
    }
    assert {"Fe", "Cu"} <= elements
    assert layers[-1].data.shape == (1024, 60, 120)
    assert cube_of(layers[-1]).shape == (60, 120, 1024)
    assert not any(facts_of(layer).synthetic for layer in layers)


def write_ripple(folder):
    """Write a pair of files as a vendor's program does, and return its counts."""
    counts = np.random.default_rng(1).poisson(3.0, (6, 8, 256)).astype("<u2")
    (folder / "scan.raw").write_bytes(counts.tobytes())
    header = {"width": 8, "height": 6, "depth": 256, "offset": 0, "data-length": 2}
    header |= {"data-type": "unsigned", "byte-order": "little-endian"}
    header |= {"record-by": "vector", "depthscaleincrement": 0.04}
    rows = ["key\tvalue", *(f"{key}\t{value}" for key, value in header.items())]
    (folder / "scan.rpl").write_text("\n".join(rows) + "\n")
    return counts


@pytest.mark.parametrize("half", ["scan.rpl", "scan.raw"])
def test_either_half_of_a_pair_opens(viewer, plugin, tmp_path, half):
    counts = write_ripple(tmp_path)
    layers = viewer.open(tmp_path / half, plugin=PLUGIN)
    np.testing.assert_array_equal(cube_of(layers[-1]).counts.compute(), counts)


def test_maps_of_another_program_open_as_layers(viewer, plugin, tmp_path):
    rows = ['"row";"column";"Fe_K";"Cu_K"']
    rows += [f"{y};{x};{y + x};{y * x}" for y in range(3) for x in range(4)]
    (tmp_path / "fit.csv").write_text("\n".join(rows) + "\n")
    layers = [read(str(tmp_path / "fit.csv"))]
    (maps,) = layers
    assert [keywords["name"] for _, keywords, _ in maps] == ["fit Fe_K", "fit Cu_K"]
    np.testing.assert_array_equal(maps[1][0][2], [0, 2, 4, 6])


def test_the_file_dialog_offers_every_format():
    offered = file_filter()
    for one in FORMATS:
        assert all(f"*{suffix}" in offered for suffix in one.suffixes)
