"""Instruments built from scans, spectra and headers."""

from __future__ import annotations

from pathlib import Path

import dask.array as da
import numpy as np
import pytest

from napari_maxrf.analysis import FittedResponse, fit_response
from napari_maxrf.cube import EnergyAxis, SpectralCube
from napari_maxrf.errors import FormatError, MaxrfError
from napari_maxrf.io import save_cube
from napari_maxrf.physics import Layer, expected_spectrum, load_instrument
from napari_maxrf.pipeline import (
    fit_instrument,
    fitted_instrument,
    instrument_from_spectrum,
)

AXIS = EnergyAxis(1280, -0.2, 0.03)
PAINT = Layer({"C": 0.3, "O": 0.25, "Ca": 0.2, "Fe": 0.1, "Cu": 0.1, "Pb": 0.05}, 2, 50)


@pytest.fixture(scope="module")
def spectrum() -> np.ndarray:
    """Return what a CHNet scanner measures on a thick paint."""
    expected = expected_spectrum([PAINT], load_instrument("chnet_mo"), AXIS)
    rng = np.random.default_rng(0)
    return rng.poisson(expected / expected.sum() * 3e6)


@pytest.fixture(scope="module")
def fitted(spectrum: np.ndarray) -> FittedResponse:
    return fit_response(spectrum, AXIS)


