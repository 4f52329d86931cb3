"""Packed copies: exact, found again only for the same file, safe to lose."""

from __future__ import annotations

import logging
import os
import pickle
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dask.array as da
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_maxrf.cube import EnergyAxis, SpectralCube
from napari_maxrf.errors import FormatError, MaxrfError
from napari_maxrf.io import (
    build_cache,
    build_cache_steps,
    cached_cube,
    energy_first,
    open_cube,
    save_cube,
    worth_caching,
)
from napari_maxrf.io._energy_first import EnergyFirst
from napari_maxrf.io.blocked import (
    CacheConfig,
    cache_entries,
    clear_cache,
    load_cache_config,
    save_cache_config,
)
from napari_maxrf.io.blocked._array import BlockedArray
from napari_maxrf.io.blocked._build import tiles_of
from napari_maxrf.io.blocked._cached import lazy_blocks
from napari_maxrf.io.blocked._layout import TYPES, grid_of
from napari_maxrf.io.blocked._store import trim_cache
from napari_maxrf.io.blocked._writer import BlockWriter

SHAPE = (37, 150, 45)


def counts_of(shape=SHAPE, dtype="uint16", seed=0) -> np.ndarray:
    """Return counts of which some rows are empty and some values are the largest."""
    rng = np.random.default_rng(seed)
    mean = rng.choice([0, 0.5, 40], (shape[0], 1, shape[2]))
    counts = rng.poisson(mean, shape).astype(dtype)
    if counts.dtype.kind == "f":
        counts += rng.random(shape).astype(dtype)
        return counts
    most = np.iinfo(dtype).max
    counts[rng.random(shape) < 1e-3] = most
    if counts.dtype.kind == "i":
        counts[rng.random(shape) < 1e-3] = -most
    return counts


def write_ripple(folder: Path, counts: np.ndarray, name="scan") -> Path:
    height, width, depth = counts.shape
    (folder / f"{name}.raw").write_bytes(counts.astype("<u2").tobytes())
    entries = {
        "width": width,
        "height": height,
        "depth": depth,
        "offset": 0,
        "data-length": 2,
        "data-type": "unsigned",
        "byte-order": "little-endian",
        "record-by": "vector",
        "ev-per-chan": 10,
    }
    path = folder / f"{name}.rpl"
    path.write_text("".join(f"{key}\t{value}\n" for key, value in entries.items()))
    return path


def write_blocks(path: Path, counts: np.ndarray, high=32, wide=128) -> Path:
    """Write a file of blocks, tiles in backward order of columns."""
    with path.open("wb") as stream, ThreadPoolExecutor(2) as workers:
        writer = BlockWriter(stream, counts.shape, counts.dtype, workers)
        for y in range(0, counts.shape[0], high):
            for x in reversed(range(0, counts.shape[1], wide)):
                writer.add(y, x, counts[y : y + high, x : x + wide])
        writer.finish({"name": "made"})
    return path


