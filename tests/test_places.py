"""Places by name, without the names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from together_batches import _places
from together_batches._places import Places


class Lines:
    """Names at places, as a file would tell them."""

    def __init__(self) -> None:
        self.names: dict[int, str] = {}
        self.looks = 0

    def named(self, place: int, name: str) -> bool:
        self.looks += 1
        return self.names[place] == name

    def read(self, place: int, name: str) -> int | None:
        return place if self.names[place] == name else None


@given(
    st.lists(st.text(max_size=3), max_size=60),
    st.lists(st.text(max_size=3), max_size=60),
    st.sampled_from([1, 2, 24]),
    st.floats(0, 1),
    st.sampled_from([0, 1, 5, 1000]),
)
def test_each_name_is_found_once_at_its_first_place(
    added: list[str], asked: list[str], bits: int, share: float, few: int
) -> None:
    """As a dict would have it, though many names share a key, and however wrong the guess of what is to come."""
    lines, expected = Lines(), dict[str, int]()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_places, "_KEY", (1 << bits) - 1)
        patch.setattr(_places, "_BITS", bits)
        places = Places(lambda: share, few, slots=4)
        for place, name in enumerate(added):
            lines.names[place] = name
            assert (name not in expected) == places.add(name, place, lines.named)
            expected.setdefault(name, place)
        for name in asked:
            assert expected.pop(name, None) == places.take(name, lines.read)
        assert sorted(expected.values()) == list(places.left())


def test_few_lines_are_looked_at() -> None:
    """In the table: among 100,000 names hardly any is like another; the table holds less than 16 bytes for each."""
    lines = Lines()
    places = Places(lambda: min(1.0, len(lines.names) / 100_000), few=0)
    for place in range(100_000):
        lines.names[place] = f"request-{place}"
        assert places.add(f"request-{place}", place, lambda place, name: lines.named(place, name))
    assert lines.looks < 2_000
    assert len(places._slots) * 8 < 16 * 100_000


def test_a_place_may_be_far_in_a_large_file() -> None:
    """Up to a terabyte; beyond, it is an error and not another place."""
    places = Places(lambda: 0.5, few=0)
    assert places.add("a", 2**40 - 2, lambda place, name: True)
    assert [2**40 - 2] == list(places.left())
    with pytest.raises(OverflowError):
        places.add("b", 2**40, lambda place, name: False)
