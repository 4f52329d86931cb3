"""Pigments as rows: what stands in them, how they sort, filter and are ticked."""

from __future__ import annotations

from dataclasses import replace

import pytest
from qtpy.QtCore import Qt

from napari_maxrf._napari._confusion_list import ConfusionList, counts_words, summary
from napari_maxrf._napari._pigment_rows import (
    COLOUR,
    INDEX,
    LINES,
    NAME,
    PERIOD,
    in_greek,
)
from napari_maxrf._napari._pigment_table import FilterRow, PigmentTable
from napari_maxrf.pigments import ConfusedPair, pigment_table

KEYS = ("smalt", "azurite", "cobalt_blue", "vermilion", "malachite")
PIGMENTS = tuple(pigment_table()[key] for key in KEYS)
BOTH_ROLES = Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole


@pytest.fixture
def table(qtbot):
    made = PigmentTable()
    qtbot.addWidget(made)
    made.rows.show(PIGMENTS, KEYS[:2])
    made.resize(460, 200)
    made.show()
    return made


def cell(table, row, column, role=Qt.ItemDataRole.DisplayRole):
    return table.proxy.index(row, column).data(role)


def click_tick(qtbot, table, row):
    box = table.visualRect(table.proxy.index(row, COLOUR))
    at = box.center()
    at.setX(box.left() + 9)
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=at)


def test_row_tells_name_index_period_and_lines(table):
    words = [cell(table, 0, column) for column in (NAME, INDEX, PERIOD, LINES)]
    smalt = PIGMENTS[0]
    period = f"{smalt.period_from}–{smalt.period_to}"
    assert words == [smalt.name, "PB32", period, in_greek(smalt.fluoresces_as)]


def test_swatch_has_the_colour_also_where_it_is_selected(table):
    table.select([KEYS[0]])
    icon = cell(table, 0, COLOUR, Qt.ItemDataRole.DecorationRole)
    for mode in (icon.Mode.Normal, icon.Mode.Selected):
        pixmap = icon.pixmap(icon.availableSizes()[0], mode)
        colour = pixmap.toImage().pixelColor(3, 3)
        assert (colour.red(), colour.green(), colour.blue()) == PIGMENTS[0].srgb


@pytest.mark.parametrize(
    ("column", "key"),
    [
        (NAME, lambda p: p.name.lower()),
        (INDEX, lambda p: (p.ci_name[:2], int(p.ci_name[2:]))),
        (
            PERIOD,
            lambda p: -9999 if p.period_from is None else p.period_from,
        ),
    ],
)
def test_rows_sort_as_a_reader_would(table, column, key):
    table.sortByColumn(column, Qt.SortOrder.AscendingOrder)
    shown = [pigment_table()[name] for name in table.proxy.ids]
    assert [key(p) for p in shown] == sorted(key(p) for p in PIGMENTS)
    table.sortByColumn(column, Qt.SortOrder.DescendingOrder)
    shown = [pigment_table()[name] for name in table.proxy.ids]
    assert [key(p) for p in shown] == sorted((key(p) for p in PIGMENTS), reverse=True)


def test_numbers_of_ci_names_sort_as_numbers_and_no_name_last(table):
    keys = ("lime_white", "aegirine", "zinc_white", "chalk")  # PW18, none, PW4, PW18
    table.rows.show([pigment_table()[key] for key in keys], ())
    table.sortByColumn(INDEX, Qt.SortOrder.AscendingOrder)
    assert table.proxy.ids == ("zinc_white", "lime_white", "chalk", "aegirine")


def test_first_column_sorts_by_hue(table):
    table.sortByColumn(COLOUR, Qt.SortOrder.AscendingOrder)
    hues = [pigment_table()[key].hue_family for key in table.proxy.ids]
    assert hues == ["red", "green", "blue", "blue", "blue"]


def test_rows_stand_as_in_the_palette_until_sorted(table):
    assert table.proxy.ids == KEYS


def test_click_on_a_tick_is_reported_and_not_obeyed(qtbot, table):
    with qtbot.waitSignal(table.tick_wanted) as wanted:
        click_tick(qtbot, table, 0)
    assert wanted.args == [[KEYS[0]], False]
    state = cell(table, 0, COLOUR, Qt.ItemDataRole.CheckStateRole)
    assert Qt.CheckState(state) == Qt.CheckState.Checked
    table.rows.set_ticked([])
    state = cell(table, 0, COLOUR, Qt.ItemDataRole.CheckStateRole)
    assert Qt.CheckState(state) == Qt.CheckState.Unchecked


def test_click_on_one_of_two_selected_ticks_means_that_one(qtbot, table):
    table.select(KEYS[:2])
    with qtbot.waitSignal(table.tick_wanted) as wanted:
        click_tick(qtbot, table, 1)
    assert wanted.args == [[KEYS[1]], False]


def test_space_ticks_all_selected_rows(qtbot, table):
    table.select(KEYS[1:4])
    with qtbot.waitSignal(table.tick_wanted) as wanted:
        qtbot.keyClick(table, Qt.Key.Key_Space)
    assert wanted.args == [list(KEYS[1:4]), False]


