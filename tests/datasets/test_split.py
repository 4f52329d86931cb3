from __future__ import annotations

from collections import Counter, defaultdict

from hypothesis import given
from hypothesis import strategies as st

from napari_maxrf.datasets._split import SHARES, split_groups

GROUPS = st.lists(st.integers(0, 30).map(str), min_size=1, max_size=200)


@given(GROUPS)
def test_no_group_is_in_two_parts(groups):
    parts = defaultdict(set)
    for group, part in zip(groups, split_groups(groups), strict=True):
        parts[group].add(part)
    assert all(len(found) == 1 for found in parts.values())


@given(GROUPS, st.randoms())
def test_order_of_the_pictures_does_not_matter(groups, random):
    before = dict(zip(groups, split_groups(groups), strict=True))
    shuffled = list(groups)
    random.shuffle(shuffled)
    assert dict(zip(shuffled, split_groups(shuffled), strict=True)) == before


@given(GROUPS)
def test_parts_miss_their_shares_by_less_than_the_largest_group(groups):
    parts = Counter(split_groups(groups))
    largest = max(Counter(groups).values())
    for part, share in SHARES.items():
        assert abs(parts[part] - share * len(groups)) <= largest


def test_single_pictures_are_shared_out_exactly():
    parts = Counter(split_groups([str(number) for number in range(1000)]))
    assert parts == {"train": 700, "validation": 200, "test": 100}


def test_another_seed_gives_another_split():
    names = [str(number) for number in range(50)]
    assert split_groups(names, 1) != split_groups(names, 2)
    assert split_groups(names, 1) == split_groups(names, 1)
