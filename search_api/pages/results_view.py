"""What the results template shows, put together from an answer."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from search_api.elasticsearch.responses import Facet, FacetValue, SearchPage
from search_api.features.histograms import Histogram
from search_api.pages.address import PageAddress
from search_api.pages.charts import ChartView, chart_view, chartable, worth_showing
from search_api.pages.columns import MOST_COLUMNS, default_columns
from search_api.pages.filters import Chip, chips
from search_api.pages.locale import Locale
from search_api.pages.rows import ResultRow, result_row
from search_api.pages.values import ValueFormatter, read
from search_api.query.limits import MAX_FACETS
from search_api.query.schema import IndexField, IndexSchema

PAGE_SIZE = 25
MOST_FACETS = 7
MOST_CHOICES = 8


@dataclass(frozen=True, slots=True)
class ColumnView:
    """A column of the table. `order` is ascending, descending, or none as ARIA has it, "" when it cannot be sorted."""

    field: IndexField
    order: str
    sorted_url: str


@dataclass(frozen=True, slots=True)
class FacetChoice:
    """A value of a facet. `share` is its part of the greatest count, as a percentage."""

    value: str
    count: int
    chosen: bool
    share: int


@dataclass(frozen=True, slots=True)
class FacetView:
    """The values of one field."""

    field: str
    title: str
    choices: tuple[FacetChoice, ...]
    more: int


@dataclass(frozen=True, slots=True)
class RangeView:
    """A field that can be narrowed by two bounds, and those that it has. `kind` is the kind of its controls."""

    field: str
    title: str
    kind: str
    start: str
    end: str
    shown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ResultsView:
    """Everything in the middle of the page. `choosable` are the fields that can be columns, as the documents order them."""

    address: PageAddress
    found: SearchPage
    columns: tuple[ColumnView, ...]
    choosable: tuple[IndexField, ...]
    rows: tuple[ResultRow, ...]
    facets: tuple[FacetView, ...]
    filterable: tuple[IndexField, ...]
    sortable: tuple[IndexField, ...]
    ranges: tuple[RangeView, ...]
    chips: tuple[Chip, ...]
    chart: ChartView | None
    chartable: tuple[IndexField, ...]

    @property
    def first(self) -> int:
        """The number of the first row."""
        return (self.address.page - 1) * PAGE_SIZE + 1

    @property
    def last(self) -> int:
        """The number of the last row."""
        return self.first + len(self.rows) - 1

    @property
    def next(self) -> str:
        """The address of the next page, "" on the last."""
        total = self.found.total
        more = self.found.next_cursor if total.relation == "gte" or self.last < total.value else None
        return self.address.on_page(self.address.page + 1, more).url if more else ""

    @property
    def previous(self) -> str:
        """The address of the page before, "" on the first, which is always that of now."""
        page = self.address.page - 1
        return self.address.on_page(page, (self.found.previous_cursor or "") if page > 1 else "").url if page else ""

    @property
    def api_url(self) -> str:
        """The same question to the API."""
        address = self.address
        return f"/v1/{address.index}/search" + (f"?{urlencode(address.asked)}" if address.asked else "")

    def export_url(self, form: str) -> str:
        """All of the hits as a file, with the columns that are shown. A file is of the text alone, so it gets the corrected one."""
        columns = ",".join(column.field.name for column in self.columns)
        shown = replace(self.address, q=self.found.corrected or self.address.q)
        pairs = [("format", form), *shown.asked, ("columns", columns)]
        return f"/v1/{self.address.index}/export?{urlencode(pairs)}"


def facet_names(schema: IndexSchema, address: PageAddress) -> tuple[str, ...]:
    """The fields whose values are counted: those that are filtered by, then states and codes, then short texts that many may share.

    Whether documents do share them only the counts can tell."""
    chosen = [one.name for one in schema.in_order if address.chosen(one.name) and _can_be_counted(one)]
    outside = [one for one in schema.in_order if _can_be_counted(one) and not one.nested]
    outside.sort(key=lambda one: (not one.state, one.kind == "text", one.name.count("."), one.place))
    return tuple(dict.fromkeys([*chosen, *(one.name for one in outside if not one.pii)]))[:MAX_FACETS]


def _can_be_counted(field: IndexField) -> bool:
    return field.filterable and field.kind in ("keyword", "text", "boolean")


def results_view(
    address: PageAddress, schema: IndexSchema, found: SearchPage, histograms: list[Histogram], reader: Locale
) -> ResultsView:
    """The view of an answer."""
    documents = [read(hit.document) for hit in found.items]
    columns = tuple(name for name in address.columns if name in schema.by_name)[:MOST_COLUMNS]
    columns = columns or default_columns(schema)
    fields = list(schema.in_order)
    shown = worth_showing(histograms, address)
    return ResultsView(
        address=address,
        found=found,
        columns=tuple(_column(schema.by_name[name], address) for name in columns),
        choosable=tuple(fields),
        rows=tuple(
            result_row(address.index, hit, document, columns, ValueFormatter(reader, schema, document))
            for hit, document in zip(found.items, documents, strict=True)
        ),
        facets=_facets(found.facets, address, schema),
        filterable=tuple(field for field in fields if field.filterable),
        sortable=tuple(field for field in fields if field.sortable and not field.nested),
        ranges=_ranges(fields, address),
        chips=tuple(chips(address, ValueFormatter(reader, schema))),
        chart=chart_view(shown, address, schema.by_name[shown.field].title, reader) if shown else None,
        chartable=chartable(schema),
    )


def _ranges(fields: list[IndexField], address: PageAddress) -> tuple[RangeView, ...]:
    """A number and a date of the document itself, and whatever has bounds already."""
    own = [field for field in fields if field.ranged and not field.nested]
    numbers = [one for one in own if one.kind == "number" and "." not in one.name][:1]
    dates = [one for one in own if one.kind == "date" and "." not in one.name][:1]
    bounded = [one for one in own if address.bounds_of(one.name)]
    wanted = {one.name: one for one in (*numbers, *dates, *bounded)}
    return tuple(_range(one, address) for one in wanted.values())


def _range(field: IndexField, address: PageAddress) -> RangeView:
    """Controls hold what `>=` and `<=` say, and of dates days alone; other bounds stay chips."""
    start, end = address.bound(field.name, ">="), address.bound(field.name, "<=")
    kind = "date" if field.kind == "date" else "number"
    if kind == "date":
        start, end = start * _is_day(start), end * _is_day(end)
    shown = [f"{field.name}:>={start}"] * bool(start) + [f"{field.name}:<={end}"] * bool(end)
    return RangeView(field.name, field.title, kind, start, end, tuple(shown))


def _is_day(text: str) -> bool:
    return len(text) == len("2026-01-31") and not text.startswith("now")


def _column(field: IndexField, address: PageAddress) -> ColumnView:
    if not field.sortable:
        return ColumnView(field, "", "")
    order = {field.name: "ascending", f"-{field.name}": "descending"}.get(address.sort, "none")
    return ColumnView(field, order, address.sorted_by(field.name).url)


def _facets(facets: list[Facet], address: PageAddress, schema: IndexSchema) -> tuple[FacetView, ...]:
    shown = list(_telling(facets, address))[:MOST_FACETS]
    return tuple(_facet(one, address, schema) for one in sorted(shown, key=lambda one: schema.by_name[one.field].place))


def _telling(facets: list[Facet], address: PageAddress) -> Iterator[Facet]:
    """Those that tell something, and not the same as one before."""
    told: list[list[FacetValue]] = []
    for one in facets:
        if address.chosen(one.field) or (_is_worth_showing(one) and one.values not in told):
            told.append(one.values)
            yield one


def _is_worth_showing(facet: Facet) -> bool:
    """One value tells nothing, and neither do values that hardly any two documents share."""
    counts = [one.count for one in facet.values]
    return len(counts) > 1 and counts[0] > 1 and sum(counts) >= facet.more


def _facet(facet: Facet, address: PageAddress, schema: IndexSchema) -> FacetView:
    most = max((one.count for one in facet.values), default=1)
    known = {one.value for one in facet.values}
    gone = [one.partition(":=")[2] for one in address.filters if one.startswith(f"{facet.field}:=")]
    choices = [
        FacetChoice(one.value, one.count, address.has(facet.field, one.value), max(1, 100 * one.count // most))
        for one in facet.values
    ]
    hidden = [one for one in choices[MOST_CHOICES:] if not one.chosen]
    choices = [one for one in choices if one not in hidden]
    choices += [FacetChoice(value, 0, True, 0) for value in gone if value not in known]
    return FacetView(
        facet.field, schema.by_name[facet.field].title, tuple(choices), facet.more + sum(one.count for one in hidden)
    )
