"""How far the log is applied, as one value that is stored with the rows it covers (invariant 1). Pure."""

import msgspec

EPOCH_BITS = 48
"""A version is `epoch << 48 | LSN`: 256 TiB of WAL per epoch, and it remains a positive 64-bit integer."""

LSN_BITS = (1 << EPOCH_BITS) - 1
"""The bits of a version that are the LSN of the build."""

NOTHING_READ = -1
"""As `SnapshotState.skipped`: the records before the next one are not known."""


class LogPosition(msgspec.Struct, frozen=True):
    """The place in the log.

    `offset` is the next Kafka offset to read in the topic with id `topic_id`. `applied` is the last commit LSN
    applied, which tells duplicates. `watermark` is the LSN of the last commit or heartbeat, which freshness is based
    on, and `watermark_ms` its time by the source's clock. `heartbeat_ms` is when the latest heartbeat was emitted,
    by the source's clock, 0 while unknown; it tells a restored database from duplicates in the log. Times are Unix
    ms.
    """

    topic_id: str = ""
    offset: int = 0
    applied: int = 0
    watermark: int = 0
    watermark_ms: int = 0
    heartbeat_ms: int = 0


class SnapshotState(msgspec.Struct, frozen=True):
    """The snapshot that the rows started from.

    `lsn` is 0 until a snapshot is complete, and `read_ms` is when its last row was read, in Unix ms by Kafka
    Connect's clock. `loading` is the LSN of the snapshot being read, 0 when there is none. `settled`: a heartbeat
    after the snapshot was seen. `unfit` are the tables (schema, name) whose rows do not fit their known definition,
    so that they have to be re-read. While `awaiting`, records before the first row of the next snapshot are ignored.
    `skipped` is then the LSN of the last snapshot row ignored, or 0 when the last record ignored was another one.
    """

    lsn: int = 0
    read_ms: int = 0
    loading: int = 0
    settled: bool = False
    awaiting: bool = False
    skipped: int = NOTHING_READ
    unfit: tuple[tuple[str, str], ...] = ()


class OpenTransaction(msgspec.Struct, frozen=True):
    """What the assembler must know after a restart, as ids of transactions; 0 means none.

    The events of `spooled_tx` are in the spool up to the event with the `total_order` `spooled_events`. `dropped_tx`
    must be repeated before another transaction may end, and `ended_tx` ended last.
    """

    spooled_tx: int = 0
    spooled_events: int = 0
    dropped_tx: int = 0
    ended_tx: int = 0


class ResyncState(msgspec.Struct, frozen=True):
    """Tables that were re-read from the source.

    `tables` maps `schema.table` to the `pg_snapshot` that its rows come from. At `lsn` the log has everything that
    these snapshots contain; 0 once it is past them.
    """

    tables: dict[str, str] = {}
    lsn: int = 0


class Position(msgspec.Struct, frozen=True):
    """How far the log is applied.

    `ignored` are tables (schema, name) whose changes lack columns, so that they are ignored until the table is re-read.
    `published` is the searchable LSN published last, `epoch` the epoch of new versions."""

    log: LogPosition = LogPosition()
    snapshot: SnapshotState = SnapshotState()
    transaction: OpenTransaction = OpenTransaction()
    resync: ResyncState = ResyncState()
    ignored: tuple[tuple[str, str], ...] = ()
    epoch: int = 1
    published: int = 0

    @property
    def version(self) -> int:
        """The version of a document that is built now: higher with each epoch and each commit (invariant 4)."""
        return self.epoch << EPOCH_BITS | self.log.watermark


_position = msgspec.json.Decoder(Position)


def decode_position(text: str) -> Position:
    """The position that a row store contains. Raises msgspec.DecodeError."""
    return _position.decode(text)
