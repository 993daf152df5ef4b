"""The worker's settings: read once, from the environment, all faults listed at once."""

import ssl
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, FilePath, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from connections.kafka import KafkaAccess, Mechanism, Protocol


def _with_port(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("write http://host:port or https://host:port")
    return url.rstrip("/")


ElasticsearchUrl = Annotated[str, AfterValidator(_with_port)]


def _certificates(path: Path) -> Path:
    try:
        ssl.create_default_context(cafile=path)
    except ssl.SSLError as error:
        raise ValueError("the file holds no certificates in PEM form") from error
    return path


CaFile = Annotated[FilePath, AfterValidator(_certificates)]


class WorkerSettings(BaseSettings):
    """What the worker is told. Names of variables are the fields' names in capitals after `ROWTIDE_`."""

    model_config = SettingsConfigDict(env_prefix="ROWTIDE_", frozen=True, extra="ignore")

    spec: Path = Field(description="The document spec (YAML).")
    postgres_dsn: SecretStr = Field(
        description="The source database, for a role that may read the documents' tables. The worker reads the catalogue when the"
        " row store is new, and a table whose definition changed; at a start and while no heartbeat comes it asks where the WAL ends."
    )
    kafka_bootstrap_servers: str = Field(description="Kafka, as host:port[,host:port].")
    kafka_security_protocol: Protocol = Field("plaintext", description="How Kafka is spoken to.")
    kafka_sasl_mechanism: Mechanism = Field("SCRAM-SHA-512", description="How the user is made known, with `sasl_…`.")
    kafka_username: str | None = Field(None, description="With `sasl_…`: a user that may read the pipeline's topic.")
    kafka_password: SecretStr | None = Field(None, validate_default=True, description="That user's password.")
    kafka_ca: CaFile | None = Field(
        None, description="With `…ssl`: a file of the certificates to trust (PEM), instead of the system's."
    )
    elasticsearch_url: ElasticsearchUrl = Field(description="Elasticsearch, as http(s)://host:port.")
    elasticsearch_api_key: SecretStr | None = Field(
        None, description="An API key that may write the documents' indexes."
    )
    elasticsearch_username: str | None = Field(None, description="Instead of an API key: a user.")
    elasticsearch_password: SecretStr | None = Field(None, description="That user's password.")
    elasticsearch_ca: CaFile | None = Field(
        None, description="With https: a file of the certificates to trust (PEM), instead of the usual ones."
    )
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

    @field_validator("kafka_password")
    @classmethod
    def _with_a_user(cls, password: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        told = info.data
        if str(told.get("kafka_security_protocol")).startswith("sasl_") and not (
            password and told.get("kafka_username")
        ):
            raise ValueError("set it, and ROWTIDE_KAFKA_USERNAME, with a protocol that begins with sasl_")
        return password

    @property
    def kafka(self) -> KafkaAccess:
        """How to reach Kafka."""
        password = self.kafka_password.get_secret_value() if self.kafka_password else None
        return KafkaAccess(
            self.kafka_bootstrap_servers,
            self.kafka_security_protocol,
            self.kafka_sasl_mechanism,
            self.kafka_username,
            password,
            self.kafka_ca,
        )
