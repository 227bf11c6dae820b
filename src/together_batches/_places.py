"""Where the line of each custom_id begins: a dict while there are few, a hash table of numbers for millions."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from typing import TypeVar

T = TypeVar("T")

# As many as the results of one job have at most. A dict takes a quarter of the time of the table, which is written in
# Python, and 15 MB for so many; of a million names it would take 200.
_FEW = 1 << 16
# An entry is one number of 64 bits: a place, counted from 1, above 24 bits of the hash of a name; 0 is a free slot.
_BITS = 24
_KEY = (1 << _BITS) - 1
# An entry that was taken has no place: it is nobody's, but what was put behind it is still found.
_TAKEN = 1
# Enough for the first of many, in a megabyte.
_SLOTS = 1 << 17
# A fuller table is slower: at 0.8 it took a third longer to add a name.
_LOAD = 0.6


class Places:
    """Places by name, each to be taken once: 14 bytes a name where there are many.

    Two names may have one key, so who asks must be able to look at the line at a place and see what its name is.
    `share` tells how much of all that will be added was added already, 0 to 1: the table grows to what is to come.
    """

    def __init__(self, share: Callable[[], float], few: int = _FEW, slots: int = _SLOTS) -> None:
        self._share = share
        self._few: dict[str, int] | None = {}
        self._most_few = few
        self._slots = array("Q")
        self._first_slots = slots
        # How far keys lie apart: a table may have more slots than there are keys.
        self._stride = 1
        self._used = 0
        self._room = int(slots * _LOAD)

    def add(self, name: str, place: int, named: Callable[[int, str], bool]) -> bool:
        """Notes a place, unless one is there already that is `named` the same."""
        if self._few is not None:
            if self._few.setdefault(name, place) != place:
                return False
            if len(self._few) > self._most_few:
                self._pack(self._few)
            return True
        slots = self._slots
        size = len(slots)
        key = hash(name) & _KEY
        slot = key * self._stride % size
        while entry := slots[slot]:
            if entry & _KEY == key and named((entry >> _BITS) - 1, name):
                return False
            slot = (slot + 1) % size
        slots[slot] = place + 1 << _BITS | key
        self._used += 1
        if self._used == self._room:
            self._grow()
        return True

    def take(self, name: str, read: Callable[[int, str], T | None]) -> T | None:
        """What `read` gives for the place of that name, which is there no longer; None when there is none."""
        if self._few is not None:
            place = self._few.pop(name, None)
            return None if place is None else read(place, name)
        slots = self._slots
        size = len(slots)
        key = hash(name) & _KEY
        slot = key * self._stride % size
        while entry := slots[slot]:
            if entry & _KEY == key and entry != _TAKEN and (found := read((entry >> _BITS) - 1, name)) is not None:
                slots[slot] = _TAKEN
                return found
            slot = (slot + 1) % size
        return None

    def left(self) -> Iterator[int]:
        """The places that nobody took, in order."""
        if self._few is not None:
            return iter(self._few.values())
        return iter(sorted((entry >> _BITS) - 1 for entry in self._slots if entry > _KEY))

    def _pack(self, few: dict[str, int]) -> None:
        """Goes over to the table: no two of these have one name, so no line needs to be looked at."""
        self._few = None
        self._slots = array("Q", [0]) * self._first_slots
        for name, place in few.items():
            self.add(name, place, _is_another)

    def _grow(self) -> None:
        expected = self._used * max(1.25, 1.05 / max(self._share(), 0.001))
        size = max(int(expected / _LOAD), len(self._slots) + 8)
        self._stride = max(1, size >> _BITS)
        slots = array("Q", [0]) * size
        for entry in self._slots:
            if entry:
                slot = (entry & _KEY) * self._stride % size
                while slots[slot]:
                    slot = (slot + 1) % size
                slots[slot] = entry
        self._slots = slots
        self._room = int(size * _LOAD)


def _is_another(place: int, name: str) -> bool:
    return False
