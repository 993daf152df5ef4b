"""The worker's settings: read once, from the environment, all faults listed at once."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from connections.elasticsearch import ElasticsearchSettings
from connections.kafka import SERVERS, KafkaSettings
from connections.settings import PREFIX


class WorkerSettings(ElasticsearchSettings, KafkaSettings):
    """What the worker is told. Names of variables are the fields' names in capitals after `ROWTIDE_`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    spec: Path = Field(description="The document spec (YAML).")
    postgres_dsn: SecretStr = Field(
        description="The source database, for a role that may read the documents' tables. The worker reads the catalogue when the"
        " row store is new, and a table whose definition changed; at a start and while no heartbeat comes it asks where the WAL ends."
    )
    kafka_bootstrap_servers: str = Field(description=SERVERS)
    worker_store: Path = Field(Path(".rowtide/worker"), description="Folder of the row store; a file a pipeline.")
    worker_host: str = Field("127.0.0.1", description="Where the worker's HTTP endpoint listens.")
    worker_port: int = Field(9470, ge=0, le=65535, description="Its port.")
    worker_read_messages: int = Field(5000, ge=1, le=100_000, description="Log records read at a time, at most.")
    worker_bulk_documents: int = Field(1000, ge=1, le=10_000, description="Documents in one bulk request, at most.")
    worker_bulk_bytes: int = Field(5_242_880, ge=65_536, description="Bytes of one bulk request, about.")
    worker_senders: int = Field(3, ge=1, le=16, description="Bulk requests under way at the same time.")
    worker_refresh_ms: int = Field(100, ge=10, le=60_000, description="Time between two refreshes, at least (ms).")
    worker_rejected_fields: Literal["quarantine", "leave_out"] = Field(
        "quarantine",
        description="When Elasticsearch refuses one field: the document waits in quarantine, or goes without the field, flagged.",
    )
    worker_lease_seconds: int = Field(
        15, ge=2, le=50, description="After so long without a sign of this worker another one may take over (s)."
    )
    worker_spool_after: int = Field(
        20_000, ge=1, description="Changes of one transaction kept in memory, at most; and 32 MiB of them."
    )
