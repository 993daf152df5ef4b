"""The view of the results page, built from a search result."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from search_api.elasticsearch.responses import Facet, FacetValue, SearchPage
from search_api.features.histograms import Histogram
from search_api.pages.address import PageAddress
from search_api.pages.charts import ChartView, chart_view, chartable, worth_showing
from search_api.pages.columns import MAX_COLUMNS, default_columns
from search_api.pages.filters import Chip, chips
from search_api.pages.locale import Locale
from search_api.pages.rows import ResultRow, result_row
from search_api.pages.values import ValueFormatter, parse_document
from search_api.query.limits import MAX_FACETS
from search_api.query.schema import IndexField, IndexSchema

PAGE_SIZE = 25
MAX_SHOWN_FACETS = 7
MAX_CHOICES = 8


@dataclass(frozen=True, slots=True)
class ColumnView:
    """A column of the table. `order` is ascending, descending or none, as in ARIA; "" if it cannot be sorted."""

    field: IndexField
    order: str
    sorted_url: str


@dataclass(frozen=True, slots=True)
class FacetChoice:
    """A value of a facet. `share` is its count as a percentage of the highest."""

    value: str
    count: int
    chosen: bool
    share: int


@dataclass(frozen=True, slots=True)
class FacetView:
    field: str
    title: str
    choices: tuple[FacetChoice, ...]
    more: int


@dataclass(frozen=True, slots=True)
class RangeView:
    """A field that can be filtered by two bounds, and its current ones. `kind` is the input type, `shown` the filters
    in the inputs.
    """

    field: str
    title: str
    kind: str
    start: str
    end: str
    shown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ResultsView:
    """Everything in the middle of the page. `choosable` are the fields that can be columns, in document order."""

    address: PageAddress
    result: SearchPage
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
        total = self.result.total
        more = self.result.next_cursor if total.relation == "gte" or self.last < total.value else None
        return self.address.on_page(self.address.page + 1, more).url if more else ""

    @property
    def previous(self) -> str:
        """The address of the previous page, "" on the first. The first page never has a cursor."""
        page = self.address.page - 1
        return self.address.on_page(page, (self.result.previous_cursor or "") if page > 1 else "").url if page else ""

    @property
    def api_url(self) -> str:
        """The same search in the API."""
        address = self.address
        return f"/v1/{address.index}/search" + (f"?{urlencode(address.search_pairs)}" if address.search_pairs else "")

    def export_url(self, file_format: str) -> str:
        """All hits as a file with the shown columns, for the corrected text if there is one: exports do not correct."""
        columns = ",".join(column.field.name for column in self.columns)
        search_address = replace(self.address, q=self.result.corrected or self.address.q)
        pairs = [("format", file_format), *search_address.search_pairs, ("columns", columns)]
        return f"/v1/{self.address.index}/export?{urlencode(pairs)}"


def facet_names(schema: IndexSchema, address: PageAddress) -> tuple[str, ...]:
    """The fields to count: those that are filtered by, then states and codes, then short texts that documents may
    share.

    Whether documents share them is only known from the counts.
    """
    selected = [field.name for field in schema.in_order if address.has_selection(field.name) and field.facetable]
    others = [field for field in schema.in_order if field.facetable and not field.nested]
    others.sort(key=lambda field: (not field.state, field.kind == "text", field.name.count("."), field.place))
    return tuple(dict.fromkeys([*selected, *(field.name for field in others if not field.pii)]))[:MAX_FACETS]


def results_view(
    address: PageAddress, schema: IndexSchema, result: SearchPage, histograms: list[Histogram], locale: Locale
) -> ResultsView:
    documents = [parse_document(hit.document) for hit in result.items]
    columns = tuple(name for name in address.columns if name in schema.by_name)[:MAX_COLUMNS]
    columns = columns or default_columns(schema)
    fields = list(schema.in_order)
    histogram = worth_showing(histograms, address)
    return ResultsView(
        address=address,
        result=result,
        columns=tuple(_column(schema.by_name[name], address) for name in columns),
        choosable=tuple(fields),
        rows=tuple(
            result_row(address.index, hit, document, columns, ValueFormatter(locale, schema, document))
            for hit, document in zip(result.items, documents, strict=True)
        ),
        facets=_facets(result.facets, address, schema),
        filterable=tuple(field for field in fields if field.filterable),
        sortable=tuple(field for field in fields if field.sortable and not field.nested),
        ranges=_ranges(fields, address),
        chips=tuple(chips(address, ValueFormatter(locale, schema))),
        chart=chart_view(histogram, address, schema.by_name[histogram.field].title, locale) if histogram else None,
        chartable=chartable(schema),
    )


def _ranges(fields: list[IndexField], address: PageAddress) -> tuple[RangeView, ...]:
    """The first number and date of the root object, and every field that has bounds."""
    own = [field for field in fields if field.ranged and not field.nested]
    numbers = [field for field in own if field.kind == "number" and "." not in field.name][:1]
    dates = [field for field in own if field.kind == "date" and "." not in field.name][:1]
    bounded = [field for field in own if address.bounds_of(field.name)]
    return tuple(_range(field, address) for field in dict.fromkeys((*numbers, *dates, *bounded)))


def _range(field: IndexField, address: PageAddress) -> RangeView:
    """Inputs hold the values of `>=` and `<=`, for dates only whole days; other bounds stay chips."""
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
    shown = list(_informative(facets, address))[:MAX_SHOWN_FACETS]
    return tuple(
        _facet(facet, address, schema) for facet in sorted(shown, key=lambda facet: schema.by_name[facet.field].place)
    )


def _informative(facets: list[Facet], address: PageAddress) -> Iterator[Facet]:
    """The facets that distinguish documents, without those equal to a previous one."""
    shown: list[list[FacetValue]] = []
    for facet in facets:
        if address.has_selection(facet.field) or (_is_worth_showing(facet) and facet.values not in shown):
            shown.append(facet.values)
            yield facet


def _is_worth_showing(facet: Facet) -> bool:
    """A single value, or values that hardly any two documents share, are not informative."""
    counts = [value.count for value in facet.values]
    return len(counts) > 1 and counts[0] > 1 and sum(counts) >= facet.more


def _facet(facet: Facet, address: PageAddress, schema: IndexSchema) -> FacetView:
    highest = max((value.count for value in facet.values), default=1)
    counted = {value.value for value in facet.values}
    prefix = f"{facet.field}:="
    selected = [filter_.removeprefix(prefix) for filter_ in address.filters if filter_.startswith(prefix)]
    choices = [
        FacetChoice(value.value, value.count, value.value in selected, max(1, 100 * value.count // highest))
        for value in facet.values
    ]
    hidden = [choice for choice in choices[MAX_CHOICES:] if not choice.chosen]
    choices = [choice for choice in choices if choice not in hidden]
    choices += [FacetChoice(value, 0, True, 0) for value in selected if value not in counted]
    return FacetView(
        facet.field,
        schema.by_name[facet.field].title,
        tuple(choices),
        facet.more + sum(choice.count for choice in hidden),
    )
