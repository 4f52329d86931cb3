"""Writers of spectrum files for the tests, and ways to damage what they write.

The writers follow the format descriptions and the real files, not the readers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import h5py
import numpy as np

COUNTS = np.random.default_rng(7).poisson(40, 64)
OFFSET, GAIN = -0.4, 0.25


def as_text(value: float) -> str:
    """Write a number so that it can be read back exactly."""
    return repr(float(value))


def emsa(
    counts: Sequence[float],
    offset: float = OFFSET,
    gain: float = GAIN,
    kind: str = "Y",
    per_line: int = 4,
    unit: str = "keV",
    end: str = "\n",
    **header: str,
) -> str:
    """Write EMSA/MAS with counts in columns (Y) or as pairs (XY)."""
    keys = {
        "FORMAT": "EMSA/MAS SPECTRAL DATA FILE",
        "VERSION": "1.0",
        "TITLE": "a spectrum",
        "NPOINTS": f"{len(counts)}.0",
        "NCOLUMNS": f"{per_line}.0",
        "XUNITS": unit,
        "YUNITS": "Counts",
        "DATATYPE": kind,
        "XPERCHAN": as_text(gain),
        "OFFSET": as_text(offset),
        "LIVETIME  -s": "12.5",
        **header,
        "SPECTRUM": "",
    }
    lines = [f"#{key:<12}: {value}" for key, value in keys.items() if value is not None]
    if kind == "XY":
        energies = offset + gain * np.arange(len(counts))
        pairs = zip(energies, counts, strict=True)
        lines += [f"{as_text(e)}, {as_text(c)}" for e, c in pairs]
    else:
        starts = range(0, len(counts), per_line)
        rows = (counts[i : i + per_line] for i in starts)
        lines += [", ".join(map(as_text, row)) + "," for row in rows]
    return end.join([*lines, "#ENDOFDATA   : ", ""])


def amptek(
    counts: Sequence[int],
    pairs: Sequence[tuple[float, float]] = ((0, OFFSET), (20, OFFSET + 20 * GAIN)),
    live_time: str = "3.5",
    end: str = "\r\n",
) -> str:
    """Write the form of Amptek's PMCA."""
    head = ["<<PMCA SPECTRUM>>", "TAG - live_data", "GAIN - 2"]
    head += [f"LIVE_TIME - {live_time}", "SERIAL_NUMBER - 10264"]
    if pairs:
        head += ["<<CALIBRATION>>", "LABEL - Channel"]
        head += [f"{as_text(channel)} {as_text(energy)}" for channel, energy in pairs]
    return end.join([*head, "<<DATA>>", *map(str, counts), "<<END>>", ""])


def gse(
    counts: np.ndarray,
    offsets: Sequence[float],
    gains: Sequence[float],
    live_times: Sequence[float] | None = None,
) -> str:
    """Write the form of GSECARS; `counts` has a column per detector."""
    n_channels, n = counts.shape

    def row(values: Sequence[float]) -> str:
        return " ".join(map(as_text, values))

    head = ["VERSION:    3.1", f"ELEMENTS:   {n}", "DATE:       Jan 30, 2013"]
    head += [f"CHANNELS:   {n_channels}", f"REAL_TIME:  {row([9.0] * n)}"]
    head += [f"LIVE_TIME:  {row(live_times or [8.0] * n)}"]
    head += [f"CAL_OFFSET: {row(offsets)}", f"CAL_SLOPE:  {row(gains)}"]
    head += [f"CAL_QUAD:   {row([0.0] * n)}", f"ROIS:      {' '.join(['0'] * n)}"]
    head += ['ENVIRONMENT: S:SRcurrentAI.VAL="102.05" (Ring: current)', "DATA: "]
    rows = [" " + " ".join(map(str, line)) for line in counts]
    return "\n".join([*head, *rows, ""])


