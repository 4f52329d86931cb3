from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from napari_maxrf.datasets import build_dataset, verify_dataset
from napari_maxrf.errors import MaxrfError, PictureError
from napari_maxrf.pigments import load_palette


def shards(folder: Path) -> dict[str, str]:
    """Hash every file of a data set but the manifest."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted((folder / "shards").iterdir())
    }


def test_every_picture_is_held_once_and_split(pictures, palette, tmp_path, plain):
    manifest = build_dataset(pictures, tmp_path / "set", palette, plain)
    held = [name for shard in manifest.shards for name in shard.pictures]
    assert sorted(held) == [f"picture{number}.png" for number in range(10)]
    parts = Counter(entry.part for entry in manifest.pictures)
    assert parts == {"train": 7, "validation": 2, "test": 1}
    assert manifest.complete
    assert verify_dataset(tmp_path / "set") == ()


def test_spectra_are_of_the_pixels_whose_colours_are_kept(
    pictures, palette, tmp_path, plain
):
    config = plain.model_copy(update={"spectra_per_picture": 400})
    manifest = build_dataset(pictures, tmp_path / "set", palette, config)
    shard = next(shard for shard in manifest.shards if len(shard.pictures) == 2)
    arrays = load_file(tmp_path / "set" / "shards" / shard.file)
    assert arrays["counts"].shape == (800, 512)
    assert arrays["counts"].sum(axis=1).mean() == pytest.approx(400, rel=0.02)
    np.testing.assert_array_equal(np.bincount(arrays["picture"]), [400, 400])
    first = arrays["picture"] == 0
    colours, which = np.unique(arrays["rgb"][first], axis=0, return_inverse=True)
    assert len(colours) > 3
    means = np.array(
        [arrays["counts"][first][which == n].mean(axis=0) for n in range(len(colours))]
    )
    assert np.ptp(means, axis=0).max() > 1


def test_shards_do_not_depend_on_where_and_when(pictures, palette, tmp_path, plain):
    build_dataset(pictures, tmp_path / "one", palette, plain)
    moved = tmp_path / "elsewhere"
    shutil.copytree(pictures, moved)
    listed = sorted(moved.iterdir(), reverse=True)
    build_dataset(listed, tmp_path / "two", palette, plain)
    assert shards(tmp_path / "one") == shards(tmp_path / "two")


def test_spectra_of_a_picture_do_not_depend_on_its_neighbours(
    pictures, palette, tmp_path, plain
):
    read = []
    for size in (1, 10):
        config = plain.model_copy(update={"shard_size": size})
        out = tmp_path / str(size)
        manifest = build_dataset(pictures, out, palette, config)
        found = {}
        for shard in manifest.shards:
            counts = load_file(out / "shards" / shard.file)["counts"]
            each = counts.reshape(len(shard.pictures), -1)
            found |= dict(zip(shard.pictures, each, strict=True))
        read.append(found)
    assert read[0].keys() == read[1].keys()
    for name, counts in read[0].items():
        np.testing.assert_array_equal(counts, read[1][name])


def test_artists_are_not_split(palette, tmp_path, plain, paint):
    folder = tmp_path / "pictures"
    for seed in range(12):
        paint(folder / f"artist{seed % 4}__title{seed}.png", seed)
    manifest = build_dataset(folder, tmp_path / "set", palette, plain)
    found = {(entry.artist, entry.part) for entry in manifest.pictures}
    assert len(found) == 4
    assert {part for _, part in found} == {"train", "validation"}


def test_same_picture_is_taken_once_and_same_name_told_apart(
    palette, tmp_path, plain, paint
):
    one, two = tmp_path / "one", tmp_path / "two"
    paint(one / "a.png", 1)
    paint(two / "a.png", 2)
    shutil.copy(one / "a.png", two / "b.png")
    manifest = build_dataset([one, two, one], tmp_path / "set", palette, plain)
    names = {entry.name for entry in manifest.pictures}
    assert len(names) == 2
    assert all(name.startswith("a.png#") for name in names)
    assert manifest.duplicates == ("b.png is the same picture as a.png.",)
    assert verify_dataset(tmp_path / "set") == ()


def test_unreadable_pictures_are_skipped_and_named(pictures, palette, tmp_path, plain):
    (pictures / "broken.png").write_bytes(b"nothing")
    whole = (pictures / "picture1.png").read_bytes()
    (pictures / "torn.png").write_bytes(whole[: len(whole) // 2])
    manifest = build_dataset(pictures, tmp_path / "set", palette, plain)
    assert len(manifest.skipped()) == 2
    assert {"broken.png", "torn.png"} == {
        line.split(".png")[0].split()[-1] + ".png" for line in manifest.skipped()
    }
    assert verify_dataset(tmp_path / "set") == ()


def test_only_unreadable_pictures_are_an_error(palette, tmp_path, plain):
    (tmp_path / "broken.png").write_bytes(b"nothing")
    with pytest.raises(PictureError, match="No picture can be read"):
        build_dataset(tmp_path / "broken.png", tmp_path / "set", palette, plain)
    assert "not finished" in verify_dataset(tmp_path / "set")[0]


def test_changed_settings_are_refused_and_shown(pictures, palette, tmp_path, plain):
    out = tmp_path / "set"
    build_dataset(pictures, out, palette, plain)
    before = shards(out)
    synthesis = plain.synthesis.model_copy(update={"counts": 300.0, "seed": 4})
    changed = plain.model_copy(update={"size": 48, "synthesis": synthesis})
    with pytest.raises(MaxrfError) as caught:
        build_dataset(pictures, out, palette, changed)
    for part in ("size was 32, is 48", "counts was 400.0, is 300.0", "seed was 0"):
        assert part in str(caught.value)
    with pytest.raises(MaxrfError, match="palette was sarteano"):
        build_dataset(pictures, out, load_palette("roman_fresco"), plain)
    assert shards(out) == before


def test_changed_pictures_are_refused_and_shown(
    pictures, palette, tmp_path, plain, paint
):
    out = tmp_path / "set"
    build_dataset(pictures, out, palette, plain)
    paint(pictures / "picture3.png", 99)
    paint(pictures / "late.png", 98)
    (pictures / "picture5.png").unlink()
    with pytest.raises(MaxrfError) as caught:
        build_dataset(pictures, out, palette, plain)
    for part in (
        "1 pictures new (late.png)",
        "1 pictures missing (picture5.png)",
        "1 pictures changed (picture3.png)",
    ):
        assert part in str(caught.value)


def test_folder_of_other_things_is_refused(pictures, palette, tmp_path, plain, paint):
    with pytest.raises(MaxrfError, match="not empty and no data set"):
        build_dataset(pictures, pictures, palette, plain)
    with pytest.raises(MaxrfError, match="is a file"):
        build_dataset(pictures, paint(tmp_path / "x.png", 1), palette, plain)


def test_embedding_and_kind_have_to_fit(pictures, palette, tmp_path, plain):
    config = plain.model_copy(update={"kind": "embedded"})
    with pytest.raises(MaxrfError, match="needs an embedding"):
        build_dataset(pictures, tmp_path / "set", palette, config)
    assert not (tmp_path / "set").exists()


def test_finished_shards_are_kept_and_lost_ones_made_again(
    pictures, palette, tmp_path, plain
):
    out = tmp_path / "set"
    build_dataset(pictures, out, palette, plain)
    before = shards(out)
    kept = out / "shards" / "train-00000.safetensors"
    stamp = kept.stat().st_mtime_ns
    (out / "shards" / "train-00001.safetensors").write_bytes(b"torn")
    (out / "shards" / "train-00002.json").unlink()
    (out / "shards" / ".train-00002-0123abcd.safetensors").write_bytes(b"left")
    build_dataset(pictures, out, palette, plain)
    assert shards(out) == before
    assert kept.stat().st_mtime_ns == stamp


def test_killed_build_goes_on_to_the_same_shards(
    pictures, palette, tmp_path, plain, paint
):
    for seed in range(10, 40):
        paint(pictures / f"picture{seed}.png", seed)
    config = plain.model_copy(update={"shard_size": 1, "spectra_per_picture": 1000})
    out = tmp_path / "killed"
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from napari_maxrf.datasets import DatasetConfig, build_dataset\n"
        "from napari_maxrf.pigments import load_palette\n"
        "build_dataset(Path(sys.argv[1]), sys.argv[2], load_palette('sarteano'),\n"
        "    DatasetConfig.model_validate_json(sys.argv[3]))\n"
    )
    words = [sys.executable, "-c", code, str(pictures), str(out)]
    process = subprocess.Popen([*words, config.model_dump_json()])
    try:
        while len(list((out / "shards").glob("[!.]*.json"))) < 3:
            assert process.poll() is None, "ended before it could be killed"
            time.sleep(0.002)
        os.kill(process.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
    finally:
        process.kill()
        process.wait()
    finished = len(list((out / "shards").glob("[!.]*.json")))
    assert 3 <= finished < 40
    assert verify_dataset(out) != ()
    build_dataset(pictures, out, palette, config)
    build_dataset(pictures, tmp_path / "whole", palette, config)
    assert shards(out) == shards(tmp_path / "whole")
    assert verify_dataset(out) == ()
