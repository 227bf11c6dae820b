"""How the models read what the contract did not foresee: values added to an enumeration, moments in odd forms."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from enum import StrEnum
from typing import Self

# Longer than any written moment; what is longer is not worth the parser's effort.
_LONGEST = 64


class OpenEnum(StrEnum):
    """An enumeration that also takes texts it does not list, each as a member of that value and name."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        member = str.__new__(cls, value)
        member._name_ = member._value_ = str(value)
        return member

    def __reduce_ex__(self, protocol: object) -> tuple[type[Self], tuple[str]]:
        # Python 3.11 began by travelling by name, which finds no member that is not listed.
        return self.__class__, (self._value_,)


def parse_datetime(value: object) -> datetime:
    """The aware moment that `value` names; without a zone it is in UTC.

    Raises TypeError when it is no text, and ValueError when it is a text that names no moment.
    """
    if not isinstance(value, str):
        raise TypeError("a moment is a text")
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        moment = _parse_odd(value)
    return moment if moment.utcoffset() is not None else moment.replace(tzinfo=UTC)


def _parse_odd(value: str) -> datetime:
    # Not imported above: it takes longer than all models, and few replies need it.
    from dateutil import parser

    if len(value) > _LONGEST:
        raise ValueError("too long for a moment")
    # The parser takes what is missing from a default: from two that share nothing it shows whether the date was whole.
    defaults = datetime(2000, 1, 1), datetime(2001, 2, 2)
    try:
        first, second = (parser.parse(value, default=default, tzinfos=_zone) for default in defaults)
    except Exception as error:  # on some texts it fails by other errors than its own
        raise ValueError("not a moment") from error
    if first != second:
        raise ValueError("a moment without a whole date")
    return first


def _zone(name: str | None, offset: int | None) -> tzinfo:
    if offset is not None:
        return timezone(timedelta(seconds=offset))
    if name is not None:
        # A name alone means other zones in other countries, and the machine's own would be taken for it.
        raise ValueError("a zone without an offset")
    return UTC
