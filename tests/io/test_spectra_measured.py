"""Real files open to the numbers that other tools count in them.

Totals were counted with awk over the text of each file, peaks are line energies of
Deslattes et al. 2003.
"""

from __future__ import annotations

import zipfile

import h5py
import numpy as np
import pytest

from napari_maxrf.errors import FormatError
from napari_maxrf.io import open_spectra, open_spectrum

COUNTED = [
    ("xrf_elements_nist/Fe_50kv_50_ma_Rh_vac_D1.msa", 4096, 7_643_964, 120.005),
    ("xrf_elements_nist/S_50kv_50_ma_Rh_vac_D1.msa", 4096, 2_455_178, 120.013),
    ("xrf_elements_xgt7200/Fe.txt", 4096, 603_142, 30.0),
    ("xrf_other/Steel.spe", 2048, 5_607_017, None),
    ("xrf_other/XRFSpectrum.mca", 4096, 56_640_073, None),
    ("xrf_other/bruker_m6_jetstream_file_example.spx", 4096, 1_090_697, 28.046),
    (
        "xrf_scatter_nist/20170510_D1_Mo_50kv_100mA_acryl_f3_0.spx",
        4096,
        3_676_803,
        300.267,
    ),
    ("../cubes/aurora_antico/spots/prova1_10264_SPOT_1.mca", 1024, 6847, None),
]
# Mean of K-alpha 1 and 2 as 2:1, since no detector here parts them.
LINES_KEV = [
    ("xrf_elements_nist/Ti_50kv_50_ma_Rh_vac_D1.msa", 4.509),
    ("xrf_elements_nist/Cr_50kv_50_ma_Rh_vac_D1.msa", 5.412),
    ("xrf_elements_nist/Fe_50kv_50_ma_Rh_vac_D1.msa", 6.400),
    ("xrf_elements_nist/Ni_50kv_50_ma_Rh_vac_D1.msa", 7.472),
    ("xrf_elements_nist/Cu_50kv_50_ma_Rh_vac_D1.msa", 8.041),
    ("xrf_elements_nist/Si_50kv_50_ma_Rh_vac_D1.msa", 1.740),
    ("xrf_elements_xgt7200/Mg.txt", 1.254),
    ("xrf_elements_xgt7200/Al.txt", 1.487),
    ("xrf_elements_xgt7200/Ti.txt", 4.509),
    ("xrf_elements_xgt7200/Cu.txt", 8.041),
    ("xrf_elements_xgt7200/cubic_zirconia.txt", 15.747),
    ("xrf_elements_xgt7200/stainless_steel.txt", 6.400),
    # Ca at 3.691, and the 7 eV by which its own ShiftData says this detector is high
    ("xrf_other/bruker_m6_jetstream_file_example.spx", 3.698),
]


@pytest.fixture
def measured(shared_data):
    def find(name):
        path = (shared_data / "pigments" / name).resolve()
        if not path.exists():
            pytest.skip(f"{path.name} is not there")
        return path

    return find


@pytest.mark.parametrize(("name", "n_channels", "total", "live_time_s"), COUNTED)
def test_no_count_is_lost(measured, name, n_channels, total, live_time_s):
    spectrum = open_spectrum(measured(name))
    assert spectrum.counts.size == n_channels
    assert spectrum.counts.sum() == total
    assert spectrum.live_time_s == live_time_s
    assert spectrum.name == measured(name).stem


@pytest.mark.parametrize(("name", "line_kev"), LINES_KEV)
def test_the_strongest_peak_stands_at_its_line(measured, name, line_kev):
    spectrum = open_spectrum(measured(name))
    energies = spectrum.axis.centres_kev
    top = np.where(energies > 0.5, spectrum.counts, 0).argmax()
    around = slice(top - 5, top + 6)
    peak = np.average(energies[around], weights=spectrum.counts[around])
    assert peak == pytest.approx(line_kev, abs=0.01)  # a channel is 10 eV


def test_every_spectrum_of_the_folders_opens(shared_data):
    pigments, spots = shared_data / "pigments", "cubes/aurora_antico/spots"
    kinds = ("*.msa", "*.txt", "*.spx", "*.spe", "*.mca")
    paths = [p for kind in kinds for p in sorted(pigments.glob(f"xrf_*/{kind}"))]
    paths += sorted((shared_data / spots).glob("*.mca"))
    assert len(paths) == 47
    assert sum(len(open_spectra(path)) for path in paths) == 50


def test_tables_beside_the_spectra_are_refused(shared_data):
    tables = sorted((shared_data / "pigments").glob("xrf_*/*.csv"))
    assert len(tables) == 3
    for table in tables:
        with pytest.raises(FormatError, match="holds no row of numbers"):
            open_spectra(table)


def test_corrected_spectra_keep_their_negative_counts(measured):
    sulphur = open_spectrum(measured(COUNTED[1][0]))
    assert sulphur.counts.min() == -5


def test_each_detector_has_its_own_counts_and_calibration(measured):
    spectra = open_spectra(measured("xrf_other/srm1832.mca"))
    names = [spectrum.name for spectrum in spectra]
    assert names == [f"srm1832 detector {n}" for n in (1, 2, 3, 4)]
    totals = [spectrum.counts.sum() for spectrum in spectra]
    assert totals == [4_634_946, 4_484_726, 5_866_804, 7_481_558]
    assert spectra[3].axis.offset_kev == -1.053189e-02
    assert spectra[3].axis.gain_kev == 1.463264e-02
    assert spectra[2].live_time_s == 87.729240
    cu_kev = [s.axis.centres_kev[s.counts.argmax()] for s in spectra]
    np.testing.assert_allclose(cu_kev, 8.046, atol=0.015)


def test_the_background_in_a_bruker_file_is_not_taken_for_the_spectrum(measured):
    path = measured("xrf_other/bruker_m6_jetstream_file_example.spx")
    spectrum = open_spectrum(path)
    assert path.read_text(encoding="cp1252").count("<Channels>") == 2
    assert spectrum.metadata["title"] == "p 059"
    assert spectrum.metadata["header"]["xrf"]["Anode"] == "45"
    assert spectrum.metadata["header"]["spectrum"]["ChannelCount"] == "4096"


def test_files_without_calibration_have_no_axis(measured):
    for name in ("xrf_other/Steel.spe", "xrf_other/XRFSpectrum.mca"):
        assert open_spectrum(measured(name)).axis is None


def test_an_mca_file_of_a_scan_holds_the_counts_of_the_repacked_scan(
    shared_cubes, tmp_path
):
    folder = shared_cubes / "aurora_antico"
    with zipfile.ZipFile(folder / "ruotato_10264_mca.zip") as archive:
        path = archive.extract("10264/None_90.mca", tmp_path)
    spectrum = open_spectrum(path)
    with h5py.File(folder / "ruotato.h5") as file:
        row, column = divmod(89, 80)
        expected = file["detector_10264/counts"][row, column]
    np.testing.assert_array_equal(spectrum.counts, expected)
    assert spectrum.live_time_s is None  # the file says 0 s, after 3 s
    facts = spectrum.metadata["calibration"]
    assert facts["channels"] == [219, 278, 363, 436, 869]
    slope, zero = np.polyfit(facts["channels"], [6.4, 8, 10.5, 12.6, 25.3], 1)
    assert spectrum.axis.gain_kev == pytest.approx(slope, rel=1e-12)
    assert spectrum.axis.offset_kev == pytest.approx(zero, abs=1e-12)
    assert 18 < max(map(abs, facts["residuals_ev"])) < 82
