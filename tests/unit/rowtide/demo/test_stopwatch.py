"""Commits are read from the writer's output, and measured once their LSN is searchable."""

from pathlib import Path

from connections.worker import read_metrics
from rowtide.demo.log_follower import LogFollower
from rowtide.demo.stopwatch import Commit, Stopwatch, percentile, read_commits
from rowtide.programs import last_json

LINE = '{"order": "SO-2026-000001", "command": "PayOrder", "committed_at": "2026-01-01T00:00:00+00:00", "gone": false}'


def test_commits_are_picked_out_of_other_output() -> None:
    commits = read_commits(["a warning", LINE, '{"committed": 3}'])
    assert commits == [Commit("SO-2026-000001", "PayOrder", 1767225600.0, gone=False)]


def test_a_commit_is_searchable_when_its_lsn_is() -> None:
    watch = Stopwatch()
    early, late = (Commit(name, "PlaceOrder", 10.0, gone=False) for name in ("early", "late"))
    watch.start(early, 100)
    watch.start(late, 200)
    assert watch.stop(99, 11.0) == []
    assert [(each.commit, each.milliseconds) for each in watch.stop(100, 10.5)] == [(early, 500.0)]
    assert [each.commit for each in watch.stop(300, 12.0)] == [late]
    assert watch.waiting == []


def test_percentiles_are_values_that_occurred() -> None:
    values = [float(value) for value in range(100, 0, -1)]
    assert (percentile(values, 0.5), percentile(values, 0.99), percentile([7.0], 0.5)) == (50.0, 99.0, 7.0)
    assert percentile([], 0.5) == 0.0


def test_a_line_counts_once_it_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "log"
    follower = LogFollower(file)
    assert follower.lines() == []
    file.write_text("one\ntw")
    assert follower.lines() == ["one"]
    with file.open("a") as log:
        log.write("o\n")
    assert follower.lines() == ["two"]
    assert follower.lines() == []


def test_the_result_is_the_last_json_line() -> None:
    assert last_json('{"a": 1}\n{"a": 2}\n{broken\nbye') == {"a": 2}
    assert last_json("nothing") is None


def test_metrics_without_labels_are_read() -> None:
    text = '# HELP x y\nrowtide_events_total 12.0\nwith{label="a b"} 3\n'
    assert read_metrics(text) == {"rowtide_events_total": 12.0}
