"""HDF5 files that are cut, locked, packed, scattered over files, or damaged."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from _hdf5_files import (
    sample_counts,
    write_groups,
    write_larch,
    write_maps,
    write_maps_raw,
    write_pymca,
    write_pyxrf,
    write_xismus,
)

from napari_maxrf.errors import FormatError
from napari_maxrf.io import ReadOptions, open_cube, recognise, release
from napari_maxrf.io._held import HeldDataset

COUNTS = sample_counts(6, 5, 128)


def refusal(path, **options):
    with pytest.raises(FormatError) as caught:
        open_cube(path, options=ReadOptions(**options))
    assert "\n" not in str(caught.value)
    return str(caught.value)


class TestOtherFiles:
    def test_an_external_link_is_not_followed_but_named(self, tmp_path):
        write_pymca(tmp_path / "raw.h5", COUNTS)
        with h5py.File(tmp_path / "master.h5", "w") as file:
            file["entry"] = h5py.ExternalLink("raw.h5", "/entry")
        assert recognise(tmp_path / "master.h5") is None
        told = refusal(tmp_path / "master.h5")
        assert "keeps /entry in another file, raw.h5" in told
        assert "Open that file instead" in told

    @pytest.mark.parametrize("target", ["../secret.h5", "/etc/secret.h5", r"C:\a\b.h5"])
    def test_links_out_of_the_folder_are_never_opened(
        self, tmp_path, monkeypatch, target
    ):
        folder = tmp_path / "folder"
        folder.mkdir()
        write_pymca(tmp_path / "secret.h5", COUNTS)
        with h5py.File(folder / "scan.h5", "w") as file:
            for name in ("xrfmap", "MAPS", "img", "XRFdata", "entry", "dataset_1"):
                file[name] = h5py.ExternalLink(target, "/entry/instrument")
            file["soft"] = h5py.SoftLink("/entry/detector_00/data")
        opened = []
        real = h5py.h5o.open
        monkeypatch.setattr(
            h5py.h5o, "open", lambda *a, **k: opened.append(a) or real(*a, **k)
        )
        assert "another file" in refusal(folder / "scan.h5")
        told = refusal(folder / "scan.h5", dataset="entry/detector_00/data")
        assert "no dataset" in told or "another file" in told

    def test_a_virtual_dataset_names_its_source(self, tmp_path):
        with h5py.File(tmp_path / "part.h5", "w") as file:
            file["counts"] = COUNTS
        layout = h5py.VirtualLayout(COUNTS.shape, COUNTS.dtype)
        layout[...] = h5py.VirtualSource(tmp_path / "part.h5", "counts", COUNTS.shape)
        with h5py.File(tmp_path / "all.h5", "w") as file:
            file.create_virtual_dataset("counts", layout)
        assert "another file, part.h5" in refusal(tmp_path / "all.h5")

    def test_counts_in_a_bare_file_beside_are_refused(self, tmp_path):
        (tmp_path / "counts.bin").write_bytes(COUNTS.tobytes())
        place = [(str(tmp_path / "counts.bin"), 0, COUNTS.nbytes)]
        with h5py.File(tmp_path / "scan.h5", "w") as file:
            file.create_dataset("img", COUNTS.shape, COUNTS.dtype, external=place)
        assert "another file, counts.bin" in refusal(tmp_path / "scan.h5")

    def test_soft_links_in_a_loop_end(self, tmp_path):
        path = write_pymca(tmp_path / "scan.h5", COUNTS)
        with h5py.File(path, "a") as file:
            file["xrfmap"] = h5py.SoftLink("/MAPS")
            file["MAPS"] = h5py.SoftLink("/xrfmap")
            file["entry/again"] = file["entry"]
        np.testing.assert_array_equal(open_cube(path).counts, COUNTS)


class TestTypes:
    @pytest.mark.parametrize(
        "values",
        [
            np.zeros((4, 5, 200), [("a", "u2"), ("b", "f4")]),
            np.zeros((4, 5, 200), "S3"),
            np.zeros((4, 5, 200), "c8"),
            np.zeros((4, 5, 200), bool),
        ],
    )
    def test_what_is_no_number_is_no_scan(self, tmp_path, values):
        with h5py.File(tmp_path / "scan.h5", "w") as file:
            file["counts"] = values
        assert recognise(tmp_path / "scan.h5") is None
        assert "no 3-D dataset of numbers" in refusal(tmp_path / "scan.h5")

    @pytest.mark.parametrize("kind", [h5py.string_dtype(), h5py.ref_dtype, "S5"])
    def test_objects_and_references_are_never_read(self, tmp_path, kind):
        with h5py.File(tmp_path / "scan.h5", "w") as file:
            file.create_dataset("img", (4, 5, 200), kind)
            file.create_dataset("attributes", (4, 5, 200), "u2")
            space = h5py.h5s.create_simple((2, 2))
            h5py.h5a.create(
                file.id,
                b"calibration",
                h5py.h5t.py_create(np.dtype(kind), logical=True),
                space,
            )
            file["attributes"][...] = 1
        assert open_cube(tmp_path / "scan.h5").shape == (4, 5, 200)

    def test_an_axis_without_entries_is_no_scan(self, tmp_path):
        with h5py.File(tmp_path / "scan.h5", "w") as file:
            file.create_dataset("counts", (0, 5, 200), "u2")
        assert recognise(tmp_path / "scan.h5") is None


class TestSizes:
    @pytest.mark.parametrize("shape", [(2**31, 2**12, 512), (2**20, 2**20, 2048)])
    def test_absurd_sizes_are_refused_before_anything_is_allocated(
        self, tmp_path, shape
    ):
        with h5py.File(tmp_path / "scan.h5", "w") as file:
            data = file.create_dataset("counts", shape, "u2", chunks=(1, 1, 512))
            data[0, 0, :512] = 1
        told = refusal(tmp_path / "scan.h5", axes="yxe")
        assert "claims" in told

    @pytest.mark.parametrize("chunks", [None, (1, 5, 1024)])
    def test_a_dataset_that_was_never_written_is_refused(self, tmp_path, chunks):
        with h5py.File(tmp_path / "scan.h5", "w") as file:
            file.create_dataset("counts", (9, 5, 1024), "u2", chunks=chunks)
        assert "no counts were written" in refusal(tmp_path / "scan.h5")

    def test_a_stopped_scan_opens_with_a_warning(self, tmp_path):
        with h5py.File(tmp_path / "scan.h5", "w") as file:
            data = file.create_dataset("img", (9, 5, 1024), "u2", chunks=(1, 5, 1024))
            data[:4] = 1
        cube = open_cube(tmp_path / "scan.h5")
        assert int(cube.counts.sum().compute()) == 4 * 5 * 1024
        assert "Only 4 of 9 blocks" in cube.metadata["warnings"][0]

    def test_chunks_of_gigabytes_are_refused(self, tmp_path):
        with h5py.File(tmp_path / "scan.h5", "w") as file:
            shape = (2000, 2000, 1024)
            file.create_dataset("img", shape, "u2", chunks=(1000, 1000, 1024))
        assert "too large to read" in refusal(tmp_path / "scan.h5")


class TestWholeFiles:
    def test_a_cut_file_tells_how_much_is_there(self, tmp_path):
        path = write_pyxrf(tmp_path / "scan.h5", COUNTS)
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) - 1000])
        told = refusal(path)
        assert f"it has {len(whole) - 1000:,} bytes of {len(whole):,}" in told

    def test_a_file_that_is_being_written_is_said_to_be(self, tmp_path):
        path = write_groups(tmp_path / "scan.h5", COUNTS)
        code = (
            "import h5py, sys\n"
            "with h5py.File(sys.argv[1], 'a', locking=True):\n"
            "    print('open', flush=True)\n"
            "    input()\n"
        )
        with subprocess.Popen(
            [sys.executable, "-c", code, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as other:
            assert other.stdout.readline() == b"open\n"
            try:
                told = refusal(path)
            finally:
                other.communicate(b"\n")
        assert "open for writing in another program" in told
        assert open_cube(path).shape == COUNTS.shape

    def test_a_file_that_was_overwritten_is_refused_and_can_be_opened_anew(
        self, tmp_path
    ):
        path = write_groups(tmp_path / "scan.h5", COUNTS)
        other = write_groups(tmp_path / "other.h5", COUNTS[:4] + np.uint16(1), COUNTS)
        cube = open_cube(path, "10264")
        cube.spectrum(0, 0)
        path.write_bytes(other.read_bytes())  # in place, as copying does
        with pytest.raises(FormatError, match=r"scan\.h5 has changed"):
            cube.spectrum(0, 0)
        anew = open_cube(path, "10264")
        np.testing.assert_array_equal(anew.counts, COUNTS[:4] + 1)

    def test_a_file_that_was_deleted_while_open_is_an_error_at_most(self, tmp_path):
        path = write_groups(tmp_path / "scan.h5", COUNTS)
        cube = open_cube(path)
        release(path)
        path.unlink()
        with pytest.raises(FormatError, match=r"scan\.h5"):
            cube.spectrum(0, 0)

    @pytest.mark.parametrize(("place", "value"), [(80, 0), (8, 4120)])
    def test_a_heap_of_texts_without_end_does_not_hang_the_library(
        self, tmp_path, place, value
    ):
        path = write_pyxrf(tmp_path / "scan.h5", COUNTS)
        content = bytearray(path.read_bytes())
        heap = content.index(b"GCOL")
        content[heap + 4096 : heap + 4120] = bytes(24)  # what follows the heap
        length = heap + place
        content[length : length + 8] = value.to_bytes(8, "little")
        (tmp_path / "damaged.h5").write_bytes(content)
        assert "texts cannot be read" in refusal(tmp_path / "damaged.h5")

    def test_free_space_in_a_loop_does_not_take_all_memory(self, tmp_path):
        path = write_pyxrf(tmp_path / "scan.h5", COUNTS)
        content = bytearray(path.read_bytes())
        heap = content.index(b"HEAP")
        free, names = (
            int.from_bytes(content[heap + at : heap + at + 8], "little")
            for at in (16, 24)
        )
        content[names + free : names + free + 8] = free.to_bytes(8, "little")
        (tmp_path / "damaged.h5").write_bytes(content)
        assert "names and texts cannot be read" in refusal(tmp_path / "damaged.h5")

    def test_two_readers_share_a_file(self, tmp_path):
        path = write_groups(tmp_path / "scan.h5", COUNTS)
        first, second = open_cube(path), open_cube(path)
        np.testing.assert_array_equal(first.counts, second.counts)

    def test_a_missing_filter_names_the_package(self, tmp_path, monkeypatch):
        path = write_groups(tmp_path / "scan.h5", COUNTS)
        monkeypatch.setattr(h5py.h5z, "filter_avail", lambda code: False)
        monkeypatch.setitem(sys.modules, "hdf5plugin", None)
        assert "pip install hdf5plugin" in refusal(path)

    def test_names_with_accents_work(self, tmp_path):
        path = write_maps(tmp_path / "Ségovie — 絵画.h5", COUNTS)
        assert open_cube(path).name == "Ségovie — 絵画"

    def test_opening_reads_no_counts(self, tmp_path, monkeypatch):
        path = write_larch(tmp_path / "scan.h5", COUNTS, COUNTS)

        def refuse(self, key):
            raise AssertionError("counts were read")

        monkeypatch.setattr(HeldDataset, "__getitem__", refuse)
        assert open_cube(path).shape == COUNTS.shape


# A corrupt file may take the process of the HDF5 library down: try in another one.
# Each is a new file, since the library remembers those that were only overwritten.
_MUTANTS = """
import gc, sys
from pathlib import Path
import dask
import numpy as np
sys.path.insert(0, sys.argv[1])
from _bcf_files import mutated
from napari_maxrf.errors import MaxrfError
from napari_maxrf.io import open_cube
dask.config.set(scheduler="synchronous")
rng, refused = np.random.default_rng(0), 0
for good in map(Path, sys.argv[3:]):
    for number in range(int(sys.argv[2])):
        path = good.with_name(f"damaged_{number}_{good.name}")
        path.write_bytes(mutated(good.read_bytes(), rng))
        try:
            cube = open_cube(path)
            cube.spectrum(cube.shape[0] // 2, cube.shape[1] // 2)
        except MaxrfError as error:
            assert str(error) and chr(10) not in str(error)
            refused += 1
print(refused)
"""


def test_damaged_files_are_complained_of_and_never_crash(tmp_path):
    pair = (COUNTS, COUNTS)
    paths = [
        write_maps(tmp_path / "maps.h5", COUNTS),
        write_maps_raw(tmp_path / "raw.h5", *pair),
        write_pyxrf(tmp_path / "pyxrf.h5", *pair),
        write_larch(tmp_path / "larch.h5", *pair),
        write_pymca(tmp_path / "pymca.h5", *pair),
        write_xismus(tmp_path / "xismus.h5", sample_counts(3, 4, 400)),
        write_groups(tmp_path / "groups.h5", *pair),
    ]
    here = str(Path(__file__).parent)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _MUTANTS, here, "30", *map(str, paths)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 40
