"""The order application from outside: its HTTP command API and its command line."""

import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import httpx
import psycopg
import pytest
from anyio.from_thread import start_blocking_portal
from typer.testing import CliRunner

from writer.__main__ import app
from writer.api import create_app
from writer.database import Database

Conversation = Callable[[httpx.AsyncClient, dict[str, Any]], Awaitable[None]]


def converse(shop: Database, conversation: Conversation) -> None:
    """Talk to the API, with the body of an order that can be placed."""
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
            await conversation(client, body)

    with start_blocking_portal() as portal:  # Tests in a browser leave a loop running in this thread.
        portal.call(talk)


async def send(client: httpx.AsyncClient, verb: str, path: str, /, **body: Any) -> dict[str, Any]:
    """The answer to a command that must succeed."""
    answer = await client.request(verb, path, json=body or None)
    assert answer.is_success, answer.text
    return dict(answer.json())


@pytest.fixture
def category(rows: psycopg.Connection) -> str:
    """The slug of a category that products can be in."""
    row = rows.execute("SELECT slug FROM categories ORDER BY id DESC LIMIT 1").fetchone()
    assert row is not None
    return str(row[0])


def test_the_command_api(shop: Database) -> None:
    converse(shop, ordered_and_cancelled)


def test_an_order_goes_its_way_over_http(shop: Database) -> None:
    converse(shop, sold_and_taken_back)


def test_customers_addresses_and_products_change_over_http(shop: Database, category: str) -> None:
    converse(shop, partial(changed_at_its_edges, category))


async def sold_and_taken_back(client: httpx.AsyncClient, body: dict[str, Any]) -> None:
    sku = body["lines"][0]["sku"]
    number = (await send(client, "POST", "/orders", **body, draft=True))["name"]
    at = f"/orders/{number}"
    await send(client, "POST", f"{at}/submit")
    await send(client, "PUT", f"{at}/lines", lines=[{"sku": sku, "quantity": 5}], notes="Five of them.")
    order = (await client.get(at)).json()
    assert (order["status"], order["notes"], order["lines"][0]["quantity"]) == ("placed", "Five of them.", 5)
    for tag in ("urgent", "gift"):
        assert await send(client, "PUT", f"{at}/tags/{tag}") == {"kind": "order", "name": number}
    await send(client, "DELETE", f"{at}/tags/gift")
    assert (await client.delete(f"{at}/tags/gift")).status_code == 404
    assert await send(client, "DELETE", "/tags/urgent") == {"kind": "tag", "name": "urgent"}
    await send(client, "POST", f"{at}/payments", method="card", amount="1.00", reference="deposit")
    await send(client, "POST", f"{at}/payments", method="card")
    await send(client, "POST", f"{at}/shipments", carrier="DHL", tracking=f"H{number[3:]}", parcels=2)
    await send(client, "POST", f"{at}/delivery")
    assert (await client.get(at)).json()["status"] == "delivered"
    assert (await client.post(f"{at}/archive")).status_code == 409
    await send(client, "POST", f"{at}/return", reason="Too large.")
    assert (await client.get(at)).json()["status"] == "returned"
    await send(client, "POST", f"{at}/archive")
    assert (await client.get(at)).status_code == 404


async def changed_at_its_edges(category: str, client: httpx.AsyncClient, body: dict[str, Any]) -> None:
    home = {"recipient": "Zoë", "street": "Nørregade 1", "postal_code": "1165", "city": "København"}
    address = {**home, "country": "Denmark"}
    person = {"name": "Zoë Groß", "email": "zoe@http.example", "country": "Denmark"}
    number = (await send(client, "POST", "/customers", **person, addresses=[{**address, "label": "home"}]))["name"]
    assert await send(client, "PATCH", f"/customers/{number}", company="Two Bridges") == {
        "kind": "customer",
        "name": number,
    }
    await send(client, "PUT", f"/customers/{number}/addresses/office", **address)
    moved = {**body, "customer": number, "ship_to": "office", "bill_to": "home"}
    await send(client, "POST", "/orders", **moved)
    twice = await client.post("/customers", json={**person, "addresses": [{**address, "label": "home"}]})
    assert (twice.status_code, twice.json()["type"]) == (409, "urn:order-application:problem:conflict")
    nobody = await client.patch("/customers/C-999999", json={"name": "Nobody"})
    assert (nobody.status_code, "C-999999" in nobody.json()["detail"]) == (404, True)

    sku = body["lines"][0]["sku"]
    await send(client, "PUT", f"/products/{sku}/name", name="Singing kettle", description="It sings.")
    await send(client, "PUT", f"/products/{sku}/price", price="19.99")
    assert (await client.put(f"/products/{sku}/price", json={"price": "1.999"})).status_code == 422
    lamp = {"sku": "HTTP-1", "category": category, "name": "Lamp", "price": "5.00", "attributes": {"colour": "red"}}
    assert await send(client, "POST", "/products", **lamp) == {"kind": "product", "name": "HTTP-1"}
    assert (await client.post("/products", json={**lamp, "category": "no-such"})).status_code == 404


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


