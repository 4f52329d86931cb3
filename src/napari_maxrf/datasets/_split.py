"""Share pictures out for training, judging and testing, 70 : 20 : 10 percent.

All pictures of an artist stay together: otherwise a model would be judged by
paintings of a hand that it has learnt.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

SHARES = {"train": 0.7, "validation": 0.2, "test": 0.1}


def split_groups(groups: Sequence[str], seed: int = 0) -> list[str]:
    """Give every picture its part of the data set.

    The largest groups are placed first, equal ones in the order of their hashes,
    each where most is missing. The order of `groups` does not matter.

    Parameters
    ----------
    groups : sequence of str
        Of each picture, what it must not be separated from: artist, or itself.
    seed : int
        Another seed gives another split.

    Returns
    -------
    list of str
        ``"train"``, ``"validation"`` or ``"test"`` for each picture.

    Examples
    --------
    >>> parts = split_groups([str(number) for number in range(10)])
    >>> [parts.count(part) for part in SHARES]
    [7, 2, 1]
    """
    sizes = Counter(groups)
    missing = {part: share * len(groups) for part, share in SHARES.items()}
    part_of: dict[str, str] = {}
    for group in sorted(sizes, key=lambda name: (-sizes[name], _rank(name, seed))):
        # A tie goes to the smaller part, or it would never get any of a few.
        part = max(reversed(SHARES), key=lambda name: round(missing[name], 9))
        part_of[group] = part
        missing[part] -= sizes[group]
    return [part_of[group] for group in groups]


def _rank(group: str, seed: int) -> str:
    return hashlib.sha256(f"{seed}\n{group}".encode()).hexdigest()
