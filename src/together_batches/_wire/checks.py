"""What may stand in a request: ids, and the addresses that the service names."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

from .._errors import APIResponseValidationError, InvalidArgumentError


def checked_id(id: str) -> str:
    """`id`, when it can stand in a path; the generated client percent-encodes what has to be."""
    if not isinstance(id, str) or id in {"", ".", ".."} or not is_text(id):
        raise InvalidArgumentError(f"{id!r} is not an id: give the id of a job or file as the service named it")
    return id


def checked_url(location: str, base: str, doing: str) -> str:
    """The address that the service names, from `base`, when bytes may be sent there or fetched from there.

    Refused are other schemes than http and https, a step down from https, a user name, and odd characters.
    """
    try:
        # Joined only where it has no scheme: "http:///x" would become a path at the host of `base`.
        url = location if urlsplit(location).scheme else urljoin(base, location)
        parts = urlsplit(url)
        usable = (
            bool(location and parts.hostname) and parts.port != 0 and parts.username is None and parts.password is None
        )
        safe = parts.scheme == "https" or (parts.scheme == "http" and urlsplit(base).scheme == "http")
        if usable and safe and url.isascii() and url.isprintable() and " " not in url:
            return url
    except ValueError:
        pass
    raise APIResponseValidationError(f"{doing}: the service points to an unusable address; try again later")


def is_text(text: str) -> bool:
    """Whether `text` can be sent: half a surrogate pair cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
