"""Does during a run what an operator's alarms would: failed tasks are restarted, servers that ended are started again."""

import threading
from collections import Counter

import httpx

from infra.native.stack import Stack
from infra.settings import SERVICES
from tests.chaos.fault_injector import Say, Torment, revive

_EVERY_SECONDS = 3.0


class Caretaker:
    """Looks at the connector's tasks every few seconds. `done` counts what had to be done."""

    def __init__(self, stack: Stack, connector: str, torment: Torment, say: Say) -> None:
        self._stack = stack
        self._url = f"{stack.addresses.connect_url}/connectors/{connector}"
        self._torment = torment
        self._say = say
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="caretaker", daemon=True)
        self.done: Counter[str] = Counter()

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stopping.set()
        self._thread.join(60.0)

    def _run(self) -> None:
        while not self._stopping.wait(_EVERY_SECONDS):
            if reason := self._failed():
                self._say(f"the connector's task failed, and is restarted: {reason}")
                self.done["failed tasks restarted"] += 1
                self._post("restart?includeTasks=true&onlyFailed=true")
            for service in SERVICES:
                with self._torment.alone_with(service) as alone:
                    if alone and self._stack.process(service) is None:
                        self._say(f"{service} ended by itself, and is started again")
                        self.done[f"{service} ended by itself"] += 1
                        revive(self._stack, service, self._say)

    def _failed(self) -> str:
        try:
            answer = httpx.get(f"{self._url}/status", timeout=5.0, trust_env=False)
        except httpx.TransportError:
            return ""
        if not answer.is_success:
            return ""
        status = answer.json()
        failed = [part for part in (status["connector"], *status["tasks"]) if part["state"] == "FAILED"]
        return next((str(part.get("trace", "")).partition("\n")[0][:300] or "no trace" for part in failed), "")

    def _post(self, path: str) -> None:
        try:
            httpx.post(f"{self._url}/{path}", timeout=20.0, trust_env=False)
        except httpx.TransportError:
            return
