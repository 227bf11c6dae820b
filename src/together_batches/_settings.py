"""What a call runs under: settled once in the constructor, changed by a call's own options."""

from __future__ import annotations

from attrs import evolve, field, frozen

from ._errors import InvalidArgumentError
from ._retry import Policy


@frozen
class Settings:
    """`timeout` is in seconds of silence; `key` is here so that it can be kept out of what the service says back."""

    base_url: str
    key: str = field(repr=False)
    key_source: str
    timeout: float
    policy: Policy = field(factory=Policy)

    def but(self, timeout: float | None, max_retries: int | None) -> Settings:
        """These settings with the options of one call, where given. Raises InvalidArgumentError."""
        if timeout is None and max_retries is None:
            return self
        return evolve(
            self,
            timeout=self.timeout if timeout is None else positive_timeout(timeout),
            policy=self.policy if max_retries is None else Policy(max_retries=whole_retries(max_retries)),
        )


def positive_timeout(timeout: float) -> float:
    """`timeout`, when it is one."""
    if not (isinstance(timeout, (int, float)) and 0 < timeout < float("inf")):
        raise InvalidArgumentError(f"timeout={timeout!r}: give a number of seconds above 0")
    return float(timeout)


def whole_retries(max_retries: int) -> int:
    """`max_retries`, when it is a count."""
    if not isinstance(max_retries, int) or isinstance(max_retries, bool) or max_retries < 0:
        raise InvalidArgumentError(f"max_retries={max_retries!r}: give 0 or a whole number above it")
    return max_retries
