"""The constructors of faults, under one name: `Fault.reset_after_processing()`, `Fault.status(503)`."""

from __future__ import annotations

from faults.answers import HTML, XML, Answers, error_body
from faults.endings import GARBAGE, Endings
from faults.fault import End, FaultValue


class Fault(Endings, Answers):
    """Makes faults, a line of a table each; `fault` tells what they are made of."""


__all__ = ["GARBAGE", "HTML", "XML", "End", "Fault", "FaultValue", "error_body"]
