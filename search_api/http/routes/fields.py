"""The fields of an index, for clients that build forms and queries."""

from fastapi import APIRouter
from msgspec import Struct
from starlette.responses import Response

from search_api.http.dependencies import IndexPath, SearchDep, json_response, responds_with
from search_api.query.schema import COUNTED, FieldKind, IndexField

router = APIRouter()


class FieldView(Struct, frozen=True):
    """What a field supports. `label` is its display name, `kind` groups Elasticsearch's types, and `type` is the exact
    one.

    `operators` are those of the `filter` parameter. `searchable`: words without a field search it. `facetable`: its
    values can be counted. `rows`: how an aggregation groups by it: `values`, an `interval` (such as `day`), a `step` (a
    number), or null. `measurable`: it can be summed. `nested` is the array around it, "" outside of arrays. `pii` are
    the kinds of personal data that it reveals.
    """

    name: str
    label: str
    kind: FieldKind
    type: str
    operators: list[str]
    searchable: bool
    filterable: bool
    ranged: bool
    sortable: bool
    facetable: bool
    rows: str | None
    measurable: bool
    nested: str
    pii: list[str]


class Fields(Struct, frozen=True):
    """The fields of an index, ordered by name."""

    items: list[FieldView]


SCHEMAS = (Fields,)


@router.get("/v1/{index}/fields", operation_id="fields", openapi_extra=responds_with(Fields), tags=["read"])
async def fields(search: SearchDep, index: IndexPath) -> Response:
    """List the fields of an index and what each supports."""
    return json_response(Fields([_field(field) for field in (await search.schema(index)).fields]))


def _field(field: IndexField) -> FieldView:
    return FieldView(
        name=field.name,
        label=field.title,
        kind=field.kind,
        type=field.type,
        operators=(["="] if field.filterable else []) + ([">", ">=", "<", "<="] if field.ranged else []),
        searchable=field.searchable,
        filterable=field.filterable,
        ranged=field.ranged,
        sortable=field.sortable,
        facetable=field.facetable,
        rows=_rows(field) if field.filterable else None,
        measurable=field.filterable and field.kind in ("integer", "number"),
        nested=field.nested,
        pii=sorted(field.pii),
    )


def _rows(field: IndexField) -> str | None:
    if field.kind in COUNTED:
        return "values"
    return {"date": "interval", "integer": "step", "number": "step"}.get(field.kind)
