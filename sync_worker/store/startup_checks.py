"""What has to hold before a worker continues with a row store: it belongs to this pipeline and
spec, and the log continues where it ends."""

from pathlib import Path

from cdc.log.recovery import Recovery
from read_model.plan.model import PipelinePlan
from sync_worker.errors import PositionLost, StoreError
from sync_worker.log.consumer import ChangeLog
from sync_worker.store.position import NOTHING_READ
from sync_worker.store.row_store import RowStore, SourceRecord


def claim(store: RowStore, path: Path, pipeline: str) -> None:
    """Note which pipeline a new row store belongs to. Raises StoreError when it belongs to another one, whatever the
    file's name is."""
    owner = store.owner().pipeline
    if not owner:
        with store.transaction():
            store.update_owner(pipeline=pipeline)
    elif owner != pipeline:
        raise StoreError(
            f"Row store {path} belongs to pipeline {owner}, not to {pipeline}. Move it away, or set"
            " ROWTIDE_WORKER_STORE to another folder.",
            Recovery.NEW_STORE,
        )


def check_plan(stored: SourceRecord, plan: PipelinePlan) -> None:
    """Raises StoreError when the row store has the columns of another spec."""
    if stored.spec_hash not in ("", plan.spec_hash):
        raise spec_changed(plan.pipeline)


def spec_changed(pipeline: str) -> StoreError:
    """The row store is of no use for the spec as it is now."""
    return StoreError(
        f"The row store of pipeline {pipeline} was created for another version of the spec.",
        Recovery.PREPARE_CONNECTOR_AND_NEW_STORE,
    )


def seek(store: RowStore, log: ChangeLog, new_store: bool) -> None:
    """Continue at the row store's offset. Raises PositionLost when the log does not continue there (invariant 7)."""
    span, position = log.span(), store.position
    if position.log.topic_id and position.log.topic_id != span.topic_id:
        raise PositionLost("The topic was deleted and recreated since the row store was written.")
    if not position.log.topic_id:
        with store.transaction():
            # A log without its beginning, or one that another spec wrote, is of no use before the next snapshot.
            # One more record is read, to tell the first row of a snapshot from one in its middle.
            start = max(span.low, span.high - 1) if new_store else span.low
            awaiting = start > 0 or (new_store and span.high > 0)
            skipped = 0 if start in (0, span.high) else NOTHING_READ
            store.move_log(topic_id=span.topic_id, offset=start)
            store.move_snapshot(awaiting=awaiting, skipped=skipped)
    elif not span.low <= position.log.offset <= span.high:
        raise PositionLost(
            f"The row store is at offset {position.log.offset}, but Kafka contains only offsets {span.low} to"
            f" {span.high}."
        )
    log.seek(store.position.log.offset)
