"""TLS: the files of trusted certificates that settings name, and what clients make of them."""

import ssl
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, FilePath


def _holds_certificates(path: Path) -> Path:
    try:
        ssl.create_default_context(cafile=path)
    except ssl.SSLError as error:
        raise ValueError("the file holds no certificates in PEM form") from error
    return path


CaFile = Annotated[FilePath, AfterValidator(_holds_certificates)]
"""A setting that names a PEM file of the certificates to trust instead of the system's."""


def httpx_trust(ca: Path | None) -> dict[str, Any]:
    """The options of an httpx client that trusts the certificates in `ca`; none without a file."""
    return {"verify": ssl.create_default_context(cafile=ca)} if ca else {}


_NOT_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG", "HTTP_REQUEST")
"""What OpenSSL reports when a server answers in a protocol other than TLS, in its releases up to 3.5."""


def tls_failure(server: str, url: str, variable: str, reason: str) -> str | None:
    """The error text when a certificate is not trusted, or the server does not speak TLS; None for another failure.

    `server` is the server's name for people, `variable` that of its settings without the ending `_URL` or `_CA`.
    `reason` is the client's message: httpx and elastic_transport report it in no other form."""
    if "CERTIFICATE_VERIFY_FAILED" in reason:
        return (
            f"The certificate of {server} at {url} is not trusted: {reason}. Set {variable}_CA to the file of the"
            " authority that signed it."
        )
    if any(mark in reason.upper().replace(" ", "_") for mark in _NOT_TLS):
        return f"{server} at {url} does not speak TLS. Write http:// in {variable}_URL, or name the port that does."
    return None
