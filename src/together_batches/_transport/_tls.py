"""The trust in certificates: loaded once a process, when it is first needed, since that takes 20 ms."""

from __future__ import annotations

import ssl
from functools import cache

import httpx

from .._errors import ConfigurationError


@cache
def context() -> ssl.SSLContext:
    """Settings for TLS, with the authorities of SSL_CERT_FILE and SSL_CERT_DIR or else those of certifi.

    Raises ConfigurationError where what these variables name cannot be used.
    """
    try:
        made = httpx.create_ssl_context()
        made.set_alpn_protocols(["http/1.1"])
        return made
    except (OSError, ValueError) as error:
        raise setup_error(error) from error


def setup_error(error: Exception) -> ConfigurationError:
    """The error for what the environment says about connections, and cannot be used."""
    return ConfigurationError(
        f"cannot set up HTTP: {error}; look at SSL_CERT_FILE, SSL_CERT_DIR, HTTP_PROXY, HTTPS_PROXY and ALL_PROXY"
    )
