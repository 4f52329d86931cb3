"""The manifest promises what is there, and nothing twice."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from npe2 import PluginManifest

import napari_maxrf
from napari_maxrf.io import FORMATS, MAP_FORMATS

PACKAGE = Path(napari_maxrf.__file__).parent
TOP = PACKAGE.parents[1]
SHARED_WITH_NAPARI = {"*.h5", "*.hdf5", "*.raw", "*.hdr"}
"""Claimed by napari's own reader too; ours looks at the content first."""


@pytest.fixture(scope="module")
def manifest():
    return PluginManifest.from_file(PACKAGE / "napari.yaml")


def test_every_command_can_be_imported(manifest):
    manifest.validate_imports()


def test_file_at_the_top_is_the_one_in_the_package():
    top = TOP / "napari.yaml"
    if not top.exists():
        pytest.skip("not run from a checkout")
    text = top.read_text(encoding="utf-8")
    inside = (PACKAGE / "napari.yaml").read_text(encoding="utf-8")
    assert text == inside or text.strip() == "src/napari_maxrf/napari.yaml"


def test_claimed_suffixes_are_those_of_our_formats(manifest):
    """A pattern for everything would bring up the choice of readers for pictures."""
    (reader,) = manifest.contributions.readers
    kinds = (*FORMATS, *MAP_FORMATS)
    known = {f"*{suffix}" for kind in kinds for suffix in kind.suffixes}
    claimed = set(reader.filename_patterns)
    assert claimed <= known
    assert "*.maxrf" in claimed
    ordinary = {
        "*.npy",
        "*.npz",
        "*.tif",
        "*.tiff",
        "*.csv",
        "*.txt",
        "*.zip",
        "*.json",
    }
    assert not claimed & ordinary
    assert {"*.bcf", "*.rpl", *SHARED_WITH_NAPARI} <= claimed


def test_every_dock_gets_the_viewer(manifest):
    """napari passes the viewer only to an argument annotated as it expects."""
    from napari._qt._qplugins._qnpe2 import _get_widget_viewer_param

    for widget in manifest.contributions.widgets:
        made_by = _attribute(manifest, widget)
        assert _get_widget_viewer_param(made_by, widget.display_name) == "viewer"


def _attribute(manifest, contribution):
    from importlib import import_module

    commands = {one.id: one.python_name for one in manifest.contributions.commands}
    module, name = commands[contribution.command].split(":")
    return getattr(import_module(module), name)


def test_settings_start_with_the_defaults_of_the_core(manifest):
    from napari_maxrf.pigments import palette_names
    from napari_maxrf.synthesis import SynthesisConfig

    settings = manifest.contributions.configurations["synthesis"].properties
    assert settings["counts"].default == SynthesisConfig().counts
    assert settings["palette"].default == "sarteano"
    assert tuple(settings["palette"].enum) == tuple(palette_names())


def test_settings_are_read_where_napari_keeps_them(plugin_settings, npe2pm, manifest):
    from napari.settings import get_plugin_settings

    from napari_maxrf._napari import _settings

    npe2pm.register(manifest)
    assert _settings.preferred_counts() == 400
    get_plugin_settings("napari-maxrf").synthesis.counts = 900
    assert _settings.preferred_counts() == 900
    assert _settings.preferred_device() == "auto"
    assert _settings.preferred_maps() == 8


def test_settings_fall_back_where_napari_does_not_know_the_plugin(plugin_settings):
    from napari_maxrf._napari import _settings

    assert _settings.preferred_counts() == 400
    assert _settings.preferred_palette() == "sarteano"


def test_fallbacks_are_the_defaults_of_the_manifest(plugin_settings, manifest):
    from napari_maxrf._napari import _settings

    given = {
        f"{category}.{key}": setting.default
        for category, group in manifest.contributions.configurations.items()
        for key, setting in group.properties.items()
    }
    assert given == {
        "computing.device": _settings.preferred_device(),
        "synthesis.palette": _settings.preferred_palette(),
        "synthesis.counts": _settings.preferred_counts(),
        "reading.element_maps": _settings.preferred_maps(),
    }


def test_every_setting_explains_itself(manifest):
    for group in manifest.contributions.configurations.values():
        for setting in group.properties.values():
            assert setting.title
            assert setting.description.endswith(".")


def test_every_menu_entry_names_a_command_of_ours(manifest):
    ids = {command.id for command in manifest.contributions.commands}
    submenus = {submenu.id for submenu in manifest.contributions.submenus}
    for items in manifest.contributions.menus.values():
        for item in items:
            assert getattr(item, "command", None) in ids or item.submenu in submenus


HEAVY = ("torch", "sklearn", "colour", "torchmetrics", "matplotlib", "accelerate")


def test_opening_a_dock_loads_nothing_heavy(manifest):
    """Importing the docks must not cost what only their work needs."""
    modules = {
        command.python_name.split(":")[0] for command in manifest.contributions.commands
    }
    code = (
        "import sys\n"
        "from importlib import import_module\n"
        f"for name in {sorted(modules)!r}: import_module(name)\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_docstring_of_every_dock_says_what_it_is_for(manifest):
    for widget in manifest.contributions.widgets:
        assert inspect.getdoc(_attribute(manifest, widget))


def test_manifest_is_plain_yaml_without_keybindings():
    text = (PACKAGE / "napari.yaml").read_text(encoding="utf-8")
    assert "keybindings" not in yaml.safe_load(text)["contributions"]
