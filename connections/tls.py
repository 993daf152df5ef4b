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


def is_untrusted_certificate(error: Exception) -> bool:
    """Whether a connection failed because the server's certificate is not trusted, as httpx and elastic_transport
    report it."""
    return "CERTIFICATE_VERIFY_FAILED" in str(error)
