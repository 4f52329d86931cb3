"""Writes Bruker .bcf files from counts, by the facts of the format.

Every freedom of the format can be chosen: how pixels are packed, which are stored,
how an entry is cut into chunks, in which order they lie, and whether it is packed.
"""

from __future__ import annotations

import base64
import struct
import zlib
from dataclasses import dataclass, replace

import numpy as np

START, HEAD = 0x118, 32
ALL_CODES = (0, 1, 2, 4, 8)


@dataclass(frozen=True)
class Bcf:
    """What to write; `content` writes it."""

    detectors: tuple[np.ndarray, ...]
    packings: tuple[int, ...] = (1,)
    codes: tuple[int, ...] = ALL_CODES
    singles: float = 0.3
    keep_empty: bool = False
    chunk: int = 4096
    scattered: bool = False
    block: int | None = None
    positions: bool = False
    header: bytes | None = None
    images: str = ""
    axes: tuple[tuple[float, float], ...] = ((-0.95, 0.01),)
    seed: int = 0

    def content(self) -> bytes:
        """Return the bytes of the file."""
        return container(
            {name: self.entry(data) for name, data in self.entries().items()},
            self.chunk,
            self.scattered,
            np.random.default_rng(self.seed),
        )

    def entry(self, data: bytes) -> bytes:
        """Pack the bytes of an entry, if wanted."""
        return data if self.block is None else packed(data, self.block)

    def entries(self) -> dict[str, bytes]:
        """Return all entries before they are packed."""
        rng = np.random.default_rng(self.seed)
        axes = (*self.axes, *[self.axes[-1]] * len(self.detectors))
        header = self.header or xml(self.detectors, axes, self.images)
        found = {"HeaderData": header}
        for number, counts in enumerate(self.detectors):
            data, places = spectra(counts, self, rng)
            found[f"SpectrumData{number}"] = data
            if self.positions:
                found[f"SpectrumPositions{number}"] = places
        return found

    def but(self, **changes) -> Bcf:
        """Return the same with some changes."""
        return replace(self, **changes)


def spectra(
    counts: np.ndarray, how: Bcf, rng: np.random.Generator
) -> tuple[bytes, bytes]:
    """Return the entry of a detector and the one with the places of its pixels."""
    height, width, channels = counts.shape
    out = bytearray(struct.pack("<4I", height, width, channels, 1).ljust(0x1A0, b"\0"))
    places = np.full((height, width), -1, np.int64)
    for y, row in enumerate(counts):
        stored = [x for x in range(width) if how.keep_empty or row[x].any()]
        out += struct.pack("<I", len(stored))
        for x in stored:
            places[y, x] = len(out) + 4
            out += pixel(x, row[x], how, rng)
    sizes = struct.pack("<2I", height, width)
    return bytes(out), sizes + places.astype("<i8").tobytes()


def pixel(x: int, spectrum: np.ndarray, how: Bcf, rng: np.random.Generator) -> bytes:
    """Return head and payload of a pixel."""
    packing = int(rng.choice(how.packings))
    after = b""
    spectrum = spectrum.astype(np.int64)
    if spectrum.sum() > 60_000 and packing < 2:
        packing = 3
    if packing < 2:
        pulses = np.repeat(np.arange(spectrum.size), spectrum)
        rng.shuffle(pulses)
        payload = pulses.astype("<u2").tobytes() if not packing else twelve_bits(pulses)
    else:
        alone = np.minimum(rng.binomial(np.minimum(spectrum, 50), how.singles), 50)
        pulses = np.repeat(np.arange(spectrum.size), alone)
        payload = runs(spectrum - alone, how.codes, rng)
        payload += struct.pack("<I", 2 * pulses.size)
        after = pulses.astype("<u2").tobytes()
    used = np.flatnonzero(spectrum)
    head = struct.pack(
        "<IHHIHHHHH",
        x,
        min(int(used[-1]) + 1 if used.size else 0, 65535),
        min(spectrum.size, 65535) if packing > 1 else 0,
        0x000C0000,
        packing,
        len(payload) if packing > 1 else 0,
        pulses.size,
        len(payload),
        0,
    )
    return head + payload + after


