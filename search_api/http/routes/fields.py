"""The fields of an index, for clients that build forms and queries."""

from fastapi import APIRouter
from msgspec import Struct
from starlette.responses import Response

from search_api.http.dependencies import IndexPath, SearchDep, json_response, responds_with
from search_api.query.schema import FieldKind, IndexField

router = APIRouter()
ROWS_OF_VALUES = ("keyword", "text", "boolean")


class FieldView(Struct, frozen=True):
    """What can be done with a field. `label` is its name in words. `kind` is what readers tell types apart by, `type` is Elasticsearch's.

    `operators` are those of the `filter` parameter. `searchable`: words without a field look here. `facetable`: values can be counted.
    `rows`: what an aggregation makes rows of: `values`, an `interval` (as in `day`), a `step` (a number), or null. `measurable`: it can be
    added up. `nested` is the array that it lies in, "" outside of arrays. `pii` are the kinds of personal data that it shows."""

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
    """The fields of an index, in the order of their names."""

    items: list[FieldView]


SCHEMAS = (Fields,)


@router.get("/v1/{index}/fields", operation_id="fields", openapi_extra=responds_with(Fields), tags=["read"])
async def fields(search: SearchDep, index: IndexPath) -> Response:
    """The fields of an index and what can be done with each."""
    return json_response(Fields([_field(one) for one in (await search.schema(index)).fields]))


def _field(one: IndexField) -> FieldView:
    return FieldView(
        name=one.name,
        label=one.title,
        kind=one.kind,
        type=one.type,
        operators=(["="] if one.filterable else []) + ([">", ">=", "<", "<="] if one.ranged else []),
        searchable=one.searchable,
        filterable=one.filterable,
        ranged=one.ranged,
        sortable=one.sortable,
        facetable=one.filterable and one.kind in ROWS_OF_VALUES,
        rows=_rows(one) if one.filterable else None,
        measurable=one.filterable and one.kind in ("integer", "number"),
        nested=one.nested,
        pii=sorted(one.pii),
    )


def _rows(one: IndexField) -> str | None:
    if one.kind in ROWS_OF_VALUES:
        return "values"
    return {"date": "interval", "integer": "step", "number": "step"}.get(one.kind)