def test_a_scan_without_calibration_is_fitted(tmp_path, spectrum):
    counts = np.broadcast_to(spectrum // 6, (2, 3, 1280)).astype(np.uint32)
    assumed = EnergyAxis.from_range(0, 40.96, 1280, source="assumed")
    save_cube(SpectralCube(da.from_array(counts), assumed), tmp_path / "scan.maxrf")
    fitted = fit_instrument(tmp_path / "scan.maxrf", ["Ca", "Fe", "Cu"])
    assert fitted.axis.gain_kev == pytest.approx(AXIS.gain_kev, rel=1e-3)
    assert fitted.axis.offset_kev == pytest.approx(AXIS.offset_kev, abs=0.004)


def test_a_column_of_counts_is_fitted(tmp_path, spectrum):
    path = tmp_path / "counts.txt"
    path.write_text("\n".join(map(str, spectrum)))
    fitted = fit_instrument(path)
    assert fitted.axis.gain_kev == pytest.approx(AXIS.gain_kev, rel=1e-3)


def test_what_was_fitted_replaces_the_base_and_nothing_else(fitted):
    base = load_instrument("m4_rh")
    mine = fitted_instrument(fitted, base, "mine", "scan.maxrf")
    assert (mine.name, mine.anode) == ("mine", "Mo")
    assert mine.channels.axis.gain_kev == pytest.approx(AXIS.gain_kev, rel=1e-3)
    assert mine.geometry.theta_deg == pytest.approx(135, abs=3)
    assert mine.detector.s0_kev2 == pytest.approx(fitted.s0_kev2, rel=0.01)
    kept = {"kv", "optic", "filters", "takeoff_deg", "tube_window_um"}
    assert all(getattr(mine, name) == getattr(base, name) for name in kept)
    assert mine.detector.window_um == base.detector.window_um
    assert "scan.maxrf" in mine.source
    assert "residuals up to" in mine.source


def test_an_upright_beam_gets_the_exit_angle_that_fits(fitted):
    mine = fitted_instrument(fitted, None, "mine", "scan")
    geometry = mine.geometry.model_copy(update={"scattering_deg": None})
    assert geometry.theta_deg == pytest.approx(mine.geometry.theta_deg, abs=0.1)


def test_the_sum_of_detectors_is_refused_with_their_names(prova1):
    with pytest.raises(MaxrfError, match=r"10264, 19511.*--detector 10264"):
        fit_instrument(prova1)


def test_each_detector_of_the_real_scan_gives_its_preset(prova1):
    fitted = fit_instrument(prova1, detector="10264", trust_axis=False)
    preset = load_instrument("aurora_10264")
    mine = fitted_instrument(fitted, preset, "aurora_10264", "prova1.h5")
    assert mine.channels.gain_kev == pytest.approx(preset.channels.gain_kev, rel=1e-4)
    assert mine.detector.s1_kev == pytest.approx(preset.detector.s1_kev, rel=0.02)
    assert mine.geometry.theta_deg == pytest.approx(preset.geometry.theta_deg, abs=1)


def test_the_m6_file_gives_the_m6_preset(shared_data):
    path = shared_data / "pigments/xrf_other/bruker_m6_jetstream_file_example.spx"
    if not path.is_file():
        pytest.skip(f"{path.name} is not there")
    mine, preset = instrument_from_spectrum(path), load_instrument("m6_jetstream")
    same = ("anode", "kv", "takeoff_deg", "electron_incidence_deg", "tube_window_um")
    assert all(getattr(mine, name) == getattr(preset, name) for name in same)
    assert mine.optic == preset.optic
    assert mine.geometry.atmosphere == "helium"
    assert mine.geometry.path_out_mm == 16
    assert mine.geometry.theta_deg == pytest.approx(preset.geometry.theta_deg, abs=2)
    assert mine.detector.window_um == 12.5
    assert mine.detector.thickness_um == 450
    assert mine.detector.s0_kev2 == pytest.approx(preset.detector.s0_kev2, rel=1e-3)
    assert mine.channels.n_channels == 4096


@pytest.mark.parametrize(
    ("file", "filters", "angle"),
    [
        ("20170510_D1_Mo_50kv_100mA_acryl_f4_0.spx", {"Al": 100, "Ti": 25}, 128.5),
        ("20170510_D1_Rh_50kv_100mA_acryl_f2_0.spx", {"Al": 100}, 131.6),
    ],
)
def test_filters_and_angle_of_the_m4_files(shared_data, file, filters, angle):
    path = shared_data / "pigments/xrf_scatter_nist" / file
    if not path.is_file():
        pytest.skip(f"{path.name} is not there")
    mine = instrument_from_spectrum(path, "m4")
    assert mine.name == "m4"
    assert {foil.material: foil.thickness_um for foil in mine.filters} == filters
    assert mine.geometry.pressure_bar == pytest.approx(0.02, abs=0.001)
    assert mine.geometry.theta_deg == pytest.approx(angle, abs=3)
    assert (mine.optic.kind == "lens") == (mine.anode == "Rh")


SPX = """<?xml version="1.0" encoding="windows-1252"?>
<TRTSpectrum><ClassInstance Type="TRTSpectrum" Name="é">
<TRTHeaderedClass>
<ClassInstance Type="TRTDetectorHeader"><DetectorThickness>0.5</DetectorThickness>
</ClassInstance>
<ClassInstance Type="TRTXrfHeader"><Anode>{anode}</Anode><Voltage>{kv}</Voltage>
<ExcitationFilter><AtomicNumber>13,29</AtomicNumber><Thickness>{um}</Thickness>
</ExcitationFilter></ClassInstance></TRTHeaderedClass>
<ClassInstance Type="TRTSpectrumHeader"><ChannelCount>64</ChannelCount>
<CalibAbs>-0.1</CalibAbs><CalibLin>0.02</CalibLin>{sigma}</ClassInstance>
<Channels>{channels}</Channels></ClassInstance></TRTSpectrum>"""
GOOD = {"anode": "42", "kv": "40", "um": "10,20"}
SIGMA = "<SigmaAbs>1E-3</SigmaAbs><SigmaLin>4.5E-4</SigmaLin>"


def spx(folder: Path, **changes: str) -> Path:
    path = folder / "é.spx"
    channels = ",".join(["5"] * 64)
    values = GOOD | {"sigma": SIGMA, "channels": channels} | changes
    path.write_bytes(SPX.format(**values).encode("windows-1252"))
    return path


def test_what_a_header_leaves_out_is_left_at_its_default(tmp_path):
    mine = instrument_from_spectrum(spx(tmp_path))
    assert [foil.material for foil in mine.filters] == ["Al", "Cu"]
    assert mine.detector.thickness_um == 500
    assert mine.detector.window_um == load_instrument("chnet_mo").detector.window_um
    assert mine.geometry.scattering_deg is None


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"anode": "900"}, "names no anode"),
        ({"anode": "many"}, "Anode is 'many', no number"),
        ({"kv": "1"}, "kv: input should be greater"),
        ({"um": "10"}, "ExcitationFilter is not understood"),
        ({"um": "10,x"}, "ExcitationFilter is not understood"),
        ({"sigma": ""}, "states no resolution"),
        ({"sigma": SIGMA.replace("1E-3", "0").replace("4.5E-4", "0")}, "no resolution"),
    ],
)
def test_a_header_without_sense_is_told_in_one_line(tmp_path, changes, complaint):
    with pytest.raises(MaxrfError, match=complaint) as caught:
        instrument_from_spectrum(spx(tmp_path, **changes))
    assert "\n" not in str(caught.value)


def test_a_spectrum_that_says_nothing_of_its_instrument(tmp_path):
    path = tmp_path / "plain.txt"
    path.write_text("\n".join(["3"] * 300))
    with pytest.raises(FormatError, match="does not describe its instrument"):
        instrument_from_spectrum(path)
