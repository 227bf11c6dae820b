"""The trust in certificates: loaded once a process, when it is first needed, since that takes 20 ms."""

from __future__ import annotations

from functools import cache

from .._errors import ConfigurationError

TYPE_CHECKING = False

if TYPE_CHECKING:
    import ssl


@cache
def context(cert_file: str | None = None, cert_dir: str | None = None) -> ssl.SSLContext:
    """Settings for TLS with the authorities of a file, else of a folder, else of certifi: the choice of httpx.

    The arguments are what SSL_CERT_FILE and SSL_CERT_DIR say.
    Raises ConfigurationError where what they name cannot be used.
    """
    # Another 15 ms, which a plain address does not need either.
    import ssl

    import certifi

    try:
        if cert_file or not cert_dir:
            made = ssl.create_default_context(cafile=cert_file or certifi.where())
        else:
            made = ssl.create_default_context(capath=cert_dir)
    except (OSError, ValueError) as error:
        raise setup_error(error) from error
    made.set_alpn_protocols(["http/1.1"])
    return made


def setup_error(error: Exception) -> ConfigurationError:
    """The error for what the environment says about connections, and cannot be used."""
    return ConfigurationError(
        f"cannot set up HTTP: {error}; look at SSL_CERT_FILE, SSL_CERT_DIR, HTTP_PROXY, HTTPS_PROXY and ALL_PROXY"
    )