def twelve_bits(channels: np.ndarray) -> bytes:
    """Pack channel numbers into 12 bits each, bytes swapped in pairs."""
    text = "".join(f"{channel:03x}" for channel in channels)
    text += "0" * (-len(text) % 4)
    return np.frombuffer(bytes.fromhex(text), ">u2").astype("<u2").tobytes()


def runs(values: np.ndarray, codes: tuple[int, ...], rng: np.random.Generator) -> bytes:
    """Return a run-length spectrum, of instructions that can hold the values."""
    out, at = bytearray(), 0
    while at < values.size:
        part = values[at : at + int(rng.integers(1, 256))]
        fitting = [code for code in codes if fits(part, code)] or [8]
        out += instruction(int(rng.choice(fitting)), part)
        at += part.size
    return bytes(out)


def fits(values: np.ndarray, code: int) -> bool:
    """Tell whether an instruction can hold some values."""
    if code == 0:
        return not values.any()
    span = 15 if code == 1 else 256 ** (code // 2) - 1
    low = int(values.min())
    return low < 256**code and int(values.max()) - low <= span


def instruction(code: int, values: np.ndarray) -> bytes:
    """Write one instruction."""
    out = bytes([code, values.size])
    if code == 0:
        return out
    base = int(values.min())
    above = values - base
    if code == 1:
        nibbles = np.append(above, [0] * (above.size % 2)).astype(np.uint8)
        return out + bytes([base]) + (nibbles[::2] | nibbles[1::2] << 4).tobytes()
    return (
        out + base.to_bytes(code, "little") + above.astype(f"<u{code // 2}").tobytes()
    )


def packed(data: bytes, block: int) -> bytes:
    """Pack an entry into zlib blocks."""
    parts = [data[at : at + block] for at in range(0, len(data), block)]
    out = bytearray(struct.pack("<4sIII", b"AACS", block, 0, len(parts)))
    out = out.ljust(0x80, b"\0")
    for part in parts:
        stream = zlib.compress(part)
        size = len(stream)
        out += struct.pack("<IIII", size, len(part), 0, size + 16) + stream
    return bytes(out)


def container(
    entries: dict[str, bytes],
    chunk: int = 4096,
    scattered: bool = False,
    rng: np.random.Generator | None = None,
) -> bytes:
    """Return a file system of chunks with a folder and some files."""
    payload = chunk - HEAD
    rows = [table_row("EDSDatabase", -1, 0, folder=True)]
    counts = {name: -(-len(data) // payload) for name, data in entries.items()}
    pointers = {name: -(-4 * n // payload) for name, n in counts.items()}
    n_table = -(-512 * (len(entries) + 1) // payload)
    n_chunks = 1 + n_table + sum(counts.values()) + sum(pointers.values())
    order = np.arange(1, n_chunks)  # chunk 0 holds the numbers of the container
    if scattered and rng is not None:
        rng.shuffle(order)
    free = iter(order.tolist())
    chunks = [bytes(chunk)] * n_chunks

    def place(data: bytes, numbers: list[int]) -> None:
        for at, number in enumerate(numbers):
            after = numbers[at + 1] if at + 1 < len(numbers) else 0xFFFFFFFF
            part = data[at * payload : (at + 1) * payload]
            head = struct.pack("<I", after).ljust(HEAD, b"\0")
            chunks[number] = (head + part).ljust(chunk, b"\0")

    table = [next(free) for _ in range(n_table)]
    for name, data in entries.items():
        listed = [next(free) for _ in range(pointers[name])]
        numbers = [next(free) for _ in range(counts[name])]
        place(np.array(numbers, "<u4").tobytes(), listed)
        place(data, numbers)
        rows.append(table_row(name, listed[0] if listed else -1, len(data)))
    place(b"".join(rows), table)
    start = b"AAMVHFSS".ljust(START, b"\0")
    out = bytearray(start + b"".join(chunks))
    struct.pack_into("<fI", out, 0x124, 2.6, chunk)
    struct.pack_into("<III", out, 0x140, table[0], len(rows), n_chunks)
    return bytes(out)


def table_row(name: str, pointer: int, size: int, folder: bool = False) -> bytes:
    """Return an entry of the table of files."""
    row = struct.pack("<iQ3QIi", pointer, size, 0, 0, 0, 16 * folder, -folder)
    row = row.ljust(220, b"\0") + bytes([folder])
    return (row.ljust(224, b"\0") + name.encode()).ljust(512, b"\0")


def image(pixels: np.ndarray, name: str, title: str = "") -> str:
    """Return a picture as XML."""
    height, width = pixels.shape[:2]
    item = pixels.nbytes // (height * width)
    data = base64.b64encode(pixels.tobytes()).decode()
    return (
        f'<ClassInstance Type="TRTImageData" Name="{title}"><ItemSize>{item}</ItemSize>'
        f"<Width>{width}</Width><Height>{height}</Height><PlaneCount>1</PlaneCount>"
        "<XCalibration>20</XCalibration><YCalibration>25</YCalibration>"
        f"<Plane0><Description>{name}</Description><Data>{data}</Data>"
        f"<Size>{pixels.nbytes}</Size></Plane0></ClassInstance>"
    )


def xml(detectors, axes, images: str = "") -> bytes:
    """Return a header with the sum spectra of the detectors."""
    parts = []
    for number, counts in enumerate(detectors):
        offset, gain = axes[number]
        total = counts.sum(axis=(0, 1), dtype=np.int64)
        parts.append(
            f"<SpectrumData{number}>"
            '<ClassInstance Type="TRTSpectrum"><TRTHeaderedClass>'
            '<ClassInstance Type="TRTXrfHeader"><Voltage>50</Voltage><Anode>45</Anode>'
            "<ExcitationFilter><AtomicNumber>13</AtomicNumber></ExcitationFilter>"
            '</ClassInstance><ClassInstance Type="TRTSpectrumHardwareHeader"><LifeTime>'
            "90000</LifeTime><RealTime>100000</RealTime></ClassInstance>"
            '</TRTHeaderedClass><ClassInstance Type="TRTSpectrumHeader">'
            f"<ChannelCount>{counts.shape[2]}</ChannelCount><CalibAbs>{offset}</CalibAbs>"
            f"<CalibLin>{gain}</CalibLin><SigmaAbs>0.00099</SigmaAbs>"
            "<SigmaLin>0.00045</SigmaLin></ClassInstance><Channels>"
            f"{','.join(map(str, total))}</Channels></ClassInstance>"
            f"</SpectrumData{number}>"
        )
    return (
        '<?xml version="1.0" encoding="WINDOWS-1252" standalone="yes"?>'
        "<TRTSpectrumDatabase><RTHeader/>"
        '<ClassInstance Type="TRTSpectrumDatabase" Name="Bodegón">'
        '<ClassInstance Type="TRTSEMData"><HV>50</HV><DX>100</DX><DY>150</DY>'
        f"</ClassInstance>{images}<ChCount>4096</ChCount>"
        f"<DetectorCount>{len(detectors)}</DetectorCount>{''.join(parts)}"
        "</ClassInstance></TRTSpectrumDatabase>"
    ).encode("cp1252")


def sample_counts(
    height: int = 6, width: int = 9, channels: int = 64, seed: int = 0
) -> np.ndarray:
    """Return sparse counts with empty pixels and an empty row."""
    rng = np.random.default_rng(seed)
    counts = rng.poisson(0.3, (height, width, channels)).astype(np.uint32)
    counts[rng.random((height, width)) < 0.2] = 0
    if height > 2:
        counts[height // 2] = 0
    return counts


def mutated(data, rng):
    """Damage a file: bits, numbers, holes, cuts."""
    out = bytearray(data)
    for _ in range(rng.integers(1, 5)):
        at = int(rng.integers(max(len(out) - 8, 1)))
        value = int(rng.choice([0, 1, 0xFF, 0x7FFFFFFF, 0xFFFFFFFF, len(out)]))
        way = rng.integers(5)
        if way == 0 and out:
            out[at] ^= 1 << int(rng.integers(8))
        elif way == 1 and len(out) > 8:
            struct.pack_into("<I", out, at, value)
        elif way == 2 and len(out) > 0x150:
            struct.pack_into("<I", out, int(rng.integers(0x118, 0x14C)), value)
        elif way == 3:
            del out[at : at + int(rng.integers(1, 300))]
        else:
            del out[len(out) - int(rng.integers(len(out) + 1)) // 4 :]
    return bytes(out)
