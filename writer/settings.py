"""Settings of the order application, read once in the composition root."""

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from writer.errors import WriterError


class SettingsError(WriterError):
    """One or more settings are missing or wrong; the message lists them all."""


class Settings(BaseSettings):
    """From the environment: ROWTIDE_WRITER_DSN, ROWTIDE_WRITER_CONNECTIONS, ROWTIDE_WRITER_TIMEOUT_S."""

    model_config = SettingsConfigDict(env_prefix="ROWTIDE_WRITER_", frozen=True)

    dsn: str = Field(
        default=..., min_length=1, description="PostgreSQL DSN of the application's own database and role."
    )
    connections: int = Field(default=4, ge=1, le=100, description="Connections in the pool.")
    timeout_s: float = Field(default=10.0, gt=0, description="Time to wait for a connection (s).")

    @field_validator("dsn")
    @classmethod
    def _is_a_dsn(cls, dsn: str) -> str:
        try:
            conninfo_to_dict(dsn)
        except ProgrammingError:
            # libpq's message quotes the DSN, and with it perhaps a password.
            raise ValueError("not a PostgreSQL DSN") from None
        return dsn


def read_settings() -> Settings:
    """Reads the environment. Raises SettingsError with all errors, without values."""
    try:
        return Settings()
    except ValidationError as error:
        faults = [f"ROWTIDE_WRITER_{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors()]
    raise SettingsError(
        "These settings are wrong:\n  " + "\n  ".join(faults) + "\nSet these environment variables, for "
        "example ROWTIDE_WRITER_DSN=postgresql://shop@localhost:5432/shop."
    )
