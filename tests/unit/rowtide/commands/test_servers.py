"""What `rowtide status` prints about the worker."""

from read_model.freshness import Freshness
from rowtide.commands.servers import worker_line


def test_documents_that_were_set_aside_are_counted() -> None:
    assert worker_line(Freshness("shop", 1, 9, 9, 0, "live")) == (
        "Worker of shop: live, 0 documents pending, 0 in quarantine."
    )
    fresh = Freshness("shop", 1, 9, 9, 0, "degraded", "A table changed.", pending=7, quarantined=2, left_out=1)
    assert worker_line(fresh) == (
        "Worker of shop: degraded, 7 documents pending, 2 in quarantine,"
        " 1 with fields dropped. A table changed. Run `rowtide quarantine list` for details."
    )
