"""Forms made from step parameters, and the small choosers beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from magicgui.widgets import CheckBox, ComboBox, FloatSpinBox, LineEdit, SpinBox
from pydantic import Field, model_validator
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QWidget

from napari_maxrf._napari._choosers import FolderRow, ModelChooser
from napari_maxrf._napari._fields import field_widget
from napari_maxrf._napari._forms import ConfigForm
from napari_maxrf._napari._layer_choice import LayerCombo, LayerTicks
from napari_maxrf._napari._palette_book import PaletteBook
from napari_maxrf._napari._palette_list import PaletteList
from napari_maxrf._napari._section import Section
from napari_maxrf.config import StepConfig
from napari_maxrf.errors import MaxrfError, PaletteError
from napari_maxrf.pigments import load_palette, palette_names
from napari_maxrf.synthesis import SynthesisConfig
from napari_maxrf.training import TrainingConfig


class Sample(StepConfig):
    """One field of each kind."""

    low: float = Field(
        0.5,
        ge=0,
        title="Lowest",
        description="Lower end.",
        json_schema_extra={"unit": "keV"},
    )
    high: float = Field(38.5, gt=0, lt=50, title="Highest", description="Upper end.")
    rate: float = Field(3e-4, gt=0, le=1, title="Rate", description="Learning rate.")
    decay: float = Field(0.9995, ge=0, lt=1, title="Decay", description="Memory.")
    bins: int = Field(512, ge=2, le=4096, title="Bins", description="Channels.")
    tile: int = Field(256, ge=32, multiple_of=16, title="Tile", description="Side.")
    width: Literal[512, 1024] = Field(512, title="Width", description="Of layers.")
    mode: Literal["a", "b"] = Field("b", title="Mode", description="How.")
    soft: bool = Field(True, title="Soft", description="Whether.")
    counts: tuple[int, ...] = Field((8, 10), title="Counts", description="Which.")
    betas: tuple[float, float] = Field((0.9, 0.95), title="Betas", description="Two.")

    @model_validator(mode="after")
    def _order(self):
        if self.high <= self.low:
            raise ValueError(f"high {self.high:g} must be above low {self.low:g}")
        return self


@pytest.fixture
def form(qtbot):
    made = ConfigForm(Sample(), ("low", "high"))
    qtbot.addWidget(made)
    return made


ALL_CONFIGS = [Sample(), SynthesisConfig(), TrainingConfig()]


@pytest.mark.parametrize("config", ALL_CONFIGS, ids=lambda c: type(c).__name__)
def test_untouched_form_gives_back_exactly_the_start(qtbot, config):
    form = ConfigForm(config, ())
    qtbot.addWidget(form)
    assert form.config() == config
    assert set(form.fields) == set(type(config).model_fields)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("low", FloatSpinBox),
        ("bins", SpinBox),
        ("width", ComboBox),
        ("soft", CheckBox),
        ("counts", LineEdit),
        ("rate", LineEdit),
    ],
)
def test_kind_of_field_decides_the_widget(qapp, name, kind):
    field = field_widget(Sample, name, Sample.model_fields[name].default)
    assert isinstance(field.widget, kind)


def test_label_names_the_unit_and_tooltip_the_default(qapp):
    field = field_widget(Sample, "low", 0.5)
    assert field.label == "Lowest (keV)"
    assert field.tooltip == "Lower end.\nUnit: keV.\nDefault: 0.5."


def test_unit_in_the_title_is_not_said_twice(qapp):
    field = field_widget(SynthesisConfig, "counts", 400.0)
    assert field.label == "Counts per pixel"


def test_bounds_are_those_of_the_model(qapp):
    bins = field_widget(Sample, "bins", 512).widget
    assert (bins.min, bins.max) == (2, 4096)
    high = field_widget(Sample, "high", 38.5).widget
    assert 0 < high.min < 1
    assert 49 < high.max < 50
    assert field_widget(Sample, "tile", 256).widget.step % 16 == 0


def test_every_number_in_reach_of_a_spin_box_is_valid(qapp):
    for name in ("high", "decay"):
        widget = field_widget(Sample, name, Sample.model_fields[name].default).widget
        for value in (widget.min, widget.max):
            Sample(**({"low": 0.0, "high": 49.0} | {name: value}))


def test_changed_values_are_read_back(form):
    form.fields["low"].widget.value = 1.25
    form.fields["mode"].widget.value = "a"
    form.fields["width"].widget.value = 1024
    form.fields["soft"].widget.value = False
    form.fields["counts"].widget.value = "4, 6 ,8"
    config = form.config()
    assert (config.low, config.mode, config.width) == (1.25, "a", 1024)
    assert (config.soft, config.counts) == (False, (4, 6, 8))


def test_values_that_do_not_go_together_are_explained_in_the_form(qtbot, form):
    with qtbot.waitSignal(form.changed):
        form.fields["low"].widget.value = 40.0
    assert "high 38.5 must be above low 40" in form.trouble
    assert form._trouble.text() == form.trouble
    assert not form._trouble.isHidden()
    with pytest.raises(MaxrfError):
        form.config()
    form.fields["low"].widget.value = 1.0
    assert form._trouble.isHidden()


def test_text_that_is_no_number_is_explained(form):
    form.fields["counts"].widget.value = "4, six"
    assert "counts" in form.trouble
    assert "\n" not in form.trouble


def test_small_number_is_read_as_it_is_written(form):
    form.fields["rate"].widget.value = "2.5e-6"
    assert form.config().rate == 2.5e-6
    form.fields["rate"].widget.value = "fast"
    assert "rate" in form.trouble


def test_another_config_can_be_shown(form):
    form.show_config(Sample(bins=64, counts=(3,), rate=0.5))
    assert form.config() == Sample(bins=64, counts=(3,), rate=0.5)


def test_every_control_has_a_label_and_a_tooltip(form):
    for field in form.fields.values():
        assert field.widget.native.toolTip()
    labels = [label.text() for label in form.findChildren(QLabel) if label.text()]
    assert len(labels) == len(form.fields)


def test_other_fields_are_folded(form):
    form.show()
    assert form.fields["low"].widget.native.isVisible()
    assert not form.fields["rate"].widget.native.isVisible()
    form.more.button.click()
    assert form.fields["rate"].widget.native.isVisible()


def test_section_opens_and_closes(qtbot):
    content = QWidget()
    section = Section("More", "Seldom needed.", content)
    qtbot.addWidget(section)
    section.show()
    assert not content.isVisible()
    section.open()
    assert content.isVisible()
    assert section.button.arrowType() == Qt.ArrowType.DownArrow


class TestLayerChoice:
    """Lists of layers that follow the viewer."""

    @pytest.fixture
    def combo(self, qtbot, viewer):
        made = LayerCombo(viewer, lambda layer: layer.ndim == 2, "Nothing", "Which.")
        qtbot.addWidget(made)
        return made

    def test_empty_viewer_says_so(self, combo):
        assert combo.layer is None
        assert combo.currentText() == "Nothing"
        assert not combo.isEnabled()

    def test_layers_come_and_go(self, qtbot, viewer, combo):
        with qtbot.waitSignal(combo.chosen):
            layer = viewer.add_image(np.zeros((4, 4)), name="one")
        viewer.add_image(np.zeros((2, 4, 4)), name="does not fit")
        assert combo.layer is layer
        assert combo.count() == 1
        with qtbot.waitSignal(combo.chosen):
            viewer.layers.remove(layer)
        assert combo.layer is None

    def test_choice_is_kept_when_others_come(self, qtbot, viewer, combo):
        first = viewer.add_image(np.zeros((4, 4)), name="one")
        with qtbot.assertNotEmitted(combo.chosen):
            viewer.add_image(np.zeros((4, 4)), name="two")
        assert combo.layer is first
        assert combo.count() == 2

    def test_new_name_shows(self, viewer, combo):
        viewer.add_image(np.zeros((4, 4)), name="one").name = "renamed"
        assert combo.currentText() == "renamed"

    def test_closed_combo_no_longer_listens(self, qapp, viewer):
        combo = LayerCombo(viewer, lambda layer: True, "Nothing", "Which.")
        combo.deleteLater()
        qapp.sendPostedEvents(None, 52)
        viewer.add_image(np.zeros((4, 4)))

    def test_ticks_are_kept(self, qtbot, viewer):
        ticks = LayerTicks(viewer, lambda layer: True, "Which.")
        qtbot.addWidget(ticks)
        one, two = (viewer.add_image(np.zeros((4, 4)), name=n) for n in "ab")
        assert ticks.layers == [one, two]
        ticks.item(0).setCheckState(Qt.CheckState.Unchecked)
        three = viewer.add_image(np.zeros((4, 4)), name="c")
        assert ticks.layers == [two, three]


class TestPaletteList:
    """Pigments with swatches and ticks."""

    @pytest.fixture
    def pigments(self, qtbot):
        made = PaletteList(PaletteBook("sarteano"))
        qtbot.addWidget(made)
        return made

    def untick(self, pigments, row):
        pigments.list.item(row).setCheckState(Qt.CheckState.Unchecked)

    def test_all_pigments_are_ticked_at_first(self, pigments):
        assert pigments.palette_chosen() == load_palette("sarteano")

    def test_unticked_pigment_is_left_out(self, qtbot, pigments):
        ids = load_palette("sarteano").ids
        with qtbot.waitSignal(pigments.changed):
            self.untick(pigments, 0)
        assert pigments.palette_chosen().ids == ids[1:]

    def test_empty_tick_list_is_one_clear_line(self, pigments):
        pigments.tick_all(False)
        with pytest.raises(PaletteError, match="Tick at least one"):
            pigments.palette_chosen()

    def test_swatch_has_the_colour_of_the_pigment(self, pigments):
        pigment = load_palette("sarteano").pigments[1]
        icon = pigments.list.item(1).icon()
        colour = icon.pixmap(icon.availableSizes()[0]).toImage().pixelColor(3, 3)
        assert (colour.red(), colour.green(), colour.blue()) == tuple(pigment.srgb)

    def test_all_palettes_can_be_chosen(self, pigments):
        assert pigments.combo.count() == len(palette_names())
        for index, name in enumerate(palette_names()):
            pigments.combo.setCurrentIndex(index)
            assert pigments.palette_chosen().ids == load_palette(name).ids

    def test_palette_file_is_added_and_chosen(self, pigments, tmp_path):
        path = tmp_path / "studio.toml"
        keys = list(load_palette("sarteano").ids[:2])
        path.write_text(f'name = "My studio"\npigments = {keys}\n')
        pigments.try_file(str(path))
        assert pigments.combo.currentText() == "My studio"
        assert list(pigments.palette_chosen().ids) == keys

    def test_file_that_is_no_palette_is_explained(self, pigments, tmp_path):
        path = tmp_path / "wrong.toml"
        path.write_text("pigments = ['azurit']\n")
        before = pigments.combo.currentText()
        pigments.try_file(str(path))
        assert "azurit" in pigments._words.text()
        assert pigments.combo.currentText() == before


def test_model_chooser_begins_with_the_default(qtbot):
    chooser = ModelChooser("embedding")
    qtbot.addWidget(chooser)
    assert chooser.path is None
    assert "embedding" in chooser.button.toolTip()


def test_model_chooser_adds_a_file_once(qtbot):
    chooser = ModelChooser("recolouring")
    qtbot.addWidget(chooser)
    path = Path("run1") / "model.safetensors"
    with qtbot.waitSignal(chooser.chosen):
        chooser.choose(path)
    chooser.choose(None)
    chooser.choose(path)
    assert chooser.path == path
    assert chooser.combo.count() == 2
    assert chooser.combo.currentText() == "run1"


def test_empty_folder_is_one_clear_line(qtbot, tmp_path):
    row = FolderRow("The folder of pictures", "Folder", "Where.")
    qtbot.addWidget(row)
    with pytest.raises(MaxrfError, match=r"folder of pictures is empty\. Choose"):
        _ = row.folder
    row.set(tmp_path)
    assert row.folder == tmp_path
