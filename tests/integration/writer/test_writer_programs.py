"""The order application from outside: its HTTP command API and its command line."""

import json
import os
import subprocess
import sys
from typing import Any

import httpx
import pytest
from anyio.from_thread import start_blocking_portal

from writer.api import create_app
from writer.database import Database


def test_the_command_api(shop: Database) -> None:
    world = shop.world()
    customer = world.customers[1]
    body = {
        "customer": customer.number,
        "ship_to": customer.labels[0],
        "bill_to": customer.labels[0],
        "lines": [{"sku": world.skus[2], "quantity": 3}],
    }

    async def talk() -> None:
        transport = httpx.ASGITransport(create_app(shop))
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
            await ordered_and_cancelled(client, body)

    with start_blocking_portal() as portal:  # Tests in a browser leave a loop running in this thread.
        portal.call(talk)


async def ordered_and_cancelled(client: httpx.AsyncClient, body: dict[str, Any]) -> None:
    created = await client.post("/orders", json=body)
    number = created.json()["name"]
    assert created.status_code == 201
    assert (await client.get(f"/orders/{number}")).json()["lines"][0]["quantity"] == 3
    problem = await client.post(f"/orders/{number}/shipments", json={"carrier": "DHL", "tracking": "T"})
    assert problem.status_code == 409
    assert problem.headers["content-type"] == "application/problem+json"
    assert problem.json()["type"].endswith("rule-broken")
    assert number in problem.json()["detail"]
    assert (await client.post(f"/orders/{number}/payments", json={"method": "card"})).status_code == 201
    assert (await client.post(f"/orders/{number}/cancel", json={"reason": "Twice."})).status_code == 200
    assert (await client.delete(f"/orders/{number}")).status_code == 200
    assert (await client.get(f"/orders/{number}")).status_code == 404
    malformed = await client.post("/orders", json={**body, "lines": "none", "colour": "red"})
    assert malformed.status_code == 422
    assert "body.lines" in malformed.json()["detail"]
    assert (await client.get("/health")).json() == {"ready": True}


def python_m_writer(dsn: str | None, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ROWTIDE_")}
    if dsn is not None:
        environment["ROWTIDE_WRITER_DSN"] = dsn
    return subprocess.run(
        [sys.executable, "-m", "writer", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_command_line_seeds_and_loads_an_empty_database(new_database: Any) -> None:
    dsn = new_database()
    assert python_m_writer(dsn, "init").returncode == 0
    assert python_m_writer(dsn, "seed", "--orders", "50", "--products", "60").returncode == 0
    loaded = python_m_writer(dsn, "load", "--orders", "20", "--mix", "place=3,pay=1")
    assert loaded.returncode == 0
    assert json.loads(loaded.stdout)["orders"] == 20


@pytest.mark.parametrize(
    ("dsn", "arguments", "code", "says"),
    [
        (None, ["init"], 2, "ROWTIDE_WRITER_DSN"),
        ("not a dsn with secret", ["init"], 2, "not a PostgreSQL DSN"),
        ("postgresql://127.0.0.1:1/shop", ["init"], 3, "PostgreSQL cannot be used"),
        ("postgresql://127.0.0.1:1/shop", ["load", "--mix", "dance=1"], 2, "dance=1"),
        (None, ["sing"], 2, "No such command"),
    ],
)
def test_the_command_line_says_what_is_wrong(dsn: str | None, arguments: list[str], code: int, says: str) -> None:
    ended = python_m_writer(dsn, *arguments)
    assert (ended.returncode, "secret" in ended.stderr) == (code, False)
    assert says in ended.stderr
    assert "Traceback" not in ended.stderr
