"""Bruker .bcf: this package beside rosettasciio, on one large written file.

    python benchmarks/bcf.py [--height 600] [--width 800] [--pulses 680]
                             [--peer /path/to/python] [--keep big.bcf]

rosettasciio is GPL and no part of this project: `--peer` names a Python that has it,
in an environment of its own; without it MAXRF_PEER does. Without either only this
package is measured. Each program runs in a fresh process; times are medians in
milliseconds, memory is what the process grew by. Each reads a pixel as its users do:
`SpectralCube.spectrum` here, a dask slice there. Counts are compared in the pixels that
were read, one of which has 500 counts in a channel.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import struct
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from bars import Row, show

CHUNK, START, HEAD = 65536, 0x118, 32
PAYLOAD = CHUNK - HEAD
CHANNELS, OFFSET_KEV, GAIN_KEV = 4096, -0.95, 0.01
HOT_CHANNEL, HOT_COUNTS = 735, 500
WINDOW = (720, 750)
POOL = 512
RUNS, TIMES = {"ours": 50, "peer": 3}, 500

MEASURE = """
import json, os, random, resource, statistics, sys, time
import numpy as np

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10

def timed(work):
    start = time.perf_counter()
    result = work()
    return 1000 * (time.perf_counter() - start), result

path, height, width, runs = sys.argv[1], *map(int, sys.argv[2:5])
low, high = map(int, sys.argv[5:7])
program = sys.argv[7]
if program == "ours":
    from napari_maxrf.io import open_cube
    import dask.array
    load = lambda: open_cube(path)
else:
    from rsciio.bruker import file_reader
    load = lambda: file_reader(path, lazy=True, select_type="spectrum_image")[0]["data"]
before = resident()
open_ms, opened = timed(load)
open_mib = resident() - before
if program == "ours":
    data, spectrum = opened.counts, lambda place: opened.spectrum(*place)
else:
    data, spectrum = opened, lambda place: np.asarray(opened[place].compute())
