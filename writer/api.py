"""The HTTP command API: one request, one command, one transaction. Errors are problem details (RFC 9457)."""

from typing import Annotated

from fastapi import APIRouter, Body, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from writer import api_models as m
from writer import commands as c
from writer.database import Database
from writer.errors import (
    ConflictError,
    DatabaseUnavailableError,
    NotFoundError,
    NotReadyError,
    RuleBrokenError,
    WriterError,
)

# Problem type, title and status of each error. The most special class comes first.
_PROBLEMS: tuple[tuple[type[WriterError], str, str, int], ...] = (
    (RuleBrokenError, "rule-broken", "A business rule forbids this", 409),
    (NotFoundError, "not-found", "Not found", 404),
    (ConflictError, "conflict", "Already exists", 409),
    (DatabaseUnavailableError, "database-unavailable", "The database is unavailable", 503),
    (NotReadyError, "not-ready", "The application is not set up", 503),
    (WriterError, "failed", "The command failed", 500),
)

router = APIRouter()


def _database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


Shop = Annotated[Database, Depends(_database)]
_NO_REASON = m.ReasonBody()


def create_app(database: Database) -> FastAPI:
    """The application over an open database; the caller closes it."""
    app = FastAPI(title="Order application", version="1", description=__doc__)
    app.state.database = database
    app.include_router(router)
    app.add_exception_handler(WriterError, _refused)
    app.add_exception_handler(RequestValidationError, _malformed)
    return app


async def _refused(request: Request, error: Exception) -> JSONResponse:
    kind, title, status = next(p[1:] for p in _PROBLEMS if isinstance(error, p[0]))
    return _problem(request, kind, title, status, str(error))


async def _malformed(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    faults = [f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in error.errors()]
    return _problem(request, "malformed", "The request is malformed", 422, "; ".join(faults))


def _problem(request: Request, kind: str, title: str, status: int, detail: str) -> JSONResponse:
    return JSONResponse(
        {
            "type": f"urn:order-application:problem:{kind}",
            "title": title,
            "status": status,
            "detail": detail,
            "instance": request.url.path,
        },
        status_code=status,
        media_type="application/problem+json",
    )


def _done(done: c.Done) -> m.DoneBody:
    return m.DoneBody(kind=done.kind, name=done.name)


@router.get("/health")
def health(shop: Shop) -> dict[str, bool]:
    """Whether PostgreSQL answers and the tables are there."""
    return {"ready": shop.has_schema()}


@router.get("/orders/{number}")
def order(shop: Shop, number: str) -> dict[str, object]:
    """The order as it is now."""
    return shop.order(number)


@router.post("/orders", status_code=201)
def place_order(shop: Shop, body: m.OrderBody) -> m.DoneBody:
    """Place an order, or keep it as a draft."""
    lines = tuple(line.value() for line in body.lines)
    fields = body.model_dump(exclude={"lines"})
    return _done(shop.run(c.PlaceOrder(lines=lines, **fields)))


@router.post("/orders/{number}/submit")
def submit_draft(shop: Shop, number: str) -> m.DoneBody:
    """Place a draft."""
    return _done(shop.run(c.SubmitDraft(number=number)))


@router.put("/orders/{number}/lines")
def amend_order(shop: Shop, number: str, body: m.AmendBody) -> m.DoneBody:
    """Replace the order's lines."""
    lines = tuple(line.value() for line in body.lines)
    return _done(shop.run(c.AmendOrder(number=number, lines=lines, notes=body.notes)))


@router.post("/orders/{number}/payments", status_code=201)
def pay_order(shop: Shop, number: str, body: m.PaymentBody) -> m.DoneBody:
    """Pay the balance or a part of it."""
    return _done(shop.run(c.PayOrder(number=number, **body.model_dump())))


@router.post("/orders/{number}/shipments", status_code=201)
def ship_order(shop: Shop, number: str, body: m.ShipmentBody) -> m.DoneBody:
    """Hand a paid order to a carrier."""
    return _done(shop.run(c.ShipOrder(number=number, **body.model_dump())))


@router.post("/orders/{number}/delivery")
def deliver_order(shop: Shop, number: str) -> m.DoneBody:
    """Record that every parcel has arrived."""
    return _done(shop.run(c.DeliverOrder(number=number)))


@router.post("/orders/{number}/cancel")
def cancel_order(shop: Shop, number: str, body: Annotated[m.ReasonBody, Body()] = _NO_REASON) -> m.DoneBody:
    """Cancel an order that was not shipped yet."""
    return _done(shop.run(c.CancelOrder(number=number, reason=body.reason)))


@router.post("/orders/{number}/return")
def return_order(shop: Shop, number: str, body: Annotated[m.ReasonBody, Body()] = _NO_REASON) -> m.DoneBody:
    """Take a shipped order back."""
    return _done(shop.run(c.ReturnOrder(number=number, reason=body.reason)))


@router.post("/orders/{number}/archive")
def archive_order(shop: Shop, number: str) -> m.DoneBody:
    """Hide a cancelled or returned order."""
    return _done(shop.run(c.ArchiveOrder(number=number)))


@router.delete("/orders/{number}")
def delete_order(shop: Shop, number: str) -> m.DoneBody:
    """Delete a draft or a cancelled order."""
    return _done(shop.run(c.DeleteOrder(number=number)))


@router.put("/orders/{number}/tags/{tag}")
def tag_order(shop: Shop, number: str, tag: str) -> m.DoneBody:
    """Put a tag on an order."""
    return _done(shop.run(c.TagOrder(number=number, tag=tag)))


@router.delete("/orders/{number}/tags/{tag}")
def untag_order(shop: Shop, number: str, tag: str) -> m.DoneBody:
    """Take a tag off an order."""
    return _done(shop.run(c.UntagOrder(number=number, tag=tag)))


@router.delete("/tags/{name}")
def delete_tag(shop: Shop, name: str) -> m.DoneBody:
    """Remove a tag everywhere."""
    return _done(shop.run(c.DeleteTag(name=name)))


@router.post("/customers", status_code=201)
def create_customer(shop: Shop, body: m.CustomerBody) -> m.DoneBody:
    """Create a customer with an address book."""
    addresses = tuple(address.labelled() for address in body.addresses)
    fields = body.model_dump(exclude={"addresses"})
    return _done(shop.run(c.CreateCustomer(addresses=addresses, **fields)))


@router.patch("/customers/{number}")
def change_customer(shop: Shop, number: str, body: m.CustomerChangeBody) -> m.DoneBody:
    """Change the fields that are given."""
    return _done(shop.run(c.ChangeCustomer(number=number, **body.model_dump())))


@router.put("/customers/{number}/addresses/{label}")
def move_address(shop: Shop, number: str, label: str, body: m.AddressBody) -> m.DoneBody:
    """Move an address, or add one."""
    return _done(shop.run(c.MoveAddress(customer=number, address=body.value(label))))


@router.post("/products", status_code=201)
def add_product(shop: Shop, body: m.ProductBody) -> m.DoneBody:
    """Add a product to the catalogue."""
    return _done(shop.run(c.AddProduct(**body.model_dump())))


@router.put("/products/{sku}/name")
def rename_product(shop: Shop, sku: str, body: m.RenameBody) -> m.DoneBody:
    """Rename a product."""
    return _done(shop.run(c.RenameProduct(sku=sku, **body.model_dump())))


@router.put("/products/{sku}/price")
def reprice_product(shop: Shop, sku: str, body: m.PriceBody) -> m.DoneBody:
    """Change a product's price."""
    return _done(shop.run(c.RepriceProduct(sku=sku, price=body.price)))
