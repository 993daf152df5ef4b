"""The token that the worker's endpoint requires of whoever wants to change something, and where it is stored."""

import errno
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import httpx
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from connections.private_files import restrict_file, write_private_file
from connections.settings import LOCAL_FOLDER, PREFIX, LocalPath, setting_faults

TOKEN_FILE = "worker.token"
"""In the worker's store folder."""
TOKEN_BYTES = 32

TokenSource = Callable[[], str]
"""The current token; empty when there is none. It is called for each request, because the worker may not have started
yet."""


class WorkerSettingsError(Exception):
    """Settings of the worker are wrong, those of the token included."""

    exit_code = 2


class WorkerTokenSettings(BaseSettings):
    """Which token a program uses. Without a setting there is none."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    worker_token: SecretStr | None = Field(
        None,
        min_length=16,
        description="Token of the worker's endpoint, instead of the one in a file.",
    )
    worker_token_file: Path | None = Field(
        None,
        description="File with the token of the worker's endpoint. The worker and the commands use worker.token in"
        " ROWTIDE_WORKER_STORE by default, and the worker creates it; the search API uses none.",
    )

    @property
    def token_file(self) -> Path | None:
        """The file of the token."""
        return self.worker_token_file

    def token(self) -> str:
        """The token; empty when there is none, or this user cannot read it."""
        if self.worker_token is not None:
            return self.worker_token.get_secret_value()
        return "" if self.token_file is None else _read(self.token_file)


class WorkerStoreSettings(WorkerTokenSettings):
    """Where the worker's files are."""

    worker_store: LocalPath = Field(
        LOCAL_FOLDER / "worker", validate_default=True, description="Folder of the row stores, one file per pipeline."
    )

    @classmethod
    def read(cls, **options: object) -> Self:
        """Read the environment; `options` that are not None take its place.

        Raises WorkerSettingsError with every invalid setting, one on each line.
        """
        values: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
        try:
            return cls(**values)
        except ValidationError as error:
            raise WorkerSettingsError("\n  ".join(["These settings are wrong:", *setting_faults(error)])) from None

    @property
    def token_file(self) -> Path:
        """The file of the token: the one that is set, or the worker's own."""
        return self.worker_token_file or self.worker_store / TOKEN_FILE

    def create_token(self) -> str:
        """For the worker's start: the token, created if there is none. Raises OSError."""
        if self.worker_token is None:
            _create(self.token_file)
        if token := self.token():
            return token
        raise PermissionError(errno.EACCES, "the file contains no token that this user can read")


def no_token() -> str:
    """For a client that only reads."""
    return ""


def signing(token: TokenSource) -> Callable[[httpx.Request], httpx.Request]:
    """The `auth` of an httpx client that sends the token, if there is one."""

    def sign(request: httpx.Request) -> httpx.Request:
        if text := token():
            request.headers["Authorization"] = f"Bearer {text}"
        return request

    return sign


def _create(file: Path) -> None:
    """Create the file with a new token, or restrict an existing one. Of two workers that start with one folder, both
    get the token of the first."""
    new = file.with_name(f"{file.name}.{secrets.token_hex(8)}.partial")
    if not file.exists():
        write_private_file(new, secrets.token_urlsafe(TOKEN_BYTES) + "\n")
        with suppress(FileExistsError):
            os.link(new, file)
        new.unlink()
    restrict_file(file)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError:
        return ""
