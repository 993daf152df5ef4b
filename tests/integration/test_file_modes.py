"""The folder of a running stack, file by file: nothing in it is for other users."""

import os
import stat
from pathlib import Path

from infra.native.identity import find_identity
from infra.native.stack import Stack
from infra.settings import SERVICES


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat(follow_symlinks=False).st_mode)


def test_the_folder_of_a_stack_is_for_nobody_else(stack: Stack) -> None:
    root = stack.settings.data_directory
    owner = find_identity(stack.settings.run_as)
    assert mode(root) == (0o711 if owner.switch else 0o700)
    for name in SERVICES:
        assert mode(root / name) == 0o700
        assert (root / name).stat().st_uid == owner.uid
    servers = {root / name for name in SERVICES}
    wide: dict[str, str] = {}
    for folder, folders, files in os.walk(root):
        inside_server = any(Path(folder).is_relative_to(server) for server in servers)
        for path in (Path(folder) / name for name in [*folders, *files] if not (Path(folder) / name).is_symlink()):
            try:
                modes = mode(path)
            except FileNotFoundError:
                continue  # A server removed it meanwhile.
            # Elasticsearch gives its keystore to its group, below a folder that only its user can enter.
            forbidden = 0o007 if inside_server else 0o077
            if modes & forbidden:
                wide[str(path.relative_to(root))] = oct(modes)
    assert wide == {}
