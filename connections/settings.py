"""What the settings of all programs have in common: the prefix of the variables, checked URLs, the folder of default
files, one wording of faults."""

import os
from pathlib import Path
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


LOCAL_FOLDER = Path(".rowtide")
"""Everything that Rowtide stores on this machine is in it by default; it is found like git finds a repository."""


def local_folder() -> Path:
    """`.rowtide` in the current folder or, if it has none, in the nearest folder above it that has one of this user's.

    If there is none at all, the one in the current folder, as a relative path. Another user's is not trusted: it contains
    programs, and secrets are written to it."""
    if LOCAL_FOLDER.exists():
        return LOCAL_FOLDER
    above = (folder / LOCAL_FOLDER for folder in Path.cwd().parents)
    return next((folder for folder in above if _is_own(folder)), LOCAL_FOLDER)


def _is_own(folder: Path) -> bool:
    try:
        return folder.is_dir() and folder.stat().st_uid == os.geteuid()
    except OSError:
        return False


def in_local_folder(path: Path) -> Path:
    """A path that begins with `.rowtide`, in the `local_folder`; any other path as it is."""
    inside = path.parts[:1] == LOCAL_FOLDER.parts
    return local_folder() / path.relative_to(LOCAL_FOLDER) if inside else path


LocalPath = Annotated[Path, AfterValidator(in_local_folder)]
"""The type of a setting whose default is in `.rowtide`. Pydantic validates the default only with `validate_default`."""
