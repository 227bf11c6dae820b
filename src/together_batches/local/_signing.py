"""Presigned URLs: whoever has one may send bytes to one place, for an hour, without a key."""

from __future__ import annotations

import hashlib
import hmac
import time
from urllib.parse import urlencode

LIFETIME_SECONDS = 3600


class Signer:
    """Signs paths of the storage origin with the secret of the data folder."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def sign(self, path: str) -> str:
        """The path with the query that opens it."""
        expires = str(int(time.time()) + LIFETIME_SECONDS)
        return f"{path}?{urlencode({'expires': expires, 'signature': self._signature(path, expires)})}"

    def is_open(self, path: str, expires: str, signature: str) -> bool:
        """Whether the query is the one that was given out for this path, and not too old."""
        genuine = hmac.compare_digest(self._signature(path, expires).encode(), signature.encode())
        return genuine and time.time() < int(expires)

    def _signature(self, path: str, expires: str) -> str:
        return hmac.new(self._secret, f"PUT {path} {expires}".encode(), hashlib.sha256).hexdigest()
