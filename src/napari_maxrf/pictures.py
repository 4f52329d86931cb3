"""Pictures of every kind in, plain RGB between 0 and 1 out.

People bring photographs as they are: grey, transparent, 16-bit, palette-indexed,
CMYK, turned by their EXIF tag, or floats from other programs. All stages work on
float32 (y, x, 3) in 0..1, sRGB; the rules that lead there stand here and nowhere
else:

- integers are divided by the largest value of their type (8, 16 or 32 bits);
- floats up to 1 are taken as they are, above that as 8-bit, 16-bit or, beyond
  that, relative to their maximum;
- what is transparent or has no value (NaN, infinite) shows white paper.
"""

from __future__ import annotations

import io
import threading
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from napari_maxrf._files import atomic_path
from napari_maxrf.errors import PictureError

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

Picture = npt.NDArray[np.float32]

_FORMATS = {".png": "PNG", ".tif": "TIFF", ".tiff": "TIFF", ".jpg": "JPEG"}
_FORMATS[".jpeg"] = "JPEG"
_DEEP_MODES = ("I", "F")
_TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_FLOAT_SLACK = 1.5
_ROWS = 256
_SIZE_LIMIT = threading.Lock()


def load_picture(path: str | os.PathLike[str], max_side: int | None = None) -> Picture:
    """Read a picture file as RGB.

    Parameters
    ----------
    path : path-like
        PNG, JPEG, TIFF, or whatever else Pillow reads. Of several pages or
        frames the first is taken.
    max_side : int, optional
        Shrink the picture until its longer side is at most this many pixels.

    Returns
    -------
    ndarray of float32, shape (y, x, 3)
        sRGB in 0..1, turned upright, over white where it is transparent.

    Raises
    ------
    PictureError
        The file is missing, damaged, not a picture, or too large for the memory.
    """
    levels = load_levels(path, max_side)
    if levels.dtype == np.uint8:
        return np.asarray(levels, dtype=np.float32) / np.float32(255)
    return np.asarray(levels, dtype=np.float32)