def spe(
    counts: Sequence[float],
    terms: Sequence[float] = (OFFSET, GAIN),
    first: int = 0,
    block: str = "MCA_CAL",
    unit: str = " keV",
    per_line: int = 8,
    end: str = "\n",
) -> str:
    """Write the IAEA form with the calibration in one of its blocks."""
    lines = ["$SPEC_ID:", "a spectrum", "$MEAS_TIM:", "5.0 6.0", "$DATA:"]
    lines += [f"{first:8d}{first + len(counts) - 1:12d}"]
    starts = range(0, len(counts), per_line)
    lines += ["".join(f"{c:10.0f} " for c in counts[i : i + per_line]) for i in starts]
    coefficients = " ".join(map(as_text, terms))
    if block == "MCA_CAL":
        lines += ["$MCA_CAL:", str(len(terms)), coefficients + unit]
    elif block == "ENER_FIT":
        lines += ["$ENER_FIT:", coefficients + unit]
    elif block == "ENER_DATA":
        places = (first, first + 10)
        energies = [np.polyval(terms[::-1], place) for place in places]
        pairs = zip(places, energies, strict=True)
        lines += ["$ENER_DATA:", "2", *(f"{p} {as_text(e)}" for p, e in pairs)]
    return end.join([*lines, ""])


def spx(
    counts: Sequence[int],
    offset: float | None = OFFSET,
    gain: float | None = GAIN,
    name: str = "p 059",
    life_time: int = 28046,
) -> str:
    """Write Bruker's XML, with its estimate of the background as second spectrum."""

    def spectrum(name: str, values: Sequence[int], more: str, headed: str) -> str:
        terms = "" if gain is None else f"<CalibLin>{as_text(gain)}</CalibLin>"
        zero = "" if offset is None else f"<CalibAbs>{as_text(offset)}</CalibAbs>"
        return (
            f'<ClassInstance Type="TRTSpectrum" Name="{name}">\n{headed}'
            '<ClassInstance Type="TRTSpectrumHeader">\n<Size>82</Size>\n'
            f"<ChannelCount>{len(values)}</ChannelCount>\n{zero}{terms}\n"
            f"</ClassInstance>\n<Channels>{','.join(map(str, values))}</Channels>\n"
            f"{more}</ClassInstance>\n"
        )

    headed = (
        '<TRTHeaderedClass><ClassInstance Type="TRTSpectrumHardwareHeader">'
        f"<RealTime>30000</RealTime><LifeTime>{life_time}</LifeTime></ClassInstance>"
        '<ClassInstance Type="TRTXrfHeader"><Anode>45</Anode><Voltage>50</Voltage>'
        "<TubeWindow><AtomicNumber>4</AtomicNumber></TubeWindow></ClassInstance>"
        "</TRTHeaderedClass>\n"
    )
    background = spectrum("Background", [1] * len(counts), "", "")
    more = f"<ChildClassInstances>{background}</ChildClassInstances>"
    return (
        '<?xml version="1.0" encoding="WINDOWS-1252" standalone="yes"?>\n'
        f"<TRTSpectrum>\n<RTHeader/>\n{spectrum(name, counts, more, headed)}"
        "</TRTSpectrum>\n"
    )


def columns(
    counts: Sequence[float],
    energies: Sequence[float] | None = None,
    separator: str = ",",
    decimal: str = ".",
    heading: str = "",
    end: str = "\n",
) -> str:
    """Write one or two columns."""
    texts = [as_text(c) for c in counts]
    if energies is not None:
        pairs = zip(map(as_text, energies), texts, strict=True)
        texts = [f"{energy}{separator}{count}" for energy, count in pairs]
    lines = [text.replace(".", decimal) for text in texts]
    return end.join([*([heading] if heading else []), *lines, ""])


def hdf5(path: Path, **datasets: object) -> Path:
    """Write named arrays."""
    with h5py.File(path, "w") as file:
        for name, values in datasets.items():
            file[name] = values
    return path


