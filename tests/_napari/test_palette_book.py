"""The palettes of a viewer: edits stay until saved, and nothing is lost on the way."""

from __future__ import annotations

import gc
from dataclasses import replace

import pytest
from napari.components import ViewerModel
from napari.utils._proxies import PublicOnlyProxy

from napari_maxrf._napari._palette_book import _BOOKS, PaletteBook, palette_book
from napari_maxrf._napari._work import workbench
from napari_maxrf.errors import MaxrfError, PaletteError
from napari_maxrf.pigments import (
    load_palette,
    palette_names,
    pigment_table,
    recoloured,
    with_pigments,
    without_pigments,
)
from napari_maxrf.synthesis import SynthesisConfig


@pytest.fixture
def book(qapp):
    return PaletteBook("sarteano")


def edit(book):
    book.change(recoloured(book.palette, "smalt", (1, 2, 3)))


def test_book_begins_with_the_palettes_of_the_package(book):
    assert [page.source for page in book.pages] == list(palette_names())
    assert book.palette == load_palette("sarteano")
    assert book.ticked == book.palette.ids
    assert not any(page.is_edited for page in book.pages)


def test_unknown_start_opens_the_first(qapp):
    assert PaletteBook("no such palette").index == 0


def test_edit_is_marked_and_survives_a_look_at_another_palette(book, qtbot):
    with qtbot.waitSignals([book.pages_changed, book.palette_changed]):
        edit(book)
    assert book.page.title == "Sarteano replica, 12 pigments*"
    book.choose(3)
    assert not book.page.is_edited
    book.choose(0)
    assert book.pigment("smalt").srgb == (1, 2, 3)


def test_change_to_the_same_is_no_edit(book, qtbot):
    with qtbot.assertNotEmitted(book.palette_changed, wait=20):
        book.change(replace(book.palette))
        book.choose(book.index)


def test_edits_can_be_undone(book):
    edit(book)
    book.undo_edits()
    assert not book.page.is_edited
    assert book.palette == load_palette("sarteano")


def test_ticks_are_kept_for_each_palette(book, qtbot):
    with qtbot.waitSignal(book.ticks_changed):
        book.tick(["smalt", "cinnabar"], False)
    book.choose(2)
    assert book.ticked == book.palette.ids
    book.choose(0)
    assert set(book.palette.ids) - set(book.ticked) == {"smalt", "cinnabar"}
    assert book.ticked_palette() == load_palette("sarteano").subset(book.ticked)


def test_ticks_are_told_only_if_they_change(book, qtbot):
    with qtbot.assertNotEmitted(book.ticks_changed, wait=20):
        book.tick(["smalt", "stranger"], True)


def test_palette_without_a_tick_cannot_be_used(book):
    book.tick(book.palette.ids, False)
    with pytest.raises(PaletteError, match="Tick at least one"):
        book.ticked_palette()


def test_removed_pigment_takes_its_tick_along(book):
    book.tick(["smalt"], False)
    book.change(without_pigments(book.palette, ["smalt"]))
    book.change(with_pigments(book.palette, [pigment_table()["smalt"]]))
    assert "smalt" in book.ticked


def test_file_that_is_no_palette_leaves_everything_as_it_was(book, tmp_path, qtbot):
    edit(book)
    before = book.pages, book.index
    path = tmp_path / "wrong.toml"
    path.write_text("pigments = ['azurit']\n")
    with (
        qtbot.assertNotEmitted(book.pages_changed, wait=20),
        pytest.raises(PaletteError, match=r"wrong\.toml.*line 1.*'azurite'"),
    ):
        book.open(str(path))
    assert (book.pages, book.index) == before


