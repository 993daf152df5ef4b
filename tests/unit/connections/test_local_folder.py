"""Where `.rowtide` is looked for."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from connections.settings import LOCAL_FOLDER, in_local_folder, local_folder
from infra.settings import read_settings


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """A folder that is the current one for the time of a test."""
    before = Path.cwd()
    os.chdir(tmp_path)
    yield tmp_path
    os.chdir(before)


def test_a_folder_below_uses_the_one_above(project: Path) -> None:
    assert local_folder() == LOCAL_FOLDER, "none is there yet"
    (project / LOCAL_FOLDER).mkdir()
    below = project / "docs" / "how-to"
    below.mkdir(parents=True)
    os.chdir(below)
    assert local_folder() == project / LOCAL_FOLDER
    assert in_local_folder(LOCAL_FOLDER / "secrets") == project / LOCAL_FOLDER / "secrets"
    assert read_settings(stack="x").home == project / LOCAL_FOLDER
    (below / LOCAL_FOLDER).mkdir()
    assert local_folder() == LOCAL_FOLDER


def test_other_paths_are_as_they_are_given(project: Path) -> None:
    (project / LOCAL_FOLDER).mkdir()
    for path in (Path("/srv/x"), Path("data"), Path("data/.rowtide"), Path(":memory:")):
        assert in_local_folder(path) == path


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_another_users_folder_is_not_trusted(project: Path) -> None:
    (project / LOCAL_FOLDER).mkdir()
    os.chown(project / LOCAL_FOLDER, 65534, 65534)
    (project / "mine").mkdir()
    os.chdir(project / "mine")
    assert local_folder() == LOCAL_FOLDER
