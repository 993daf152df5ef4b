"""The ports of a stack's last start, in a file with its data: who asks later need not know how it was started."""

import json
from collections.abc import Mapping
from pathlib import Path

from connections.private_files import write_private_file
from infra.native.port_holder import working_folder
from infra.native.preparation import has_secrets

_FILE = "ports.json"


def record_ports(root: Path, ports: Mapping[str, int]) -> None:
    """Add the ports, by name, to those in the stack's folder."""
    write_private_file(root / _FILE, json.dumps(recorded_ports(root) | dict(ports)))


def recorded_ports(root: Path) -> dict[str, int]:
    """The ports by name; none when the stack was never started, or by an earlier version."""
    try:
        ports: dict[str, int] = json.loads((root / _FILE).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return ports


def stacks_on(ports: Mapping[str, int]) -> list[Path]:
    """The folders of the stacks whose servers listen on these ports, as far as this user can see their processes."""
    folders = [folder for port in ports.values() if (folder := working_folder(port))]
    roots = {root for folder in folders for root in (folder, *folder.parents) if has_secrets(root)}
    return sorted(roots)
