"""What the settings of all programs have in common: the prefix of the variables, checked URLs, one wording of
faults."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, ValidationError

PREFIX = "ROWTIDE_"
_URL_FORM = "write http://host:port or https://host:port"


def _http_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(_URL_FORM)
    return url.rstrip("/")


def _with_port(url: str) -> str:
    try:
        port = urlsplit(url).port
    except ValueError:
        port = None
    if not port:
        raise ValueError(_URL_FORM)
    return url


HttpUrl = Annotated[str, AfterValidator(_http_url)]
"""An http or https URL, without a slash at its end."""
HttpUrlWithPort = Annotated[HttpUrl, AfterValidator(_with_port)]


def variable(name: str) -> str:
    """The environment variable of a settings field."""
    return f"{PREFIX}{name.upper()}"


def setting_faults(error: ValidationError) -> list[str]:
    """One line for each wrong setting: its variable and what is wrong with it, never its value."""
    faults = error.errors(include_input=False)
    return [f"{_variable_at(fault['loc'])}{fault['msg']}" for fault in faults]


def _variable_at(location: tuple[int | str, ...]) -> str:
    return f"{variable('_'.join(map(str, location)))}: " if location else ""
