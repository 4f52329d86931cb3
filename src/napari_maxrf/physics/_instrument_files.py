"""Instruments on disk: those of the package, the user's own, and any other file.

A user's own lie in one folder and are known by the name of their file. A name of the
package cannot be taken: which of the two was meant could not be told afterwards, so
that asking for it is an error until the file has another name.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from napari_maxrf._files import write_text
from napari_maxrf._folders import config_folder
from napari_maxrf.errors import MaxrfError, did_you_mean
from napari_maxrf.physics._instrument import Instrument

if TYPE_CHECKING:
    import os

_FOLDER = files("napari_maxrf.physics") / "data" / "instruments"
_SUFFIX = ".toml"
_NAME = re.compile(r"[\w][\w .+-]{0,99}")


def packaged_instrument_names() -> tuple[str, ...]:
    """Return the names of the instruments that come with the package."""
    names = (entry.name for entry in _FOLDER.iterdir())
    return tuple(sorted(n.removesuffix(_SUFFIX) for n in names if n.endswith(_SUFFIX)))


def user_instrument_folder() -> Path:
    """Return the folder of the user's own instruments; it need not exist."""
    return config_folder() / "instruments"


def user_instrument_files() -> dict[str, Path]:
    """List the user's own instruments by name, whether or not they can be read.

    Returns
    -------
    dict
        From the name, which is that of the file, to the file. Empty if there is no
        such folder.
    """
    try:
        paths = sorted(user_instrument_folder().iterdir())
    except OSError:
        return {}
    return {p.stem: p for p in paths if p.suffix.lower() == _SUFFIX and p.is_file()}


def instrument_names() -> tuple[str, ...]:
    """Return the names of the instruments of the package and of the user's own.

    Examples
    --------
    >>> "m6_jetstream" in instrument_names()
    True
    """
    return tuple(sorted({*packaged_instrument_names(), *user_instrument_files()}))


def load_instrument(name: str | os.PathLike[str]) -> Instrument:
    """Load an instrument by name, or from a TOML file.

    Parameters
    ----------
    name : str or path-like
        One of `instrument_names`, or the path of a file that ends in ``.toml``.

    Raises
    ------
    MaxrfError
        There is no such instrument, a file of the user's own has the name of one of
        the package, or the file does not describe an instrument.

    Examples
    --------
    >>> load_instrument("chnet_mo").anode
    'Mo'
    """
    text = str(name)
    if text.lower().endswith(_SUFFIX):
        return _from_file(Path(text))
    own = _own_file(text)
    if text in packaged_instrument_names():
        if own:
            raise MaxrfError(
                f"{text!r} is an instrument of the package, and {own} has the same "
                "name. Give that file another name."
            )
        return _packaged(text)
    if own is None:
        known = instrument_names()
        raise MaxrfError(
            f"There is no instrument {text!r}{did_you_mean(text, known)} Known: "
            f"{', '.join(known)}, or the path of a .toml file."
        )
    return _from_file(own)


def _own_file(name: str) -> Path | None:
    """Find a file of the user's own; case counts for nothing, as on most disks."""
    files_by_name = user_instrument_files()
    by_lower = {key.lower(): path for key, path in files_by_name.items()}
    return files_by_name.get(name) or by_lower.get(name.lower())


@lru_cache(maxsize=64)
def _packaged(name: str) -> Instrument:
    return Instrument.from_toml(str(_FOLDER / f"{name}{_SUFFIX}"))


def _from_file(path: Path) -> Instrument:
    """Read a file; an instrument without a name is called as its file."""
    instrument = Instrument.from_toml(path)
    if "name" in instrument.model_fields_set:
        return instrument
    return instrument.model_copy(update={"name": path.stem})


def save_instrument(
    instrument: Instrument, path: str | os.PathLike[str] | None = None
) -> Path:
    """Write an instrument, to a file or among the user's own.

    Parameters
    ----------
    instrument : Instrument
        Written with all of its values, so that the file keeps its meaning when
        defaults change.
    path : path-like, optional
        A file that ends in ``.toml``; by default one in the user's folder, under the
        instrument's name.

    Returns
    -------
    Path
        Where it was written.

    Raises
    ------
    MaxrfError
        The file cannot be written or has another ending; or, without a path, the name
        is no name for a file, belongs to the package, or is taken.
    """
    target = _own_place(instrument.name) if path is None else Path(path)
    if target.suffix.lower() != _SUFFIX:
        raise MaxrfError(f"{target} must end in .toml to be found as an instrument.")
    write_text(target, instrument.to_toml())
    return target


def _own_place(name: str) -> Path:
    """Return the file for a new instrument of the user's own."""
    if not _NAME.fullmatch(name) or name.lower().endswith(_SUFFIX):
        raise MaxrfError(
            f"{name!r} is no name for an instrument; use letters, digits, - and _."
        )
    if name.lower() in packaged_instrument_names():
        raise MaxrfError(f"{name!r} is an instrument of the package; choose another.")
    taken = _own_file(name)
    if taken:
        raise MaxrfError(f"{taken} exists; choose another name, or remove the file.")
    return user_instrument_folder() / f"{name}{_SUFFIX}"