def test_file_is_opened_once_and_again_when_it_changed(book, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("name = 'Mine'\npigments = ['azurite']\n")
    book.open(str(path))
    path.write_text("name = 'Mine'\npigments = ['azurite', 'smalt']\n")
    book.open(str(path))
    assert len(book.pages) == len(palette_names()) + 1
    assert book.palette.ids == ("azurite", "smalt")


def test_opening_again_does_not_lose_edits(book, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("pigments = ['azurite', 'smalt']\n")
    book.open(str(path))
    edit(book)
    book.choose(0)
    book.open(str(path))
    assert book.pigment("smalt").srgb == (1, 2, 3)


def test_saved_palette_is_what_a_restart_finds(book, tmp_path):
    edit(book)
    book.change(replace(book.palette, paint="oil", instrument="m6_jetstream"))
    edited = book.palette
    book.save(str(tmp_path / "studio"))
    path = tmp_path / "studio.toml"
    assert book.page.source == str(path)
    assert book.palette == load_palette(path)
    assert book.palette.content_hash == edited.content_hash
    assert book.page.title == "studio"
    assert not book.page.is_edited


def test_palette_of_the_package_is_itself_again_after_a_save(book, tmp_path):
    edit(book)
    book.save(str(tmp_path / "studio.toml"))
    book.choose(0)
    assert book.palette == load_palette("sarteano")
    assert not book.page.is_edited


def test_only_the_ticked_pigments_are_saved_on_demand(book, tmp_path):
    book.tick(book.palette.ids[2:], False)
    kept = book.ticked
    book.save(str(tmp_path / "two.toml"), only_ticked=True)
    assert book.palette.ids == kept == book.ticked


def test_ticks_stay_where_all_pigments_are_saved(book, tmp_path):
    book.tick(["smalt"], False)
    book.save(str(tmp_path / "all.toml"))
    assert "smalt" in book.palette.ids
    assert "smalt" not in book.ticked


def test_saved_file_keeps_its_name_when_saved_again(book, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("name = 'My studio'\npigments = ['azurite', 'smalt']\n")
    book.open(str(path))
    edit(book)
    book.save(str(path))
    assert book.page.title == "My studio"
    assert len(book.pages) == len(palette_names()) + 1
    assert load_palette(path).pigments[1].srgb == (1, 2, 3)


def test_palette_is_saved_as_toml_only(book, tmp_path):
    with pytest.raises(PaletteError, match=r"Name it mine\.toml"):
        book.save(str(tmp_path / "mine.json"))
    assert list(tmp_path.iterdir()) == []


def test_failed_save_keeps_the_edits(book, tmp_path):
    edit(book)
    (tmp_path / "file").touch()
    with pytest.raises(MaxrfError):
        book.save(str(tmp_path / "file" / "mine.toml"))
    assert book.page.is_edited
    assert book.index == 0


def test_new_palettes_have_names_of_their_own_and_wait_to_be_saved(book, tmp_path):
    pigments = [pigment_table()[key] for key in ("azurite", "lead_white")]
    book.change(replace(book.palette, paint="fresco"))
    book.new(pigments)
    book.new(pigments[:1])
    assert [p.title for p in book.pages[-2:]] == ["New palette*", "New palette 2*"]
    assert book.palette.paint == "fresco"
    book.undo_edits()
    assert book.palette.ids == ("azurite",)
    book.save(str(tmp_path / "blue.toml"))
    assert [p.title for p in book.pages[-2:]] == ["New palette*", "blue"]


def test_new_palette_needs_a_pigment(book):
    with pytest.raises(PaletteError, match="no pigments"):
        book.new([])
    assert len(book.pages) == len(palette_names())


def test_scan_is_told_only_if_axis_or_counts_change(book, qtbot):
    with qtbot.assertNotEmitted(book.scan_changed, wait=20):
        book.set_scan(SynthesisConfig(seed=3))
    with qtbot.waitSignal(book.scan_changed):
        book.set_scan(SynthesisConfig(n_bins=64, counts=900))
    assert (book.axis.n_channels, book.counts) == (64, 900)


def test_all_docks_of_a_viewer_share_book_and_workbench(qapp):
    """napari hands each dock another proxy of the viewer."""
    viewer = ViewerModel()
    first, second = PublicOnlyProxy(viewer), PublicOnlyProxy(viewer)
    assert palette_book(first) is palette_book(second) is palette_book(viewer)
    bench = workbench(first)
    assert bench is workbench(second) is workbench(viewer)
    assert palette_book(ViewerModel()) is not palette_book(viewer)


def test_book_ends_with_its_viewer(qapp):
    viewer = ViewerModel()
    key = id(viewer)
    palette_book(viewer)
    assert key in _BOOKS
    del viewer
    gc.collect()
    assert key not in _BOOKS
