"""The settings of a stack: what runs, where its data lives, which ports it takes."""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from infra.errors import WrongSettings

Service = Literal["postgres", "kafka", "connect", "elasticsearch"]
SERVICES: tuple[Service, ...] = ("postgres", "kafka", "connect", "elasticsearch")
PORTS = (*SERVICES, "controller", "transport")


class StackSettings(BaseSettings):
    """Read from ROWTIDE_ variables, or given by name. Sizes of heaps are in MiB."""

    model_config = SettingsConfigDict(env_prefix="ROWTIDE_", frozen=True, extra="ignore")

    stack: str = Field("default", pattern=r"^[a-z0-9][a-z0-9_-]*$", description="name of this set of servers")
    home: Path = Field(Path(".rowtide"), description="where servers are unpacked and stacks keep their data")
    cache: Path | None = Field(None, description="where servers are unpacked; by default <home>/cache")
    data: Path | None = Field(None, description="data of this stack; by default <home>/stacks/<stack>")
    run_as: str = Field("nobody", description="the user that servers run as when root starts them")
    profile: Literal["dev", "test", "bench"] = Field("dev", description="how much is traded for a quick start")
    stack_password: SecretStr | None = Field(
        None, description="of postgres and elastic; by default one is made for each stack"
    )
    postgres_port: int = Field(15432, gt=0, lt=65536, description="port of PostgreSQL")
    kafka_port: int = Field(19092, gt=0, lt=65536, description="port of Kafka")
    controller_port: int = Field(19093, gt=0, lt=65536, description="port of Kafka's controller")
    connect_port: int = Field(18083, gt=0, lt=65536, description="port of Kafka Connect")
    elasticsearch_port: int = Field(19200, gt=0, lt=65536, description="port of Elasticsearch")
    transport_port: int = Field(19300, gt=0, lt=65536, description="port of Elasticsearch's own protocol")
    kafka_heap: int = Field(256, ge=64, description="MiB of heap for Kafka")
    connect_heap: int = Field(512, ge=128, description="MiB of heap for Kafka Connect")
    elasticsearch_heap: int = Field(768, ge=256, description="MiB of heap for Elasticsearch")
    start_timeout: float = Field(300.0, gt=0, description="seconds a service may take until it is ready")

    @property
    def cache_directory(self) -> Path:
        """Where the servers are unpacked, absolute."""
        return (self.cache or self.home / "cache").absolute()

    @property
    def data_directory(self) -> Path:
        """Where this stack keeps everything of its own, absolute."""
        return (self.data or self.home / "stacks" / self.stack).absolute()

    def port(self, name: str) -> int:
        """Return the port called `name`, one of PORTS."""
        number: int = getattr(self, f"{name}_port")
        return number


def read_settings(**given: Any) -> StackSettings:
    """Read the settings; raises WrongSettings that lists every fault at once."""
    try:
        return StackSettings(**given)
    except ValidationError as error:
        faults = [f"  ROWTIDE_{'_'.join(map(str, fault['loc'])).upper()}: {fault['msg']}" for fault in error.errors()]
        raise WrongSettings("These settings are wrong; correct each of them:\n" + "\n".join(faults)) from None
