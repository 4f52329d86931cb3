"""Names in an HDF5 file, followed only as long as they stay in that very file.

The library follows links into other files, in any folder, by itself. Here a name is
looked up step by step, and a step that leaves the file ends the search.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import h5py

from napari_maxrf.io._held import are_numbers

_DEEPEST, _MOST_GROUPS, _MOST_LINKS = 16, 10_000, 10_000


def own_group(parent: h5py.Group, name: str) -> h5py.Group | None:
    """Return a group of this very file; None if there is none."""
    found = _own(parent, name, 0)
    return found if isinstance(found, h5py.Group) else None


def own_item(parent: h5py.Group, name: str) -> h5py.Dataset | None:
    """Return a dataset of this very file; None if there is none."""
    found = _own(parent, name, 0)
    return found if isinstance(found, h5py.Dataset) else None


def solid(parent: h5py.Group, name: str) -> h5py.Dataset | None:
    """Return a 3-D dataset of numbers of this very file; None if there is none."""
    found = own_item(parent, name)
    return found if found is not None and is_solid(found) else None


def is_solid(dataset: h5py.Dataset) -> bool:
    """Tell whether a dataset has three axes, none empty, and holds numbers."""
    return dataset.ndim == 3 and 0 not in dataset.shape and are_numbers(dataset)


def _own(
    parent: h5py.Group, name: str, n_links: int
) -> h5py.Group | h5py.Dataset | None:
    """Follow hard and soft links, of which a loop could have no end."""
    place = parent.file if name.startswith("/") else parent
    for step in filter(None, name.split("/")):
        if not isinstance(place, h5py.Group):
            return None
        link = place.get(step, getlink=True)
        if isinstance(link, h5py.SoftLink) and n_links < _DEEPEST:
            place = _own(place, link.path, n_links + 1)
        elif isinstance(link, h5py.HardLink):
            place = place[step]
        else:
            return None
    return place


@dataclass
class Contents:
    """All groups and 3-D datasets of numbers of a file, each once.

    Attributes
    ----------
    groups : list of h5py.Group
        Those nearest to the root first.
    solids : list of h5py.Dataset
        In the order of the groups.
    elsewhere : list of (str, str)
        Names that lead to other files, and these files.
    """

    groups: list[h5py.Group] = field(default_factory=list)
    solids: list[h5py.Dataset] = field(default_factory=list)
    elsewhere: list[tuple[str, str]] = field(default_factory=list)


def contents_of(file: h5py.File) -> Contents:
    """Walk through a file, level by level, to the first 10 000 names."""
    root = file["/"]
    found, waiting = Contents(), deque([(root, 0)])
    seen, n_links = {_address(root.id)}, 0
    while waiting and len(found.groups) < _MOST_GROUPS and n_links < _MOST_LINKS:
        group, depth = waiting.popleft()
        found.groups.append(group)
        for name in group.id:
            n_links += 1
            kind = _kind(group, name, seen, found)
            if kind == h5py.h5o.TYPE_GROUP and depth < _DEEPEST:
                waiting.append((group[name], depth + 1))
            elif kind == h5py.h5o.TYPE_DATASET and _rank(group, name) == 3:
                found.solids.extend(filter(is_solid, [group[name]]))
    return found


def _kind(
    group: h5py.Group, name: bytes, seen: set[tuple[int, int]], found: Contents
) -> int | None:
    """Return what a name stands for in this file; None if it was there before."""
    link = group.id.links.get_info(name).type
    if link == h5py.h5l.TYPE_EXTERNAL:
        where = f"{group.name.rstrip('/')}/{name.decode('utf-8', 'replace')}"
        found.elsewhere.append((where, group.get(name, getlink=True).filename))
    address = _address(group.id, name) if link == h5py.h5l.TYPE_HARD else None
    if address is None or address in seen:
        return None
    seen.add(address)
    return int(h5py.h5o.get_info(group.id, name).type)


def _address(place: h5py.h5g.GroupID, *name: bytes) -> tuple[int, int]:
    facts = h5py.h5o.get_info(place, *name)
    return facts.fileno, facts.addr


def _rank(group: h5py.Group, name: bytes) -> int:
    """Count the axes of a dataset, which is quicker than to ask it itself."""
    space = h5py.h5o.open(group.id, name).get_space()
    return int(space.get_simple_extent_ndims())
