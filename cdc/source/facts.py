"""What `rowtide init` needs to know about a source database before it plans anything. Pure data."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from read_model.catalog.catalog import Catalog, TableName


@dataclass(frozen=True, slots=True)
class Role:
    """The connector's role. `owns` counts the tables, views and schemas of this database that it owns; `expired`: its
    password is no longer valid. `elsewhere` are other databases of the server in which it has privileges."""

    login: bool = True
    replication: bool = True
    bypasses_row_security: bool = False
    superuser: bool = False
    owns: int = 0
    expired: bool = False
    elsewhere: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Publication:
    """The pipeline's publication. `narrowed`: it has row filters or column lists."""

    tables: frozenset[TableName]
    all_tables: bool = False
    all_operations: bool = True
    via_root: bool = True
    generated: bool = True
    narrowed: bool = False


@dataclass(frozen=True, slots=True)
class MarkerFacts:
    """The marker role, and what it can do only because every login can. `exists`, `connection_limit` and `settings`
    (`name=value`) are of the role, and so is `login`, whether its password is still valid; without it the rest is what
    PUBLIC can do.

    `databases` are the others that it can connect to, `schemas` those in which it can create tables."""

    exists: bool = False
    connection_limit: int = -1
    settings: frozenset[str] = frozenset()
    temporary: bool = False
    large_objects: bool = False
    databases: tuple[str, ...] = ()
    schemas: tuple[str, ...] = ()
    login: bool = True
    may_connect: bool = True


@dataclass(frozen=True, slots=True)
class Facts:
    """A source database. `version` is server_version_num; `granted` are the tables that the role may read by a grant to
    itself; `missing_functions` are the heartbeat's functions that it may not call; `slots` are all slots of the server
    with their databases; `encoding` is that of the database; `money_places` are the decimal places of its lc_monetary;
    `idle_slot_timeout` is empty if the server does not have that setting. `strangers_may_emit`: logins that are neither
    superusers nor of a pipeline may emit messages."""

    database: str
    version: int
    catalog: Catalog
    wal_level: str = "logical"
    max_replication_slots: int = 10
    max_wal_senders: int = 10
    wal_senders: int = 0
    encoding: str = "UTF8"
    money_places: int = 2
    max_slot_wal_keep_size: str = "-1"
    idle_slot_timeout: str = ""
    slots: Mapping[str, str] = field(default_factory=dict)
    role: Role | None = None
    may_connect: bool = False
    strangers_may_emit: bool = False
    usable_schemas: frozenset[str] = frozenset()
    granted: frozenset[TableName] = field(default=frozenset())
    missing_functions: tuple[str, ...] = ()
    publication: Publication | None = None