def test_the_command_line_carries_out_what_the_api_does(shop_dsn: str, category: str) -> None:
    def writer(words: str, *more: str) -> dict[str, Any]:
        done = CliRunner().invoke(
            app, [*words.split(), *more], env={"ROWTIDE_WRITER_DSN": shop_dsn}, catch_exceptions=False
        )
        assert done.exit_code == 0, done.output
        return dict(json.loads(done.stdout))

    writer(
        f"product add CLI-1 --category {category} --price 10.00 --name",
        "Desk lamp",
        "--attributes",
        '{"colour": "red"}',
    )
    writer(f"product add CLI-2 --category {category} --price 2.50 --name Bulb")
    writer("product rename CLI-2 --name", "Warm bulb")
    writer("product reprice CLI-2 --price 3.00")
    where = ("--street", "Storgatan 2", "--postal-code", "21142", "--city", "Malmö", "--country", "Sweden")
    customer = writer("customer create --email cli@shop.example --name", "Åsa Berg", *where)["name"]
    writer(f"customer change {customer} --segment business --company Bergs")
    writer(f"address move {customer} office --recipient Åsa", *where)
    place = f"order place --customer {customer} --ship-to office --bill-to home"
    number = writer(f"{place} --line CLI-1=2 --line CLI-2 --draft")["name"]
    writer(f"order submit {number}")
    assert writer(f"order amend {number} --line CLI-1=1 --line CLI-2=3") == {"kind": "order", "name": number}
    assert writer(f"order show {number}")["total"] == "19.00"
    writer(f"order tag {number} urgent")
    writer(f"order untag {number} urgent")
    writer("tag delete urgent")
    writer(f"order pay {number} --method card --amount 4.00 --reference deposit")
    writer(f"order pay {number} --method wallet")
    writer(f"order ship {number} --carrier DHL --tracking CLI{number} --parcels 2")
    writer(f"order deliver {number}")
    writer(f"order return {number} --reason", "Too bright.")
    assert writer(f"order show {number}")["status"] == "returned"
    writer(f"order archive {number}")
    other = writer(f"{place} --line CLI-1")["name"]
    writer(f"order cancel {other} --reason Twice.")
    writer(f"order delete {other}")
    refused = python_m_writer(shop_dsn, "order", "ship", other, "--carrier", "DHL", "--tracking", "T")
    assert (refused.returncode, other in refused.stderr, "Traceback" in refused.stderr) == (1, True, False)


def test_the_command_line_seeds_and_loads_an_empty_database(new_database: Any) -> None:
    dsn = new_database()
    assert python_m_writer(dsn, "init").returncode == 0
    assert python_m_writer(dsn, "seed", "--orders", "50", "--products", "60").returncode == 0
    loaded = python_m_writer(dsn, "load", "--orders", "20", "--mix", "place=3,pay=1")
    assert loaded.returncode == 0
    assert json.loads(loaded.stdout)["orders"] == 20


@pytest.mark.parametrize(
    ("dsn", "arguments", "code", "message"),
    [
        (None, ["init"], 2, "ROWTIDE_WRITER_DSN"),
        ("not a dsn with secret", ["init"], 2, "not a PostgreSQL DSN"),
        ("postgresql://127.0.0.1:1/shop", ["init"], 3, "PostgreSQL does not answer"),
        ("postgresql://127.0.0.1:1/shop", ["load", "--mix", "dance=1"], 2, "dance=1"),
        (None, ["sing"], 2, "No such command"),
        (None, ["order", "place"], 2, "Missing option"),
        (None, ["order", "pay", "SO-2026-000001", "--method", "card", "--amount", "1.005"], 2, "1.005"),
    ],
)
def test_the_command_line_says_what_is_wrong(dsn: str | None, arguments: list[str], code: int, message: str) -> None:
    ended = python_m_writer(dsn, *arguments)
    assert (ended.returncode, "secret" in ended.stderr) == (code, False)
    assert message in ended.stderr
    assert "Traceback" not in ended.stderr
