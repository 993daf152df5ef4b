"""The state of the results page as its address, so that every view can be shared and bookmarked."""

from dataclasses import dataclass, replace
from urllib.parse import urlencode


@dataclass(frozen=True, slots=True)
class PageAddress:
    """What the results page shows. `columns` and `chart` are field names; empty means the defaults for the index.

    `page` counts from 1; `cursor` keeps the page at the point in time of the first one. It works only for its caller,
    and expires.
    """

    index: str
    q: str = ""
    filters: tuple[str, ...] = ()
    sort: str = ""
    columns: tuple[str, ...] = ()
    chart: str = ""
    page: int = 1
    cursor: str = ""

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The query parameters, without defaults."""
        pairs = [("q", self.q), *(("filter", filter_) for filter_ in self.filters), ("sort", self.sort)]
        pairs += [("columns", ",".join(self.columns)), ("chart", self.chart)]
        pairs += [("page", str(self.page)), ("cursor", self.cursor)] if self.page != 1 else []
        return [pair for pair in pairs if pair[1]]

    @property
    def search_pairs(self) -> list[tuple[str, str]]:
        """The parameters that the API needs for the same hits."""
        return [pair for pair in self.pairs if pair[0] in ("q", "filter", "sort")]

    @property
    def query(self) -> str:
        """The query string."""
        return urlencode(self.pairs)

    @property
    def url(self) -> str:
        return f"/{self.index}" + (f"?{self.query}" if self.pairs else "")

    @property
    def bare(self) -> "PageAddress":
        """The same view of all documents."""
        return replace(self, q="", filters=(), page=1)

    def with_text(self, q: str) -> "PageAddress":
        """With another search text, on the first page."""
        return replace(self, q=q, page=1)

    def with_filter(self, added: str) -> "PageAddress":
        """With one more filter, on the first page."""
        return replace(self, filters=tuple(dict.fromkeys((*self.filters, added))), page=1)

    def without_filter(self, removed: str) -> "PageAddress":
        """Without this filter, on the first page."""
        return replace(self, filters=tuple(filter_ for filter_ in self.filters if filter_ != removed), page=1)

    def has_selection(self, field: str) -> bool:
        """Whether any value of a facet is selected."""
        return any(filter_.startswith(f"{field}:=") for filter_ in self.filters)

    def bound(self, field: str, comparison: str) -> str:
        """The value that a field is compared with, "" if there is none."""
        prefix = f"{field}:{comparison}"
        values = [filter_.removeprefix(prefix) for filter_ in self.filters if filter_.startswith(prefix)]
        return next((value for value in values if not value.startswith("=")), "")

    def bounds_of(self, field: str) -> tuple[str, ...]:
        """The range filters on a field."""
        return tuple(filter_ for filter_ in self.filters if filter_.startswith((f"{field}:<", f"{field}:>")))

    def within(self, field: str, start: str, end: str) -> "PageAddress":
        """With a field from `start` up to but excluding `end`, in place of other bounds; "" is unbounded."""
        bounds = self.bounds_of(field)
        others = [filter_ for filter_ in self.filters if filter_ not in bounds]
        added = [f"{field}:>={start}"] * bool(start) + [f"{field}:<{end}"] * bool(end)
        if start and not end:  # The last bar ends at the previous upper bound.
            added += [filter_ for filter_ in bounds if filter_.startswith(f"{field}:<")]
        return replace(self, filters=(*others, *added), page=1)

    def sorted_by(self, field: str) -> "PageAddress":
        """Sorted by a field: ascending, then descending, then in the default order."""
        order = {field: f"-{field}", f"-{field}": ""}.get(self.sort, field)
        return replace(self, sort=order, page=1)

    def with_columns(self, columns: tuple[str, ...]) -> "PageAddress":
        return replace(self, columns=columns)

    def with_chart(self, chart: str) -> "PageAddress":
        return replace(self, chart=chart)

    def on_page(self, page: int, cursor: str = "") -> "PageAddress":
        return replace(self, page=page, cursor=cursor)

    @property
    def shared(self) -> "PageAddress":
        """The address without its cursor, for other people and for later."""
        return self.on_page(self.page)
