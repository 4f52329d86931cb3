from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_maxrf.datasets._places import evenly
from napari_maxrf.errors import PictureError
from napari_maxrf.pigments import load_palette
from napari_maxrf.pipeline import picture_paths, prepare_pictures, square_picture
from napari_maxrf.progress import finish
from napari_maxrf.synthesis import SynthesisConfig

SYNTHESIS = SynthesisConfig(k_min=4, k_max=4)


def test_even_choice_spreads_over_all_items():
    items = [Path(str(number)) for number in range(10)]
    assert [path.name for path in evenly(items, 5)] == ["0", "2", "4", "6", "8"]
    assert evenly(items, 0) == items
    assert evenly(items, 99) == items


def test_square_is_the_middle_of_the_scaled_picture(pictures):
    square = square_picture(pictures / "picture0.png", 48)
    assert square.shape == (48, 48, 3)
    assert square.dtype == np.float32
    assert 0 <= square.min() <= square.max() <= 1


def test_missing_and_empty_places_are_named(tmp_path):
    with pytest.raises(PictureError, match="does not exist"):
        picture_paths(tmp_path / "nowhere")
    with pytest.raises(PictureError, match="No pictures"):
        picture_paths(tmp_path)


def test_expected_spectra_belong_to_the_labels(pictures):
    palette = load_palette("sarteano")
    paths = picture_paths(pictures)
    prepared = finish(prepare_pictures(paths, palette, SYNTHESIS, 64))
    assert len(prepared) == 4
    for index in range(len(prepared)):
        used = prepared.expected[index, : prepared.clusters_of(index)]
        np.testing.assert_allclose(used.sum(axis=1), 1, rtol=1e-5)
        means = [
            prepared.rgb[index][prepared.labels[index] == cluster].std(axis=0).mean()
            for cluster in range(prepared.clusters_of(index))
        ]
        assert np.mean(means) < prepared.rgb[index].std()


def test_unreadable_picture_is_skipped_and_named(pictures, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"not a picture")
    paths = [*picture_paths(pictures), broken]
    palette = load_palette("sarteano")
    prepared = finish(prepare_pictures(paths, palette, SYNTHESIS, 64))
    assert len(prepared) == 4
    assert len(prepared.skipped) == 1
    assert "broken.png" in prepared.skipped[0]
    with pytest.raises(PictureError, match="No picture can be read"):
        finish(prepare_pictures([broken], palette, SYNTHESIS, 64))


def test_cache_gives_the_same_and_is_not_used_for_other_settings(pictures, tmp_path):
    palette = load_palette("sarteano")
    paths = picture_paths(pictures)
    first = finish(prepare_pictures(paths, palette, SYNTHESIS, 64, tmp_path))
    again = finish(prepare_pictures(paths, palette, SYNTHESIS, 64, tmp_path))
    assert again.names == first.names
    np.testing.assert_array_equal(again.expected, first.expected)
    other = SYNTHESIS.model_copy(update={"threshold": 0.9})
    finish(prepare_pictures(paths, palette, other, 64, tmp_path))
    assert len(list(tmp_path.glob("prepared-*.npz"))) == 2
