"""What the codes of `faults_query` mean: what is wrong with capturing a table and stays wrong until somebody acts, and
the command that makes it right. Pure."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TypeVar

from cdc.log.names import publication_name, role_name
from cdc.log.sql import quoted_table

Table = TypeVar("Table", bound=tuple[str, str])
"""A table's schema and name."""

Faults = Mapping[Table, Sequence[str]]
"""The codes of what is wrong, by table."""

ABSENT, UNCAPTURED, UNPUBLISHED, UNREADABLE = "absent", "uncaptured", "unpublished", "unreadable"

INHERITED = "inherited"
_GONE = frozenset({ABSENT, "unlogged", "partition"})
_HIDDEN = "hidden "
_LATER = frozenset({UNREADABLE, "row-security"})
"""What the stream of changes does not suffer from, only the next snapshot."""

_INIT = "Run `rowtide init`."


def reads_only(table: tuple[str, str]) -> bool:
    """Whether the documents have only the table's own rows, without those of the tables that inherit from it."""
    return bool(getattr(table, "only", False))


def is_gone(codes: Sequence[str]) -> bool:
    """Whether there is no table of that name that could be captured."""
    return not _GONE.isdisjoint(codes)


def loses_changes(codes: Sequence[str]) -> bool:
    """Whether changes of the table may be missing in the log, or incomplete."""
    return any(code not in _LATER for code in codes)


def hides_columns(codes: Sequence[str]) -> bool:
    """Whether rows in the log lack columns that documents use."""
    return any(code.startswith(_HIDDEN) for code in codes)


def snapshot_faults(faults: Faults[Table]) -> Faults[Table]:
    """What makes a snapshot fail, or hides rows from it."""
    late = {table: [code for code in codes if code in _LATER] for table, codes in faults.items()}
    return {table: codes for table, codes in late.items() if codes}


def relevant_faults(reported: Mapping[str, Sequence[str]], captured: Mapping[Table, Collection[str]]) -> Faults[Table]:
    """The faults that matter to the captured tables, each of which comes with the columns that documents use; none
    means all columns."""
    faults = {}
    for table, columns in captured.items():
        codes = [
            code
            for code in reported.get(".".join(table), ())
            if not code.startswith(_HIDDEN) or not columns or code.removeprefix(_HIDDEN) in columns
            if code != INHERITED or not reads_only(table)
        ]
        if codes:
            faults[table] = tuple(codes)
    return faults


def describe_faults(pipeline: str, faults: Faults[Table]) -> Iterator[str]:
    """One text of whole sentences for each table: what is wrong, and what to do."""
    for table, codes in sorted(faults.items()):
        name = ".".join(table)
        hidden = [code.removeprefix(_HIDDEN) for code in codes if code.startswith(_HIDDEN)]
        texts = [_text(pipeline, table, code) for code in codes if not code.startswith(_HIDDEN)]
        if hidden:
            texts.append(
                f"publication {publication_name(pipeline)} leaves out the columns {', '.join(hidden)}. {_INIT}"
            )
        yield " ".join(f"{name}: {text}" for text in texts)


def _text(pipeline: str, table: tuple[str, str], code: str) -> str:
    publication, role = publication_name(pipeline), role_name(pipeline)
    alter = f"ALTER TABLE {quoted_table(*table)}"
    refuses = "PostgreSQL rejects the application's UPDATE and DELETE. Ask its owner to run"
    texts = {
        ABSENT: "the table does not exist: it was dropped or renamed. Create it again or rename it back; if it stays"
        " away, remove it from the spec.",
        UNCAPTURED: "the connector does not capture it. Run `rowtide connectors apply`.",
        "unlogged": f"the table is unlogged or temporary, so its changes are not in the WAL. Run {alter} SET LOGGED,"
        " then `rowtide init`.",
        "partition": "the table is now a partition of another one, and cannot be captured by itself. Detach it, or"
        " name the other table in the spec.",
        INHERITED: "other tables inherit from it, and their changes are in the log under their own names. Run ALTER"
        f" TABLE … NO INHERIT for each of them, or write 'ONLY {'.'.join(table)}' in the spec for its own rows.",
        UNPUBLISHED: f"the table is not in publication {publication}, so its changes are not captured. {_INIT}",
        "operations": f"publication {publication} does not publish every insert, update, delete and truncate. {_INIT}",
        "leaves": f"publication {publication} publishes changes under the names of the partitions. {_INIT}",
        "filtered": f"publication {publication} filters its rows. {_INIT}",
        "identity-nothing": f"REPLICA IDENTITY NOTHING; {refuses}: {alter} REPLICA IDENTITY DEFAULT.",
        "identity-dropped": f"the index of its replica identity was dropped; {refuses}: {alter} REPLICA IDENTITY"
        " DEFAULT.",
        "no-key": f"it has no primary key; {refuses}: {alter} ADD PRIMARY KEY (…).",
        "key-deferrable": f"its primary key is deferrable; {refuses}: {alter} REPLICA IDENTITY FULL.",
        "keys-swap": "its primary key is deferrable and its replica identity an index, so the log does not tell rows"
        f" apart that swap their keys. Ask its owner to run: {alter} REPLICA IDENTITY FULL.",
        UNREADABLE: f"role {role} may not read it, so the next snapshot would fail. {_INIT}",
        "row-security": f"row-level security hides rows from snapshots. Run as a superuser: ALTER ROLE {role}"
        " BYPASSRLS.",
    }
    return texts.get(code, f"it cannot be captured as it is ({code}). {_INIT}")


def addition(pipeline: str, table: tuple[str, str]) -> tuple[str, str]:
    """The statements that capture a table which replaced one of this name, as `rowtide init` would run them."""
    name = quoted_table(*table)
    return (
        f'GRANT SELECT ON TABLE {name} TO "{role_name(pipeline)}"',
        f'ALTER PUBLICATION "{publication_name(pipeline)}" ADD TABLE {"ONLY " if reads_only(table) else ""}{name}',
    )
