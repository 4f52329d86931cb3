"""The XML header of a ``.bcf``: calibration, instrument, and a list of images.

The header also holds pictures as text, up to hundreds of megabytes. It is walked as
a stream that keeps the wanted values only. A document type is refused, since an
entity declared there could fetch other files or grow without bound.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.parsers import expat

from napari_maxrf.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from napari_maxrf.io.formats.bcf._rows import Source

_GROUPS = {
    "TRTSpectrumHardwareHeader": "hardware",
    "TRTSpectrumHeader": "spectrum",
    "TRTDetectorHeader": "detector",
    "TRTXrfHeader": "xrf",
}
_SCAN_GROUPS = {"TRTSEMData": "stage", "TRTXRFData": "xrf"}
_DATABASE, _SPECTRUM, _IMAGE = "TRTSpectrumDatabase", "TRTSpectrum", "TRTImageData"
_SPECTRUM_DATA, _CHANNELS, _PLANE = "SpectrumData", "Channels", "Plane"
_LONGEST_FACT, _MOST_FACTS, _DEEPEST = 200, 500, 100
_LONGEST_CHANNELS = 24 * 2**16
_MOST_IMAGES = 1000
_MOST_BYTES, _STRETCH_BYTES = 2**30, 2**22

Facts = dict[str, str]


@dataclass
class SpectrumFacts:
    """A spectrum in the header: the sum over all pixels of a detector.

    Attributes
    ----------
    facts : dict of str to dict
        Groups ``"spectrum"``, ``"hardware"``, ``"detector"``, ``"xrf"``, in the same
        form as a ``.spx`` file is read.
    channels : str
        The counts, separated by commas.
    """

    facts: dict[str, Facts] = field(default_factory=dict)
    channels: str = ""


@dataclass
class ImageFacts:
    """A picture in the header; planes are there only when they were asked for."""

    name: str
    facts: Facts = field(default_factory=dict)
    planes: dict[str, Facts] = field(default_factory=dict)


@dataclass
class Header:
    """What the header says.

    Attributes
    ----------
    title : str
        Name of the scan.
    spectra : dict of str to SpectrumFacts
        By detector, ``"0"`` for ``SpectrumData0``; those elsewhere under ``""``.
    scan : dict of str to dict
        ``"stage"`` (pixel size, voltage) and ``"xrf"`` (tube) of the scan.
    images : list of ImageFacts
        All pictures, in the order of the file.
    """

    title: str = ""
    spectra: dict[str, SpectrumFacts] = field(default_factory=dict)
    scan: dict[str, Facts] = field(default_factory=dict)
    images: list[ImageFacts] = field(default_factory=list)


def read_header(source: Source, images: bool = False) -> Header:
    """Walk through the header.

    Parameters
    ----------
    source : Source
        Entry of the container that holds the XML.
    images : bool, optional
        Keep the pixels of pictures, as they are, under ``"Data"`` of each plane.

    Raises
    ------
    FormatError
        The XML is damaged, cut off, too long, or declares a document type.
    """
    name = source.path.name
    if source.size > _MOST_BYTES:
        raise FormatError(f"{name}: a header of {source.size:,} bytes is not read.")
    if source.readable < source.size:
        raise FormatError(
            f"{name} is cut off within its header: {source.readable:,} of "
            f"{source.size:,} bytes are there. Copy it again from its source."
        )
    walk, parser = _Walk(name, images), expat.ParserCreate()
    parser.buffer_text, parser.buffer_size = True, 2**16
    parser.StartElementHandler = walk.start
    parser.EndElementHandler = walk.end
    parser.CharacterDataHandler = walk.characters
    parser.StartDoctypeDeclHandler = walk.doctype
    try:
        for piece in _pieces(source):
            parser.Parse(piece, False)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise FormatError(
            f"{name}: the XML of its header is damaged in line {error.lineno} "
            f"({expat.ErrorString(error.code)})."
        ) from error
    except LookupError as error:
        raise FormatError(f"{name}: its header is in an {error}.") from error
    return walk.header


def _pieces(source: Source) -> Iterator[bytes]:
    with source.session() as read:
        for start in range(0, source.size, _STRETCH_BYTES):
            yield read(start, start + _STRETCH_BYTES).tobytes()


class _Walk:
    """Where the stream is, and what it has shown."""

    def __init__(self, name: str, images: bool) -> None:
        self.header = Header()
        self._name, self._pixels = name, images
        self._path: list[str] = []
        self._spectra: list[tuple[int, SpectrumFacts]] = []
        self._images: list[tuple[int, ImageFacts]] = []
        self._text: list[str] = []
        self._length, self._longest = 0, 0

    def start(self, tag: str, attributes: Facts) -> None:
        """Enter an element."""
        kind = attributes.get("Type", "") if tag == "ClassInstance" else tag
        title = attributes.get("Name", "")[:_LONGEST_FACT]
        if len(self._path) >= _DEEPEST:
            raise FormatError(f"{self._name} nests the XML of its header too deeply.")
        if kind == _DATABASE and title:
            self.header.title = title
        elif kind == _SPECTRUM:
            self._enter_spectrum()
        elif kind == _IMAGE and len(self.header.images) < _MOST_IMAGES:
            self.header.images.append(ImageFacts(title))
            self._images.append((len(self._path) + 1, self.header.images[-1]))
        self._path.append(kind)
        if "Thickness" in attributes and self._spectra:  # of a layer of the window
            thickness = attributes["Thickness"][:_LONGEST_FACT]
            self._keep_of_spectrum(*self._spectra[-1], thickness, ["Thickness"])
        self._text, self._length, self._longest = [], 0, self._room(tag)

    def _enter_spectrum(self) -> None:
        """Keep the first spectrum of each detector, and the first of no detector."""
        inside = self._path[-1] if self._path else ""
        detector = inside.removeprefix(_SPECTRUM_DATA)
        known = detector if inside != detector and detector.isdecimal() else ""
        spectrum = SpectrumFacts()
        self._spectra.append((len(self._path) + 1, spectrum))
        self.header.spectra.setdefault(known, spectrum)

    def _room(self, tag: str) -> int:
        """Return how much text of an element is worth keeping."""
        if tag == _CHANNELS:
            return _LONGEST_CHANNELS
        wanted = tag == "Data" and self._pixels and bool(self._images)
        return _MOST_BYTES if wanted else _LONGEST_FACT

    def doctype(self, *_: object) -> None:
        """Refuse a document type."""
        raise FormatError(
            f"{self._name} declares a document type in its header, which no .bcf file "
            "needs. It is not read, for its entities could do harm."
        )

    def characters(self, text: str) -> None:
        """Collect the text of an element, up to what may be wanted."""
        self._length += len(text)
        if self._length <= self._longest:
            self._text.append(text)

    def end(self, tag: str) -> None:
        """Leave an element, and keep its text if it is wanted."""
        if self._text and self._length <= self._longest:
            text = "".join(self._text).strip()
            if text:
                self._keep(tag, text)
        for nest in (self._spectra, self._images):
            if nest and nest[-1][0] == len(self._path):
                nest.pop()
        self._path.pop()
        self._text, self._length = [], 0

    def _keep(self, tag: str, text: str) -> None:
        if self._images:
            self._keep_of_image(*self._images[-1], text)
        elif self._spectra:
            self._keep_of_spectrum(*self._spectra[-1], text)
        elif len(self._path) > 1 and self._path[-2] in _SCAN_GROUPS:
            group = self.header.scan.setdefault(_SCAN_GROUPS[self._path[-2]], {})
            _put(group, tag, text)

    def _keep_of_spectrum(
        self, depth: int, spectrum: SpectrumFacts, text: str, below: Sequence[str] = ()
    ) -> None:
        inside = [*self._path[depth:], *below]
        if inside == [_CHANNELS]:
            spectrum.channels = spectrum.channels or text
        head, *rest = inside[inside[:1] == ["TRTHeaderedClass"] :] or [""]
        if rest and head in _GROUPS:
            _put(spectrum.facts.setdefault(_GROUPS[head], {}), "/".join(rest), text)

    def _keep_of_image(self, depth: int, image: ImageFacts, text: str) -> None:
        inside = self._path[depth:]
        if len(inside) == 1:
            _put(image.facts, inside[0], text)
        elif len(inside) == 2 and inside[0].startswith(_PLANE):
            room = len(image.planes) < _MOST_FACTS
            plane = image.planes.setdefault(inside[0], {}) if room else {}
            _put(plane, inside[1], text)


def _put(group: Facts, key: str, text: str) -> None:
    if len(group) < _MOST_FACTS:
        group.setdefault(key, text)