def test_filter_hides_rows_and_keeps_the_palette(qtbot, table):
    filters = FilterRow()
    qtbot.addWidget(filters)
    filters.changed.connect(lambda: table.proxy.want(filters.wanted))
    filters.hue.setCurrentText("Blue")
    assert table.proxy.ids == ("smalt", "azurite", "cobalt_blue")
    filters.period.setCurrentText("16th century")
    assert table.proxy.ids == ("smalt", "azurite")
    qtbot.keyClicks(filters.text, "pb30")
    assert table.proxy.ids == ("azurite",)
    filters.text.clear()
    filters.hue.setCurrentIndex(0)
    filters.period.setCurrentIndex(0)
    assert table.proxy.ids == KEYS


def test_selection_is_told_once_and_in_the_order_of_the_rows(qtbot, table):
    heard = []
    table.selected.connect(lambda: heard.append(table.selected_ids))
    table.select(["vermilion", "azurite"])
    assert heard[-1] == ("azurite", "vermilion")
    table.select([])
    assert heard[-1] == ()


def test_silent_pigments_are_marked_and_explained(table):
    table.rows.mark_silent({"smalt": 0.31})
    assert cell(table, 0, LINES).startswith("silent: ")
    assert "wrong in 31% of pixels" in cell(table, 0, NAME, BOTH_ROLES[1])
    assert not cell(table, 1, LINES).startswith("silent")
    table.rows.mark_silent({})
    assert not cell(table, 0, LINES).startswith("silent")


def test_every_column_and_row_explains_itself(table):
    for column in range(table.proxy.columnCount()):
        heading = table.proxy.headerData(
            column, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole
        )
        assert heading
        assert cell(table, 0, column, Qt.ItemDataRole.ToolTipRole)


def test_model_keeps_the_rules_of_qt(table, qtmodeltester):
    qtmodeltester.check(table.rows)


def test_greek_letters_only_in_names_of_lines():
    assert in_greek("Pb La, Lb1; Ma weak") == "Pb Lα, Lβ1; Mα weak"
    assert in_greek("Kaolin, Laboratory") == "Kaolin, Laboratory"


def pair(first, second, **facts):
    known = {
        "error": 0.3,
        "colour_difference": 20.0,
        "counts_needed": 3361.0,
        "reason": "same elements: Cu",
    }
    return ConfusedPair(first, second, **(known | facts))


@pytest.fixture
def confusions(qtbot):
    made = ConfusionList(400)
    qtbot.addWidget(made)
    return made


BY_ID = {pigment.id: pigment for pigment in PIGMENTS}


def test_pairs_are_listed_in_the_order_given_with_reasons(confusions):
    near = pair("smalt", "cobalt_blue", colour_difference=4.0)
    confusions.show_pairs([pair("azurite", "malachite"), near], ["smalt"], BY_ID)
    rows = [confusions.tree.topLevelItem(row) for row in range(2)]
    assert [row.text(0) for row in rows] == [
        "Azurite / Malachite",
        f"{BY_ID['smalt'].name} / Cobalt blue",
    ]
    assert [rows[0].text(column) for column in (1, 2, 3)] == ["30%", "20", "3 400"]
    assert "same elements: Cu" in rows[0].toolTip(0)
    assert confusions.words.text() == (
        f"2 pairs, 1 of clearly different colour. Silent: {BY_ID['smalt'].name}."
    )


def test_chosen_pair_is_told(qtbot, confusions):
    confusions.show_pairs([pair("azurite", "malachite")], [], BY_ID)
    with qtbot.waitSignal(confusions.pair_chosen) as chosen:
        confusions.tree.setCurrentItem(confusions.tree.topLevelItem(0))
    assert chosen.args == ["azurite", "malachite"]


def test_counts_are_told_when_the_user_changes_them_only(qtbot, confusions):
    with qtbot.assertNotEmitted(confusions.counts_changed):
        confusions.set_counts(1000)
    with qtbot.waitSignal(confusions.counts_changed) as changed:
        confusions.counts.setValue(50)
    assert changed.args == [50]


def test_summary_of_nothing_and_of_one():
    assert summary([], []) == "All ticked pigments can be told apart."
    one = pair("azurite", "malachite", colour_difference=2.0)
    assert summary([one], []) == "1 pair, 0 of clearly different colour."


@pytest.mark.parametrize(
    ("counts", "words"),
    [(0.3, "0"), (7.0, "7"), (85.0, "85"), (3827811.0, "3 800 000"), (1e999, "never")],
)
def test_counts_in_words(counts, words):
    assert counts_words(counts) == words


def test_measured_pigment_without_chemistry_says_so(qtbot):
    table = PigmentTable()
    qtbot.addWidget(table)
    measured = type("Measured", (), {"file": "red.csv"})()
    bare = replace(
        PIGMENTS[0], composition=(), fluoresces_as="", measured=measured, id="mine"
    )
    table.rows.show((bare,), ())
    assert cell(table, 0, LINES) == "measured"
    assert "red.csv" in cell(table, 0, NAME, Qt.ItemDataRole.ToolTipRole)
