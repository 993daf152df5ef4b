"""The fields of an index, for clients that build forms and queries."""

from fastapi import APIRouter
from msgspec import Struct
from starlette.responses import Response

from search_api.routes.asking import Index, Searching, answers, as_json
from search_api.schema import IndexField

router = APIRouter()


class FieldView(Struct, frozen=True):
    """What can be done with a field. `nested` is the array that it lies in, "" outside of arrays."""

    name: str
    kind: str
    type: str
    searchable: bool
    filterable: bool
    ranged: bool
    sortable: bool
    nested: str


class Fields(Struct, frozen=True):
    """The fields of an index, in the order of their names."""

    items: list[FieldView]


ANSWERS = (Fields,)


@router.get("/v1/{index}/fields", operation_id="fields", openapi_extra=answers(Fields), tags=["read"])
async def fields(search: Searching, index: Index) -> Response:
    """The fields of an index and what can be done with each."""
    return as_json(Fields([_field(one) for one in (await search.schema(index)).fields]))


def _field(one: IndexField) -> FieldView:
    return FieldView(one.name, one.kind, one.type, one.searchable, one.filterable, one.ranged, one.sortable, one.nested)
