"""Runs the shell commands of a page of the documentation, as a reader would: in one shell, block after block."""

import os
import re
import shlex
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.native.ports import free_port
from infra.settings import StackSettings
from tests.support.paths import CHECKOUT

_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
_MARK = "== block "
_PRELUDE = """\
set -euo pipefail
end_jobs() {
  jobs -p | xargs -r kill 2>/dev/null || true; wait
  for file in *.pid; do test -e "$file" && kill "$(cat "$file")" && tail --pid="$(cat "$file")" -f /dev/null; done || true
}
trap end_jobs EXIT
make() { test "$*" = setup; }  # The tests' own environment was made by it.
"""


def blocks(page: Path) -> list[str]:
    """The shell blocks of a page, in order."""
    return _BLOCK.findall(page.read_text(encoding="utf-8"))


def settings_as_environment(settings: StackSettings) -> dict[str, str]:
    """The variables with which `rowtide up` finds this stack."""
    plain = settings.model_dump(exclude={"stack_password"}, exclude_none=True)
    return {f"ROWTIDE_{name.upper()}": str(value) for name, value in plain.items()}


@dataclass(frozen=True)
class Folder:
    """A folder like a fresh clone after `make setup`, with its own ports for the worker and the API."""

    path: Path
    environment: Mapping[str, str]
    worker_port: int
    api_port: int

    @classmethod
    def of(cls, path: Path, settings: StackSettings) -> "Folder":
        """Make it. Its commands find the running stack with these settings."""
        for name in (".venv", "rowtide", "infra"):
            (path / name).symlink_to((CHECKOUT / name).resolve())
        worker_port, api_port = free_port(), free_port()
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("ROWTIDE_")},
            **settings_as_environment(settings),
            "ROWTIDE_WORKER_PORT": str(worker_port),
            "ROWTIDE_API_PORT": str(api_port),
            "PYTHONPATH": str(CHECKOUT),
        }
        return cls(path, environment, worker_port, api_port)

    def run(self, shell: list[str], instead: Mapping[str, str], seconds: float = 600) -> list[str]:
        """Run the blocks in one shell that ends at the first error. Returns what each of them printed.

        `instead` are words of the page and what to run instead of them."""
        words = {"9470": str(self.worker_port), "8080": str(self.api_port), **instead}
        script = _PRELUDE
        for number, block in enumerate(shell):
            script += f"echo; echo {shlex.quote(f'{_MARK}{number}')}\n{_replaced(block, words)}"
        done = self._run(script, seconds)
        logs = "\n".join(f"{log.name}: {log.read_text()[-1500:]}" for log in self.path.glob("*.log"))
        assert done.returncode == 0, f"exit {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}\n{logs}"
        return re.split(rf"(?m)^{_MARK}\d+$", done.stdout)[1:]

    def _run(self, script: str, seconds: float) -> subprocess.CompletedProcess[str]:
        with subprocess.Popen(
            ["bash", "-c", script],
            cwd=self.path,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as shell:
            try:
                out, err = shell.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                os.killpg(shell.pid, signal.SIGTERM)
                out, err = shell.communicate(timeout=30)
        return subprocess.CompletedProcess(shell.args, shell.returncode, out, err)


def _replaced(text: str, words: Mapping[str, str]) -> str:
    for word, other in words.items():
        text = text.replace(word, other)
    return text
