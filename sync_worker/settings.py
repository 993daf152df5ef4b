"""The worker's settings, read once from the environment."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from connections.elasticsearch import ElasticsearchSettings
from connections.kafka import SERVERS, KafkaSettings
from connections.log_lines import LogSettings
from connections.postgres import SOURCE_DSN
from connections.private_files import CONTROL_KEY, SECRETS_FOLDER
from connections.settings import LOCAL_FOLDER, PREFIX, LocalPath
from connections.worker_token import WorkerStoreSettings
from http_server.open_connections import ConnectionLimits


class WorkerSettings(ElasticsearchSettings, KafkaSettings, WorkerStoreSettings, LogSettings):
    """The worker's settings. Each is an environment variable: `ROWTIDE_` and the field's name in capitals."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    spec: Path = Field(description="The document spec (YAML).")
    postgres_dsn: SecretStr = Field(description=SOURCE_DSN)
    kafka_bootstrap_servers: str = Field(description=SERVERS)
    control_key: SecretStr | None = Field(None, description=CONTROL_KEY)
    secrets_dir: LocalPath = Field(LOCAL_FOLDER / "secrets", validate_default=True, description=SECRETS_FOLDER)
    worker_host: str = Field("127.0.0.1", description="Address that the worker's HTTP endpoint listens on.")
    worker_port: int = Field(9470, ge=0, le=65535, description="Port of the worker's HTTP endpoint.")
    worker_hosts: str | None = Field(
        None,
        description="Host names under which clients may reach the worker's endpoint, comma-separated. Default: those of"
        " a loopback host, else any.",
    )
    worker_reads: Literal["loopback", "open", "token"] = Field(
        "loopback",
        description="Where `/freshness` and `/metrics` can be read without the token: only on a loopback host"
        " (`loopback`), on any host (`open`), or not at all (`token`, which also closes `/health`). Requests that change"
        " something always need the token.",
    )
    worker_connections: int = Field(
        200, ge=16, le=10_000, description="Maximum number of open connections to the worker's endpoint."
    )
    worker_connections_per_client: int = Field(
        100, ge=4, description="Maximum number of them from one address (of IPv6, one /64 network)."
    )
    worker_read_messages: int = Field(5000, ge=1, le=100_000, description="Maximum number of log records per read.")
    worker_bulk_documents: int = Field(
        1000, ge=1, le=10_000, description="Maximum number of documents per bulk request."
    )
    worker_bulk_bytes: int = Field(5_242_880, ge=65_536, description="Approximate size of a bulk request in bytes.")
    worker_senders: int = Field(3, ge=1, le=16, description="Maximum number of concurrent bulk requests.")
    worker_refresh_ms: int = Field(
        100, ge=10, le=60_000, description="Minimum time between two refreshes, in milliseconds."
    )
    worker_rejected_fields: Literal["quarantine", "leave_out"] = Field(
        "quarantine",
        description="What to do when Elasticsearch rejects a field: quarantine the document, or index it without the"
        " field and with a flag.",
    )
    worker_follow_replaced_tables: bool = Field(
        True,
        description="When another table takes the name of a captured one: add it to the publication and let the"
        " connector read it, if the worker's role owns the publication and the table. Otherwise only report it.",
    )
    worker_lease_seconds: int = Field(
        15,
        ge=2,
        le=50,
        description="Seconds without a renewal of the worker's lease after which another worker may take over.",
    )
    worker_spool_after: int = Field(
        20_000,
        ge=1,
        description="Maximum number of changes of one transaction kept in memory, in addition to a limit of 32 MiB.",
    )

    @property
    def connection_limits(self) -> ConnectionLimits:
        """The limits of the endpoint's connections."""
        return ConnectionLimits(self.worker_connections, self.worker_connections_per_client)
