"""Only the owner can read what Rowtide stores, whatever the umask is and an earlier version left behind."""

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from cdc.role_passwords import write_secret
from connections.private_files import make_private_folder, set_private_umask
from infra.native.identity import Identity
from infra.native.preparation import secrets_of
from infra.native.processes import LaunchSpec, ManagedProcess, write_record
from infra.native.stack import Stack
from infra.settings import StackSettings
from rowtide.single_run import single_run
from search_api.access.state import State
from sync_worker.store.row_store import RowStore

SECONDS = 20.0


@pytest.fixture(autouse=True)
def _everything_allowed() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def readable_by_others(home: Path) -> dict[str, str]:
    """The files and folders below `home` that others may access, with their modes."""
    return {
        str(path.relative_to(home)): oct(mode(path))
        for path in home.rglob("*")
        if mode(path) != (0o700 if path.is_dir() else 0o600)
    }


def test_the_row_store_and_its_log_are_private(tmp_path: Path) -> None:
    with RowStore(tmp_path / "rowtide" / "worker" / "shop.sqlite") as store:
        with store.transaction():
            store.update_owner(pipeline="shop")
        names = {path.name for path in (tmp_path / "rowtide" / "worker").iterdir()}
        assert names == {"shop.sqlite", "shop.sqlite-wal", "shop.sqlite-shm", "shop.lock"}
        assert readable_by_others(tmp_path) == {}


def test_a_row_store_that_was_readable_is_restricted_when_it_is_opened(tmp_path: Path) -> None:
    folder = tmp_path / "worker"
    with RowStore(folder / "shop.sqlite") as store, store.transaction():
        store.update_owner(pipeline="shop")
    folder.chmod(0o755)
    for name in ("shop.sqlite", "shop.lock", "shop.sqlite-wal", "shop.sqlite-shm"):
        (folder / name).touch()
        (folder / name).chmod(0o644)
    with RowStore(folder / "shop.sqlite") as store:
        assert store.owner().pipeline == "shop"
        assert readable_by_others(tmp_path) == {}


def test_a_folder_with_anything_else_in_it_keeps_its_mode(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir(mode=0o755)
    (folder / "of-another-program.txt").touch()
    with RowStore(folder / "shop.sqlite"):
        assert mode(folder) == 0o755
        assert mode(folder / "shop.sqlite") == 0o600


def test_the_state_of_the_api_is_private(tmp_path: Path) -> None:
    path = tmp_path / "rowtide" / "api" / "state.db"
    with closing(State(path)) as state:
        assert len(state.rows("SELECT name FROM sqlite_master")) > 0
        assert (path.parent / "state.db-wal").exists()
        assert readable_by_others(tmp_path) == {}
    path.chmod(0o644)
    (path.parent / "state.db-wal").touch(mode=0o644)
    with closing(State(path)):
        assert readable_by_others(tmp_path) == {}


def test_secrets_records_locks_and_logs_are_private(tmp_path: Path) -> None:
    make_private_folder(tmp_path / "stack" / "run")
    secrets_of(tmp_path / "stack", None)
    write_secret(tmp_path / "secrets" / "role.password", "word")
    log = tmp_path / "stack" / "server.log"
    log.touch(mode=0o644)
    command = (sys.executable, "-c", "import pathlib; pathlib.Path('written').touch(); print('started')")
    with single_run(tmp_path / "home" / "lock"):
        process = ManagedProcess(LaunchSpec(command, str(tmp_path / "stack"), dict(os.environ), str(log), {}))
        write_record(tmp_path / "stack" / "run" / "server.json", process.process)
        process._popen.wait(SECONDS)
        process.stop(SECONDS)
        assert (tmp_path / "stack" / "written").exists(), log.read_text()
        assert readable_by_others(tmp_path) == {}


@pytest.mark.parametrize(("switch", "way"), [(False, 0o700), (True, 0o711)])
def test_only_a_server_of_another_user_may_pass_through_the_folders_of_a_stack(
    tmp_path: Path, switch: bool, way: int
) -> None:
    home = tmp_path / "rowtide"
    make_private_folder(home / "secrets")  # As `rowtide init` does, before there are servers.
    stack = Stack(StackSettings(home=home, cache=home / "cache"))
    stack._make_folders(Identity("servers", os.geteuid(), os.getegid(), switch))
    root = home / "stacks" / "default"
    assert {mode(path) for path in (home, home / "stacks", home / "cache", root)} == {way}
    assert {mode(path) for path in (root / "logs", root / "run", home / "secrets")} == {0o700}


def test_what_a_program_creates_without_a_mode_is_private_too(tmp_path: Path) -> None:
    set_private_umask()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").touch()
    assert readable_by_others(tmp_path) == {}