def read_slowly(path: Path) -> np.ndarray:
    """Read unsigned counts bit by bit, from the description of the format alone."""
    content = path.read_bytes()
    assert content[:11] == b"MAXRFBLOCKS"
    place, length = np.frombuffer(content[-32:-16], "<u8")
    import json

    facts = json.loads(content[int(place) : int(place + length)])
    n_y, n_x, n_channels = facts["shape"]
    n_high, n_deep, n_wide = -(-n_y // 16), -(-n_channels // 16), -(-n_x // 64)
    first, n_bytes = facts["tables"]["places"]
    places = np.frombuffer(content[first : first + n_bytes], "<u8")
    places = places.reshape(n_high, n_deep, n_wide)
    counts = np.zeros((n_y, n_x, n_channels), facts["dtype"])
    for (i, j, k), start in np.ndenumerate(places):
        rows = range(16 * i, min(16 * i + 16, n_y))
        channels = range(16 * j, min(16 * j + 16, n_channels))
        at = int(start)
        n_groups = len(rows) * len(channels)
        widths = iter(content[at : at + n_groups])
        at += n_groups + -n_groups % 8
        for y in rows:
            for channel in channels:
                width = next(widths)
                number = int.from_bytes(content[at : at + 8 * width], "little")
                at += 8 * width
                for x in range(64 * k, min(64 * k + 64, n_x)):
                    counts[y, x, channel] = number & (2**width - 1)
                    number >>= width
    return counts


@pytest.fixture
def config(tmp_path):
    return CacheConfig(folder=str(tmp_path / "cache"), keep_free_gb=0)


@pytest.fixture
def scan(tmp_path):
    return write_ripple(tmp_path, counts_of())


@pytest.mark.parametrize("dtype", TYPES)
def test_every_type_comes_back_exactly_with_its_sums(tmp_path, dtype):
    counts = counts_of(dtype=dtype)
    blocked = BlockedArray(write_blocks(tmp_path / "a.blocks", counts))
    assert blocked.dtype == counts.dtype
    np.testing.assert_array_equal(blocked[:], counts)
    sums, wide = blocked.sums(), object if dtype.endswith("64") else np.float64
    expected = counts.astype(wide).sum((0, 1)).astype(np.float64)
    # the largest of 64 bits cancel, and a float64 holds 53 bits of them
    slack = 2**18 if dtype.endswith("64") else 0
    np.testing.assert_allclose(sums.sum_spectrum, expected, rtol=1e-12, atol=slack)
    np.testing.assert_array_equal(sums.max_spectrum, counts.max((0, 1)))
    if "64" not in dtype:
        expected = counts.sum(2, dtype=np.float64)
        np.testing.assert_allclose(sums.sum_image, expected, rtol=1e-12)


def test_the_file_is_what_its_description_says(tmp_path):
    counts = counts_of((18, 70, 20))
    path = write_blocks(tmp_path / "a.blocks", counts)
    np.testing.assert_array_equal(read_slowly(path), counts)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_any_box_of_any_shape_is_read_exactly(tmp_path, data):
    sizes = st.tuples(st.integers(1, 40), st.integers(1, 140), st.integers(1, 40))
    shape = data.draw(sizes)
    dtype = data.draw(st.sampled_from(["uint8", "uint16", "uint32"]))
    counts = counts_of(shape, dtype, data.draw(st.integers(0, 99)))
    tiles = data.draw(st.sampled_from([(16, 64), (16, 128), (64, 192)]))
    blocked = BlockedArray(write_blocks(tmp_path / "b.blocks", counts, *tiles))
    key = tuple(
        data.draw(
            st.one_of(
                st.integers(-size, size - 1),
                st.slices(size),
                st.lists(st.integers(0, size - 1), min_size=1, max_size=4),
            )
        )
        for size in shape
    )
    expected = counts
    for axis in (2, 1, 0):
        expected = expected[(slice(None),) * axis + (key[axis],)]
    np.testing.assert_array_equal(blocked[key], expected)
    view = EnergyFirst(blocked)
    turned = view[key[2], key[0], key[1]]
    whole = np.moveaxis(counts, 2, 0)
    for axis, one in ((2, key[1]), (1, key[0]), (0, key[2])):
        whole = whole[(slice(None),) * axis + (one,)]
    np.testing.assert_array_equal(turned, whole)


def test_a_copy_is_exact_and_found_again(scan, config):
    counts, cube = counts_of(), open_cube(scan)
    assert cached_cube(cube, config) is None
    assert cube.sums() is None
    records = list(build_cache_steps(cube, config))
    assert records[0].done == 0
    assert records[-1].done == records[-1].total > 0
    found = cached_cube(open_cube(scan), config)
    np.testing.assert_array_equal(found.counts.compute(), counts)
    np.testing.assert_array_equal(found.spectrum(3, 4), counts[3, 4])
    np.testing.assert_array_equal(found.sum_spectrum(), counts.sum((0, 1), np.uint64))
    np.testing.assert_array_equal(found.max_spectrum(), counts.max((0, 1)))
    np.testing.assert_array_equal(found.sum_image().compute(), counts.sum(2, np.uint64))
    assert found.provenance == cube.provenance
    assert found.energy == cube.energy
    assert cached_cube(found, config) is found
    assert build_cache(cube, config).counts.name == found.counts.name


def test_a_window_map_and_a_channel_are_those_of_the_file(scan, config):
    cube = open_cube(scan)
    found = build_cache(cube, config)
    assert isinstance(energy_first(found), EnergyFirst)
    assert isinstance(energy_first(cube), da.Array)
    for one in (cube, found):
        np.testing.assert_array_equal(
            np.asarray(energy_first(one)[7]), counts_of()[:, :, 7]
        )
    assert energy_first(found).shape == energy_first(cube).shape == (45, 37, 150)
    np.testing.assert_array_equal(
        found.window_sum(0.1, 0.3).compute(), cube.window_sum(0.1, 0.3).compute()
    )


def test_a_copy_serves_whatever_calibration_the_cube_has(scan, config):
    from dataclasses import replace

    cube = open_cube(scan)
    build_cache(cube, config)
    axis = EnergyAxis(45, 0.5, 0.02, source="user")
    found = cached_cube(replace(cube, energy=axis), config)
    assert found.energy == axis


def test_sums_do_not_survive_a_change_of_the_counts(scan, config):
    from dataclasses import replace

    found = build_cache(open_cube(scan), config)
    doubled = replace(found, counts=2 * found.counts)
    assert doubled.sums() is None
    assert doubled.sum_spectrum().sum() > found.sum_spectrum().sum()
    rebinned = found.rebin(EnergyAxis.from_range(0.0, 0.4, 10))
    assert rebinned.sums() is None


def test_sums_of_a_native_file_are_read_and_not_computed(tmp_path, monkeypatch):
    counts = counts_of((5, 6, 20))
    cube = SpectralCube(da.from_array(counts), EnergyAxis(20, 0.0, 0.01))
    opened = open_cube(save_cube(cube, tmp_path / "a.maxrf"))
    monkeypatch.setattr(da.Array, "sum", None)
    np.testing.assert_array_equal(opened.sum_spectrum(), counts.sum((0, 1), np.uint64))
    np.testing.assert_array_equal(opened.max_spectrum(), counts.max((0, 1)))


def test_a_changed_file_is_never_served_from_its_old_copy(scan, config):
    build_cache(open_cube(scan), config)
    raw = scan.with_suffix(".raw")
    facts = raw.stat()
    content = bytearray(raw.read_bytes())
    content[1000] ^= 1
    raw.write_bytes(content)
    assert cached_cube(open_cube(scan), config) is None
    os.utime(raw, ns=(facts.st_atime_ns, facts.st_mtime_ns))  # size and time are kept
    assert cached_cube(open_cube(scan), config) is None


def test_each_detector_has_its_own_copy(prova1, config):
    one = open_cube(prova1, detector="10264")
    build_cache(one, config)
    assert cached_cube(open_cube(prova1), config) is None
    assert cached_cube(open_cube(prova1, detector="19511"), config) is None
    found = cached_cube(open_cube(prova1, detector="10264"), config)
    np.testing.assert_array_equal(found.counts.compute(), one.counts.compute())


def test_the_key_is_the_same_in_another_process(scan, config):
    build_cache(open_cube(scan), config)
    code = (
        "import sys\nfrom napari_maxrf.io import open_cube, cached_cube\n"
        "from napari_maxrf.io.blocked import CacheConfig\n"
        "found = cached_cube(open_cube(sys.argv[1]), CacheConfig(folder=sys.argv[2]))\n"
        "print(int(found.spectrum(3, 4).sum()))"
    )
    words = [sys.executable, "-c", code, str(scan), config.folder]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert int(done.stdout) == counts_of()[3, 4].sum(dtype=np.int64)


def test_stopping_at_any_record_leaves_nothing(scan, config, tmp_path):
    for n_records in (1, 2):
        steps = build_cache_steps(open_cube(scan), config)
        for _ in range(n_records):
            next(steps)
        steps.close()
        assert list((tmp_path / "cache").iterdir()) == []


def test_a_file_that_changes_meanwhile_leaves_no_copy(scan, config, tmp_path):
    steps = build_cache_steps(open_cube(scan), config)
    next(steps)
    scan.with_suffix(".raw").write_bytes(b"\1" * counts_of().nbytes)
    os.utime(scan.with_suffix(".raw"), ns=(1, 1))
    with pytest.raises(MaxrfError, match="changed"):
        for _ in steps:
            pass
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_deleted_copy_stays_readable_while_it_is_open(scan, config):
    found = build_cache(open_cube(scan), config)
    assert clear_cache(config) > 0
    assert cache_entries(config) == []
    if os.name != "nt":
        np.testing.assert_array_equal(found.spectrum(3, 4), counts_of()[3, 4])
    assert cached_cube(open_cube(scan), config) is None


def test_two_conversions_at_once_end_in_one_good_copy(scan, config):
    one, two = (build_cache_steps(open_cube(scan), config) for _ in range(2))
    next(one), next(two)
    for steps in (one, two):
        for _ in steps:
            pass
    assert len(cache_entries(config)) == 1
    found = cached_cube(open_cube(scan), config)
    np.testing.assert_array_equal(found.counts.compute(), counts_of())


def test_the_copies_used_longest_ago_are_deleted_first(tmp_path, config):
    paths = [write_ripple(tmp_path, counts_of(seed=i), f"s{i}") for i in range(3)]
    for age, path in zip((30, 20, 10), paths, strict=True):
        build_cache(open_cube(path), config)
        entry = cache_entries(config)[0]
        os.utime(entry.path, (time.time() - age, time.time() - age))
    cached_cube(open_cube(paths[0]), config)
    sizes = [entry.n_bytes for entry in cache_entries(config)]
    limited = config.model_copy(update={"limit_gb": (sum(sizes) - 1) / 1e9})
    assert trim_cache(limited) > 0
    names = [entry.source["name"] for entry in cache_entries(config)]
    assert names == ["s0", "s2"]


def test_limits_of_cache_and_disk_are_kept(scan, tmp_path, config):
    small = config.model_copy(update={"limit_gb": 1e-9})
    with pytest.raises(MaxrfError, match="napari-maxrf cache limit"):
        build_cache(open_cube(scan), small)
    full = config.model_copy(update={"keep_free_gb": 1e9})
    with pytest.raises(MaxrfError, match="GB are free"):
        build_cache(open_cube(scan), full)
    assert list((tmp_path / "cache").iterdir()) == []


def test_what_a_killed_conversion_left_is_cleared(config, tmp_path):
    folder = tmp_path / "cache"
    folder.mkdir()
    old, running = folder / ".a-12345678.blocks", folder / ".b-12345678.blocks"
    for path in (old, running):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    other = folder / "thesis.txt"
    other.write_text("not ours")
    clear_cache(config)
    assert sorted(folder.iterdir()) == [running, other]


def test_a_damaged_copy_is_passed_over_with_a_warning(scan, config, caplog):
    build_cache(open_cube(scan), config)
    path = cache_entries(config)[0].path
    path.write_bytes(path.read_bytes()[:-40])
    with caplog.at_level(logging.WARNING):
        assert cached_cube(open_cube(scan), config) is None
    assert "cache clear" in caplog.text
    assert cache_entries(config)[0].source == {}
    assert cached_cube(build_cache(open_cube(scan), config), config) is not None


def test_damaged_files_only_ever_raise_errors_of_ours(tmp_path):
    counts = counts_of((18, 70, 20))
    good = write_blocks(tmp_path / "a.blocks", counts).read_bytes()
    rng, told, path = np.random.default_rng(0), 0, tmp_path / "b.blocks"
    for i in range(400):
        content = bytearray(good)
        if i % 4 == 0:
            del content[rng.integers(len(good)) :]
        for place in rng.integers(0, len(content) or 1, rng.integers(1, 4)):
            if content:
                content[place] = rng.integers(256)
        path.write_bytes(content)
        try:
            BlockedArray(path)[:]
        except FormatError as error:
            told += "\n" not in str(error)
    assert told > 100


def test_absurd_sizes_are_refused_before_memory_is_asked_for(tmp_path):
    good = write_blocks(tmp_path / "a.blocks", counts_of((18, 70, 20))).read_bytes()
    bad = good.replace(b'"shape": [18, 70, 20]', b'"shape": [2000000000, 70, 20]')
    place, length = np.frombuffer(good[-32:-16], "<u8")
    ends = np.array([place, int(length) + len(bad) - len(good)], "<u8").tobytes()
    path = tmp_path / "b.blocks"
    path.write_bytes(bad[:-32] + ends + bad[-16:])
    with pytest.raises(FormatError, match="damaged"):
        BlockedArray(path)


def test_a_cube_without_a_file_has_no_copy(config):
    cube = SpectralCube(da.zeros((4, 5, 6), dtype=np.uint16), EnergyAxis(6, 0, 0.1))
    assert cached_cube(cube, config) is None
    assert not worth_caching(cube)
    with pytest.raises(MaxrfError, match="no file"):
        build_cache(cube, config)


@pytest.mark.parametrize(
    ("shape", "chunks", "worth"),
    [
        ((1024, 1024, 2048), (8, 1024, 2048), True),
        ((1024, 1024, 2048), (1024, 1024, 16), True),
        ((1024, 1024, 2048), (32, 64, 16), False),
        ((60, 120, 1024), (15, 30, 1024), False),
    ],
)
def test_only_large_scans_that_are_slow_are_worth_a_copy(shape, chunks, worth):
    counts = da.zeros(shape, dtype=np.uint16, chunks=chunks)
    axis = EnergyAxis(shape[2], 0, 0.01)
    assert worth_caching(SpectralCube(counts, axis, metadata={"file": "a"})) is worth
    assert not worth_caching(SpectralCube(counts, axis))


@given(
    st.tuples(st.integers(1, 900), st.integers(1, 900), st.integers(1, 4096)),
    st.sampled_from([1, 2, 4]),
    st.integers(1, 300),
)
def test_tiles_cover_every_pixel_once_and_begin_at_blocks(shape, itemsize, rows):
    seen = np.zeros(shape[:2], int)
    tiles = list(tiles_of(shape, itemsize, ((rows,), (shape[1],), (shape[2],))))
    for high, wide in tiles:
        assert high.start % 16 == wide.start % 64 == 0
        seen[high, wide] += 1
    assert (seen == 1).all()
    assert len(tiles) <= np.prod(grid_of(shape))


def test_blocks_of_dask_hold_whole_spectra_and_can_travel(tmp_path):
    blocked = BlockedArray(write_blocks(tmp_path / "a.blocks", counts_of()))
    lazy = lazy_blocks(blocked)
    assert lazy.chunks[2] == (45,)
    other = pickle.loads(pickle.dumps(blocked))  # noqa: S301
    np.testing.assert_array_equal(other[2:5], counts_of()[2:5])


def test_settings_are_kept(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("APPDATA", str(tmp_path / "config"))
    monkeypatch.setattr(Path, "home", staticmethod(lambda: tmp_path / "config"))
    assert load_cache_config() == CacheConfig()
    save_cache_config(CacheConfig(limit_gb=7))
    assert load_cache_config().limit_bytes == 7_000_000_000