def load_levels(
    path: str | os.PathLike[str], max_side: int | None = None
) -> npt.NDArray[np.uint8] | Picture:
    """Read a picture file as `load_picture`, but leave 8-bit pictures in 8 bits.

    A quarter of the memory, for pictures that are worked on in parts.

    Returns
    -------
    ndarray of uint8 (0..255) or float32 (0..1), shape (y, x, 3)
        Floats where the file holds more than 8 bits.

    Raises
    ------
    PictureError
        As `load_picture`.
    """
    path = Path(path)
    if max_side is not None and max_side < 1:
        raise PictureError(f"max_side must be at least 1 pixel, got {max_side}.")
    try:
        deep = _read_deep_tiff(path, max_side)
        return _read_with_pillow(path, max_side) if deep is None else deep
    except UnidentifiedImageError as error:
        raise PictureError(
            f"{path.name} is not a picture that can be read; PNG, JPEG and TIFF can."
        ) from error
    except (OSError, ValueError, SyntaxError, EOFError, IndexError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise PictureError(
            f"Cannot read {path.name}: {_one_line(reason)}. Is the file complete?"
        ) from error
    except MemoryError as error:
        raise PictureError(
            f"{path.name} does not fit into the memory. Make it smaller first."
        ) from error


def as_picture(array: npt.ArrayLike) -> Picture:
    """Turn any array that shows a picture into RGB.

    Parameters
    ----------
    array : array-like, shape (y, x), (y, x, 1 to 4)
        Grey, grey with alpha, RGB or RGBA of any real type. See the rules at
        the top of this module for ranges, transparency and missing values.

    Returns
    -------
    ndarray of float32, shape (y, x, 3)
        Values in 0..1.

    Raises
    ------
    PictureError
        The shape or type is not that of a picture, or no value is finite.

    Examples
    --------
    >>> as_picture(np.array([[0, 128, 255]], dtype=np.uint8)).shape
    (1, 3, 3)
    """
    values = np.asarray(array)
    if values.ndim == 2:
        values = values[:, :, None]
    if values.ndim != 3 or values.shape[2] not in (1, 2, 3, 4) or 0 in values.shape:
        raise PictureError(
            f"An array of shape {np.shape(array)} is not a picture; expected (y, x), "
            "(y, x, 3) or (y, x, 4)."
        )
    if values.dtype.kind not in "buif":
        raise PictureError(f"A picture cannot hold values of type {values.dtype}.")
    unit = _to_unit(values)
    n_colours = 1 if unit.shape[2] < 3 else 3
    if unit.shape[2] > n_colours:
        alpha = np.nan_to_num(unit[:, :, n_colours:], nan=0.0)
        unit = unit[:, :, :n_colours] * alpha + (1 - alpha)
    whole = np.where(np.isfinite(unit).all(axis=2, keepdims=True), unit, np.float32(1))
    rgb = np.broadcast_to(whole, (*whole.shape[:2], 3))
    return np.ascontiguousarray(rgb, dtype=np.float32)


def save_picture(path: str | os.PathLike[str], rgb: npt.ArrayLike) -> None:
    """Write a picture as 8-bit PNG, TIFF or JPEG, as the suffix says.

    Parameters
    ----------
    path : path-like
        Ends in ``.png``, ``.tif``, ``.tiff``, ``.jpg`` or ``.jpeg``.
    rgb : array-like
        Anything that `as_picture` takes.

    Raises
    ------
    PictureError
        The suffix or the array is not that of a picture.
    MaxrfError
        The file cannot be written.
    """
    path = Path(path)
    kind = _FORMATS.get(path.suffix.lower())
    if kind is None:
        known = ", ".join(_FORMATS)
        raise PictureError(f"Cannot save a picture as {path.name}: use one of {known}.")
    levels = np.rint(as_picture(rgb) * 255).astype(np.uint8)
    options: dict[str, Any] = {"quality": 95} if kind == "JPEG" else {}
    with atomic_path(path) as temporary:
        Image.fromarray(levels).save(temporary, format=kind, **options)


def resize(rgb: Picture, shape: tuple[int, int]) -> Picture:
    """Resample a picture to (height, width) without aliasing.

    Parameters
    ----------
    rgb : ndarray of float32, shape (y, x, 3)
        Values in 0..1.
    shape : (int, int)
        Wanted height and width.

    Returns
    -------
    ndarray of float32, shape (height, width, 3)
        Values in 0..1; the ringing of the Lanczos kernel is cut off.
    """
    height, width = shape
    if rgb.shape[:2] == (height, width):
        return rgb
    planes = [
        Image.fromarray(
            np.ascontiguousarray(rgb[:, :, channel], dtype=np.float32)
        ).resize((width, height), Image.Resampling.LANCZOS)
        for channel in range(3)
    ]
    stacked = np.stack([np.asarray(plane) for plane in planes], axis=2)
    return np.asarray(np.clip(stacked, 0, 1), dtype=np.float32)


def _to_unit(values: npt.NDArray[Any]) -> Picture:
    """Bring values of any real type to 0..1; missing values become NaN."""
    kind = values.dtype.kind
    if kind == "b":
        return values.astype(np.float32)
    if kind == "f":
        values = np.where(np.isfinite(values), values, np.nan)
        if np.isnan(values).all():
            raise PictureError("The picture holds no value that is a number.")
        top = float(np.nanmax(values))
        full = 1.0 if top <= _FLOAT_SLACK else _full_scale(top)
    elif values.dtype.itemsize <= 2:
        full = float(np.iinfo(values.dtype).max)
    else:
        full = _full_scale(float(values.max()))
    return np.asarray(np.clip(values / full, 0, 1), dtype=np.float32)


def _full_scale(top: float) -> float:
    """Guess the white of values up to `top`: 8 bits, 16 bits, or `top` itself."""
    return next((full for full in (255.0, 65535.0) if top <= full), top)


def _read_deep_tiff(path: Path, max_side: int | None) -> Picture | None:
    """Read a TIFF of more than 8 bits, which Pillow would cut; None for others."""
    with path.open("rb") as stream:
        if stream.read(4) not in _TIFF_MAGIC:
            return None
    import tifffile

    try:
        with tifffile.TiffFile(path) as tiff:
            page = tiff.pages.first
            if page.dtype is None or page.dtype.itemsize < 2:
                return None
            _check_memory(path, page.imagewidth, page.imagelength, max_side, 8)
            values = _upright(page.asarray(), page)
    except (tifffile.TiffFileError, ValueError, KeyError, RuntimeError):
        return None  # a codec of an optional package: Pillow may have it
    return _shrunk(as_picture(values), max_side)


def _upright(values: npt.NDArray[Any], page: Any) -> npt.NDArray[Any]:
    """Put the samples of a TIFF page last and undo its kind of ink and turn."""
    if str(page.axes).startswith("S"):
        values = np.moveaxis(values, 0, -1)
    if page.photometric.name == "MINISWHITE" and values.dtype.kind == "u":
        values = np.iinfo(values.dtype).max - values
    if page.photometric.name == "SEPARATED" and values.dtype.kind == "u":
        ink = values.astype(np.float32) / np.iinfo(values.dtype).max
        values = (1 - ink[:, :, :3]) * (1 - ink[:, :, 3:4])
    turn = page.tags.get("Orientation")
    return _turned(values, 1 if turn is None else int(turn.value))


def _turned(values: npt.NDArray[Any], orientation: int) -> npt.NDArray[Any]:
    """Apply the TIFF/EXIF orientation tag (1 to 8)."""
    if orientation in (3, 4, 6, 7):
        values = values[::-1]
    if orientation in (2, 3, 7, 8):
        values = values[:, ::-1]
    return values.swapaxes(0, 1) if orientation >= 5 else values


def _read_with_pillow(
    path: Path, max_side: int | None
) -> npt.NDArray[np.uint8] | Picture:
    with _any_size(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # corrupt EXIF and the like
        image = Image.open(path)
    with image:
        _check_memory(path, *image.size, max_side, 4)
        if max_side is not None:
            image.draft(None, (max_side, max_side))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image.load()
            ImageOps.exif_transpose(image, in_place=True)
        if image.mode.split(";")[0] in _DEEP_MODES:
            return _shrunk(as_picture(np.asarray(image)), max_side)
        return _levels(_thumbnail(_over_white(_in_srgb(image)), max_side))


def _levels(image: Image.Image) -> npt.NDArray[np.uint8]:
    """Copy plain RGB into an array, a few rows at a time to spare the memory."""
    levels = np.empty((image.height, image.width, 3), np.uint8)
    for top in range(0, image.height, _ROWS):
        bottom = min(top + _ROWS, image.height)
        levels[top:bottom] = np.asarray(image.crop((0, top, image.width, bottom)))
    return levels


@contextmanager
def _any_size() -> Iterator[None]:
    """Let Pillow open large pictures: `_check_memory` judges them by the machine."""
    with _SIZE_LIMIT:
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = limit


def _check_memory(
    path: Path, width: int, height: int, max_side: int | None, bytes_per_pixel: int
) -> None:
    """Refuse a picture before it is decoded if its pixels cannot fit."""
    import psutil

    if width < 1 or height < 1:
        raise PictureError(f"{path.name} has no pixels ({width} x {height}).")
    shrinks = max_side is not None and max(width, height) > max_side
    per_pixel = bytes_per_pixel * 2 if shrinks else bytes_per_pixel + 24
    needed, free = width * height * per_pixel, psutil.virtual_memory().available
    if needed > 0.8 * free:
        raise PictureError(
            f"{path.name} has {width} x {height} pixels and needs "
            f"{needed / 2**30:.1f} GiB of memory; {free / 2**30:.1f} GiB are free. "
            "Make the picture smaller first."
        )


def _in_srgb(image: Image.Image) -> Image.Image:
    """Convert RGB and CMYK by their embedded profile, unless that is sRGB."""
    profile = image.info.get("icc_profile")
    if not profile or image.mode not in ("RGB", "CMYK"):
        return image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "srgb" in ImageCms.getProfileDescription(source).lower():
            return image
        target = ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(image, source, target, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        return image  # a damaged profile is no reason to refuse the picture
    return image if converted is None else converted


def _over_white(image: Image.Image) -> Image.Image:
    """Return plain 8-bit RGB, with white where the picture is transparent."""
    if not image.has_transparency_data:
        return image if image.mode == "RGB" else image.convert("RGB")
    front = image.convert("RGBA")
    paper = Image.new("RGBA", front.size, "white")
    return Image.alpha_composite(paper, front).convert("RGB")


def _thumbnail(image: Image.Image, max_side: int | None) -> Image.Image:
    """Shrink an image in place of its pixels; never enlarge it."""
    if max_side is not None and max(image.size) > max_side:
        height, width = _fitting((image.height, image.width), max_side)
        lanczos = Image.Resampling.LANCZOS
        return image.resize((width, height), lanczos, reducing_gap=3.0)
    return image


def _shrunk(rgb: Picture, max_side: int | None) -> Picture:
    if max_side is None or max(rgb.shape[:2]) <= max_side:
        return rgb
    return resize(rgb, _fitting((rgb.shape[0], rgb.shape[1]), max_side))


def _fitting(shape: tuple[int, int], max_side: int) -> tuple[int, int]:
    """Scale (height, width) so that the longer side is `max_side`."""
    scale = max_side / max(shape)
    return max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))


def _one_line(text: str) -> str:
    return " ".join(text.split()).rstrip(".")
