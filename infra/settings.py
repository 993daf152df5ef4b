"""The settings of a stack: what runs, where its data is, which ports it uses."""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from connections.settings import LOCAL_FOLDER, PREFIX, LocalPath, setting_faults
from infra.errors import WrongSettings

Service = Literal["postgres", "kafka", "connect", "elasticsearch"]
SERVICES: tuple[Service, ...] = ("postgres", "kafka", "connect", "elasticsearch")
PORTS_OF: dict[Service, tuple[str, ...]] = {
    "postgres": ("postgres",),
    "kafka": ("kafka", "controller"),
    "connect": ("connect",),
    "elasticsearch": ("elasticsearch", "transport"),
}
"""The names of the ports on which a service listens."""
PORTS = tuple(name for names in PORTS_OF.values() for name in names)


class StackSettings(BaseSettings):
    """Read from ROWTIDE_ variables, or given by name. Heap sizes are in MiB."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    stack: str = Field("default", pattern=r"^[a-z0-9][a-z0-9_-]*$", description="Name of this set of servers.")
    home: LocalPath = Field(
        LOCAL_FOLDER, validate_default=True, description="Folder of the unpacked servers and the stacks' data."
    )
    cache: Path | None = Field(None, description="Folder of the unpacked servers; by default <home>/cache.")
    data: Path | None = Field(None, description="Folder of this stack's data; by default <home>/stacks/<stack>.")
    run_as: str = Field("nobody", description="User that the servers run as if root starts them.")
    profile: Literal["dev", "test", "bench"] = Field(
        "dev",
        description="dev starts quickly, test trades durability for speed, bench runs fast.",
    )
    stack_password: SecretStr | None = Field(
        None, description="Password of postgres and elastic; by default one is generated per stack."
    )
    postgres_port: int = Field(15432, gt=0, lt=65536, description="Port of PostgreSQL.")
    kafka_port: int = Field(19092, gt=0, lt=65536, description="Port of Kafka.")
    controller_port: int = Field(19093, gt=0, lt=65536, description="Port of Kafka's controller.")
    connect_port: int = Field(18083, gt=0, lt=65536, description="Port of Kafka Connect.")
    elasticsearch_port: int = Field(19200, gt=0, lt=65536, description="Port of Elasticsearch.")
    transport_port: int = Field(19300, gt=0, lt=65536, description="Port of Elasticsearch's own protocol.")
    kafka_heap: int = Field(256, ge=64, description="Heap of Kafka (MiB).")
    connect_heap: int = Field(512, ge=128, description="Heap of Kafka Connect (MiB).")
    elasticsearch_heap: int = Field(768, ge=256, description="Heap of Elasticsearch (MiB).")
    start_timeout: float = Field(300.0, gt=0, description="Time that a service may take to become ready (s).")

    @property
    def cache_directory(self) -> Path:
        """The folder of the unpacked servers, absolute."""
        return (self.cache or self.home / "cache").absolute()

    @property
    def data_directory(self) -> Path:
        """The folder of everything that belongs to this stack, absolute."""
        return (self.data or self.home / "stacks" / self.stack).absolute()

    def port(self, name: str) -> int:
        """The port called `name`, one of PORTS."""
        number: int = getattr(self, f"{name}_port")
        return number


def read_settings(**overrides: Any) -> StackSettings:
    """Read the settings. Raises WrongSettings with all errors."""
    try:
        return StackSettings(**overrides)
    except ValidationError as error:
        raise WrongSettings("\n  ".join(["These settings are wrong:", *setting_faults(error)])) from None