def ganx(folder: Path, colours: dict[str, list[int]]) -> Path:
    """Write a dictionary as ganX takes it, and the files with the spectra."""
    (folder / "db").mkdir(exist_ok=True)
    energies = np.arange(0.0, 40.0, 40.0 / COUNTS.size)
    entries = {}
    for index, (name, colour) in enumerate(colours.items()):
        hdf5(folder / "db" / f"{index}.h5", x=energies, y=np.roll(COUNTS, index))
        entries[name] = {"xrf": f"./db/{index}.h5", "RGB": colour}
    path = folder / "pigments_dict.json"
    path.write_text(json.dumps(entries, ensure_ascii=False, indent=2), encoding="utf-8")
    return path


def text_file(name: str, content: str) -> Callable[[Path], Path]:
    """Return a writer of one text file into a folder."""

    def write(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(content.encode("utf-8"))
        return path

    return write


ENERGIES = OFFSET + GAIN * np.arange(COUNTS.size)
SAMPLES: dict[str, Callable[[Path], Path]] = {
    "emsa": text_file("good.msa", emsa(COUNTS)),
    "emsa-xy": text_file("good.txt", emsa(COUNTS, kind="XY")),
    "amptek": text_file("good.mca", amptek(COUNTS)),
    "gse": text_file(
        "good4.mca",
        gse(np.stack([COUNTS, COUNTS + 1], 1), [OFFSET, 0.0], [GAIN, 0.2]),
    ),
    "spe": text_file("good.spe", spe(COUNTS)),
    "spx": text_file("good.spx", spx(COUNTS)),
    "columns": text_file(
        "good.csv", columns(COUNTS, ENERGIES, heading="Energy (keV),Counts")
    ),
    "columns-one": text_file("bare.mca", columns(COUNTS, heading="# bare")),
    "hdf5": lambda folder: hdf5(folder / "good.h5", x=ENERGIES, y=COUNTS),
    "ganx": lambda folder: ganx(
        folder, {"LeadWhite": [240, 235, 229], "Ocra": [1, 2, 3]}
    ),
}

NASTY = (
    b"nan",
    b"-inf",
    b"1e999",
    b"2147483648",
    b"-1",
    b"",
    b"0",
    b"99999999999999999999999",
    b"1_000",
    "٣".encode(),
    b"0x10",
    b"\x00",
    b"1" * 5000,
    b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>",
    b"[" * 3000,
)
_TOKEN = re.compile(rb"[0-9.eE+-]+|[A-Za-z_]+|<[^>]*>")


def mutated(data: bytes, rng: np.random.Generator) -> bytes:
    """Damage a file in one to four of the ways that files get damaged."""
    ways = (_cut, _overwritten, _without, _repeated, _with_token, _with_token)
    for _ in range(rng.integers(1, 5)):
        data = ways[rng.integers(len(ways))](data, rng)
    return data


def _place(data: bytes, rng: np.random.Generator) -> int:
    return int(rng.integers(len(data) + 1))


def _cut(data: bytes, rng: np.random.Generator) -> bytes:
    return data[: _place(data, rng)]


def _overwritten(data: bytes, rng: np.random.Generator) -> bytes:
    start, junk = _place(data, rng), rng.bytes(int(rng.integers(1, 9)))
    return data[:start] + junk + data[start + len(junk) :]


def _without(data: bytes, rng: np.random.Generator) -> bytes:
    start = _place(data, rng)
    return data[:start] + data[start + int(rng.integers(1, 200)) :]


def _repeated(data: bytes, rng: np.random.Generator) -> bytes:
    start, size = _place(data, rng), int(rng.integers(1, 2000))
    times = int(rng.integers(1, 4))
    return data[:start] + data[start : start + size] * times + data[start:]


def _with_token(data: bytes, rng: np.random.Generator) -> bytes:
    """Put a nasty value in the place of a number, a word or a tag."""
    tokens = list(_TOKEN.finditer(data))
    if not tokens:
        return data
    token = tokens[rng.integers(len(tokens))]
    value = NASTY[rng.integers(len(NASTY))]
    return data[: token.start()] + value + data[token.end() :]