rng = random.Random(0)
places = [(height // 2, width // 2)]
places += [(rng.randrange(height), rng.randrange(width)) for _ in range(runs - 1)]
first_ms, _ = timed(lambda: spectrum(places[0]))
pixels = [timed(lambda: spectrum(place)) for place in places]
few = 3 if program == "ours" else 1
maps = [
    timed(lambda: data[:, :, low:high].sum(axis=2).compute()) for _ in range(few)
]
area = (slice(height // 3, height // 3 + 50), slice(width // 3, width // 3 + 50))
areas = [timed(lambda: data[area].sum(axis=(0, 1)).compute()) for _ in range(few)]
print(json.dumps({
    "open ms": open_ms, "first pixel ms": first_ms,
    "one pixel ms": statistics.median(ms for ms, _ in pixels),
    "window map ms": statistics.median(ms for ms, _ in maps),
    "spectrum of 50 x 50 ms": statistics.median(ms for ms, _ in areas),
    "open MiB": open_mib, "peak MiB": peak() - before,
    "dtype": str(data.dtype), "hot": int(pixels[0][1][low:high].max()),
    "spectra": [pixel.tolist() for _, pixel in pixels],
    "map": int(maps[0][1].sum()),
}))
"""


def write(path: Path, height: int, width: int, n_pulses: int) -> None:
    """Write a scan of packed pulses row by row, whatever its size."""
    rng = np.random.default_rng(0)
    pool = rng.choice(CHANNELS, (POOL, n_pulses), p=shape_of_spectrum()).astype(
        np.uint16
    )
    pool[0][pool[0] == HOT_CHANNEL] += 1
    pool[0, : min(HOT_COUNTS, n_pulses)] = HOT_CHANNEL
    chosen = rng.integers(1, POOL, (height, width))
    chosen[height // 2, width // 2] = 0
    total = np.zeros(CHANNELS, np.int64)
    for number, times in enumerate(np.bincount(chosen.ravel(), minlength=POOL)):
        total += times * np.bincount(pool[number], minlength=CHANNELS)
    rows = spectrum_rows(chosen, np.stack([twelve_bits(one) for one in pool]), n_pulses)
    pixel_bytes = 22 + len(twelve_bits(pool[0]))
    size = 0x1A0 + height * (4 + width * pixel_bytes)
    write_container(path, header(total, height, width), rows, size)


def shape_of_spectrum() -> np.ndarray:
    """Return the shape of a spectrum: lines on a falling continuum."""
    energy = OFFSET_KEV + GAIN_KEV * np.arange(CHANNELS)
    shape = np.where(energy > 0.3, 0.2 * np.exp(-energy / 8), 0)
    for line_kev, height in ((3.69, 2.0), (6.40, 3.0), (8.05, 1.0), (10.55, 5.0)):
        shape += height * np.exp(-0.5 * ((energy - line_kev) / 0.06) ** 2)
    return shape / shape.sum()


def twelve_bits(channels: np.ndarray) -> np.ndarray:
    """Pack channel numbers into 12 bits each, bytes swapped in pairs."""
    text = "".join(f"{channel:03x}" for channel in channels)
    text += "0" * (-len(text) % 4)
    return np.frombuffer(bytes.fromhex(text), ">u2").astype("<u2").view(np.uint8)


def spectrum_rows(
    chosen: np.ndarray, payloads: np.ndarray, n_pulses: int
) -> Iterator[bytes]:
    """Yield the entry of a detector in pieces."""
    height, width = chosen.shape
    yield struct.pack("<4I", height, width, CHANNELS, 1).ljust(0x1A0, b"\0")
    heads = np.zeros((width, 22), np.uint8)
    fields = (0, CHANNELS, 0, 0xC0000, 1, 0, n_pulses, payloads.shape[1], 0)
    heads[:] = np.frombuffer(struct.pack("<IHHIHHHHH", *fields), np.uint8)
    heads[:, :4] = np.arange(width, dtype="<u4").view(np.uint8).reshape(width, 4)
    for row in chosen:
        pixels = np.concatenate([heads, payloads[row]], axis=1)
        yield struct.pack("<I", width) + pixels.tobytes()


def write_container(path: Path, xml: bytes, pieces: Iterator[bytes], size: int) -> None:
    """Write a container with a header and one detector, chunks in their order."""
    counts = [-(-n // PAYLOAD) for n in (len(xml), size)]
    lists = [-(-4 * n // PAYLOAD) for n in counts]
    first_lists = [2, 2 + lists[0]]
    first_data = [sum(lists) + 2, sum(lists) + 2 + counts[0]]
    n_chunks = first_data[1] + counts[1]
    table = table_row("EDSDatabase", -1, 0, folder=True)
    table += table_row("HeaderData", first_lists[0], len(xml))
    table += table_row("SpectrumData0", first_lists[1], size)
    start = bytearray(b"AAMVHFSS".ljust(START + CHUNK, b"\0"))
    struct.pack_into("<fI", start, 0x124, 2.6, CHUNK)
    struct.pack_into("<III", start, 0x140, 1, 3, n_chunks)
    with path.open("wb") as stream:
        stream.write(start)
        stream.write(chunk(table))
        for first, count, n_lists in zip(first_data, counts, lists, strict=True):
            listed = np.arange(first, first + count, dtype="<u4").tobytes()
            after = stream.tell() // CHUNK
            for number in range(n_lists):
                part = listed[number * PAYLOAD : (number + 1) * PAYLOAD]
                stream.write(chunk(part, after + number + 1))
        write_chunks(stream, iter([xml]))
        write_chunks(stream, pieces)


def write_chunks(stream, pieces: Iterator[bytes]) -> None:
    """Cut pieces into chunks."""
    held = bytearray()
    for piece in pieces:
        held += piece
        whole = len(held) // PAYLOAD
        for number in range(whole):
            stream.write(chunk(held[number * PAYLOAD : (number + 1) * PAYLOAD]))
        del held[: whole * PAYLOAD]
    if held:
        stream.write(chunk(held))


def chunk(part: bytes, after: int = 2**32 - 1) -> bytes:
    """Return a chunk that names the next of its chain."""
    return (struct.pack("<I", after).ljust(HEAD, b"\0") + part).ljust(CHUNK, b"\0")


def table_row(name: str, pointer: int, size: int, folder: bool = False) -> bytes:
    """Return an entry of the table of files."""
    row = struct.pack("<iQ3QIi", pointer, size, 0, 0, 0, 16 * folder, -folder)
    row = row.ljust(220, b"\0") + bytes([folder])
    return (row.ljust(224, b"\0") + name.encode()).ljust(512, b"\0")


def header(total: np.ndarray, height: int, width: int) -> bytes:
    """Return a header with all that both programs ask for."""
    layers = base64.b64encode(zlib.compress(b"<DetLayers></DetLayers>")).decode()
    picture = base64.b64encode(np.ones((height, width), "<u2").tobytes()).decode()
    when = "<Date>1.2.2024</Date><Time>10:00:00</Time>"
    return f"""<?xml version="1.0" encoding="WINDOWS-1252" standalone="yes"?>
<TRTSpectrumDatabase><RTHeader/><ClassInstance Type="TRTSpectrumDatabase" Name="Map">
<Header>{when}<FileVersion>1</FileVersion></Header>
<ClassInstance Type="TRTSEMData"><HV>50</HV><WD>8</WD><Mag>600</Mag><DX>100</DX>
<DY>100</DY></ClassInstance>
<ClassInstance Type="TRTSEMStageData"><State>7936</State></ClassInstance>
<ClassInstance Type="TRTDSPConfiguration"><ImageWidth>{width}</ImageWidth>
<ImageHeight>{height}</ImageHeight><PixelAverage>16</PixelAverage>
<LineAverage>1</LineAverage><SEBitCount>12</SEBitCount><ChannelCount>1</ChannelCount>
<Channel0>1</Channel0><TiltAngle>0</TiltAngle><PixelTime>1</PixelTime></ClassInstance>
<ClassInstance Type="TRTImageData"><ItemSize>2</ItemSize><Width>{width}</Width>
<Height>{height}</Height><PlaneCount>1</PlaneCount><XCalibration>0</XCalibration>
<YCalibration>0</YCalibration>{when}<Plane0><Description>SEM</Description>
<Data>{picture}</Data></Plane0></ClassInstance>
<LineCounter>{",".join(["1"] * height)}</LineCounter><ChCount>4096</ChCount>
<DetectorCount>1</DetectorCount><SpectrumData0><ClassInstance Type="TRTSpectrum">
<TRTHeaderedClass><ClassInstance Type="TRTSpectrumHardwareHeader">
<ZeroPeakPosition>96</ZeroPeakPosition><ZeroPeakFrequency>2000</ZeroPeakFrequency>
<Amplification>20000</Amplification><ShapingTime>60000</ShapingTime></ClassInstance>
<ClassInstance Type="TRTDetectorHeader"><Technology>SDD</Technology>
<Type>XFlash 430</Type><DetectorThickness>0.45</DetectorThickness>
<DetLayers>{layers}</DetLayers></ClassInstance><ClassInstance Type="TRTESMAHeader">
<PrimaryEnergy>50</PrimaryEnergy><ElevationAngle>45</ElevationAngle></ClassInstance>
</TRTHeaderedClass><ClassInstance Type="TRTSpectrumHeader"><Size>82</Size>{when}
<ChannelCount>{CHANNELS}</ChannelCount><CalibAbs>{OFFSET_KEV}</CalibAbs>
<CalibLin>{GAIN_KEV}</CalibLin><SigmaAbs>0.00099</SigmaAbs>
<SigmaLin>0.00045</SigmaLin></ClassInstance>
<Channels>{",".join(map(str, total))}</Channels></ClassInstance></SpectrumData0>
</ClassInstance></TRTSpectrumDatabase>""".encode("cp1252")


def measured(
    python: str, program: str, path: Path, sizes: tuple[int, int, int]
) -> dict:
    """Measure one program in a fresh process."""
    numbers = map(str, (*sizes, *WINDOW))
    command = [python, "-W", "ignore", "-c", MEASURE, str(path), *numbers]
    done = subprocess.run([*command, program], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{program} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def table(ours: dict, peer: dict | None) -> Iterator[str]:
    """Yield the lines of the comparison."""
    yield f"{'':<24}{'napari-maxrf':>14}{'rosettasciio':>14}{'ratio':>9}"
    for key, value in ours.items():
        if key.endswith(("ms", "MiB")):
            other = f"{peer[key]:14.1f}{peer[key] / value:9.1f}" if peer else ""
            yield f"{key:<24}{value:14.1f}{other}"
    others = peer["dtype"] if peer else ""
    yield f"{'type of counts':<24}{ours['dtype']:>14}{others:>14}"


def rows(ours: dict, peer: dict | None) -> Iterator[Row]:
    """Yield what the bar of a pixel's spectrum asks for."""
    bar, peer_name = "at least 500 times rosettasciio", "one pixel of a .bcf"
    for key, name in (
        ("one pixel", peer_name),
        ("first pixel", "the very first pixel"),
    ):
        ms = ours[f"{key} ms"]
        if peer is None:
            yield Row(name, bar, f"{ms:.1f} ms, no peer here")
            continue
        theirs = peer[f"{key} ms"]
        times = theirs / ms
        figure = f"{ms:.1f} ms beside {theirs / 1000:.1f} s: {times:,.0f} times"
        yield Row(name, bar, figure, times >= TIMES if key == "one pixel" else None)
    figure = f"{ours['hot']}"
    if peer is not None:
        pairs = list(zip(ours["spectra"], peer["spectra"], strict=False))
        equal = sum(one == other for one, other in pairs)
        figure += f", peer {peer['hot']}; {equal} of {len(pairs)} spectra identical"
    right = ours["hot"] == HOT_COUNTS
    yield Row(f"hottest channel, {HOT_COUNTS} counts", f"{HOT_COUNTS}", figure, right)


def compared(
    path: Path, height: int, width: int, pulses: int, python: str | None
) -> tuple[dict, dict | None]:
    """Write the file if it is not there, and measure both programs."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, height, width, pulses)
    ours = measured(sys.executable, "ours", path, (height, width, RUNS["ours"]))
    peer = None
    if python:
        peer = measured(python, "peer", path, (height, width, RUNS["peer"]))
    return ours, peer


def main() -> None:
    """Write the file, measure both programs, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--height", type=int, default=600)
    parser.add_argument("--width", type=int, default=800)
    parser.add_argument("--pulses", type=int, default=680)
    parser.add_argument("--peer", default=os.environ.get("MAXRF_PEER"))
    parser.add_argument("--keep", type=Path, help="where to leave the file")
    arguments = parser.parse_args()
    sizes = arguments.height, arguments.width, arguments.pulses
    with tempfile.TemporaryDirectory() as folder:
        path = arguments.keep or Path(folder, "big.bcf")
        ours, peer = compared(path, *sizes, arguments.peer)
        sys.stdout.write(f"{path.stat().st_size / 1e6:.0f} MB of pulses\n")
    show(rows(ours, peer))
    sys.stdout.write("\n" + "\n".join(table(ours, peer)) + "\n")


if __name__ == "__main__":
    main()
