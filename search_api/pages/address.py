"""The state of the results page as its address, so that every view can be shared, bookmarked and gone back to."""

from dataclasses import dataclass, replace
from urllib.parse import urlencode


@dataclass(frozen=True, slots=True)
class PageAddress:
    """What the results page shows. `columns` and `chart` are fields; empty means those that suit the documents.

    `page` is where the hits are, counted from 1; `cursor`, which serves its reader alone and not for long, keeps to what was
    there when the first page was left."""

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
        """The parameters; what has its default is left out."""
        found = [("q", self.q), *(("filter", one) for one in self.filters), ("sort", self.sort)]
        found += [("columns", ",".join(self.columns)), ("chart", self.chart)]
        found += [("page", str(self.page)), ("cursor", self.cursor)] if self.page != 1 else []
        return [pair for pair in found if pair[1]]

    @property
    def asked(self) -> list[tuple[str, str]]:
        """What the API has to know to give the same hits."""
        return [pair for pair in self.pairs if pair[0] in ("q", "filter", "sort")]

    @property
    def query(self) -> str:
        """The parameters as they stand behind the question mark."""
        return urlencode(self.pairs)

    @property
    def url(self) -> str:
        """The address itself."""
        return f"/{self.index}" + (f"?{self.query}" if self.pairs else "")

    @property
    def bare(self) -> "PageAddress":
        """The same view of all documents."""
        return replace(self, q="", filters=(), page=1)

    def with_text(self, q: str) -> "PageAddress":
        """The same with another text, on the first page."""
        return replace(self, q=q, page=1)

    def with_filter(self, added: str) -> "PageAddress":
        """The same with one filter more, on the first page."""
        return replace(self, filters=tuple(dict.fromkeys((*self.filters, added))), page=1)

    def without_filter(self, removed: str) -> "PageAddress":
        """The same with one filter less, on the first page."""
        return replace(self, filters=tuple(one for one in self.filters if one != removed), page=1)

    def has(self, field: str, value: str) -> bool:
        """Whether a facet's value is chosen."""
        return f"{field}:={value}" in self.filters

    def chosen(self, field: str) -> bool:
        """Whether any value of a facet is chosen."""
        return any(one.startswith(f"{field}:=") for one in self.filters)

    def bound(self, field: str, comparison: str) -> str:
        """The value that a field is compared with, "" when it is not."""
        prefix = f"{field}:{comparison}"
        values = [one.removeprefix(prefix) for one in self.filters if one.startswith(prefix)]
        return next((value for value in values if not value.startswith("=")), "")

    def bounds_of(self, field: str) -> tuple[str, ...]:
        """The filters that compare a field by size."""
        return tuple(one for one in self.filters if one.startswith((f"{field}:<", f"{field}:>")))

    def within(self, field: str, start: str, end: str) -> "PageAddress":
        """The same with a field from `start` up to but without `end`, in place of other bounds; "" is no bound."""
        bounds = self.bounds_of(field)
        kept = [one for one in self.filters if one not in bounds]
        added = [f"{field}:>={start}"] * bool(start) + [f"{field}:<{end}"] * bool(end)
        if start and not end:  # The last bar ends where the bounds before end.
            added += [one for one in bounds if one.startswith(f"{field}:<")]
        return replace(self, filters=(*kept, *added), page=1)

    def sorted_by(self, field: str) -> "PageAddress":
        """The same in the order of a field: upwards, then downwards, then in the order that the text gives."""
        order = {field: f"-{field}", f"-{field}": ""}.get(self.sort, field)
        return replace(self, sort=order, page=1)

    def with_columns(self, columns: tuple[str, ...]) -> "PageAddress":
        """The same with other columns."""
        return replace(self, columns=columns)

    def with_chart(self, chart: str) -> "PageAddress":
        """The same with another chart."""
        return replace(self, chart=chart)

    def on_page(self, page: int, cursor: str = "") -> "PageAddress":
        """The same on another page."""
        return replace(self, page=page, cursor=cursor)

    @property
    def shared(self) -> "PageAddress":
        """The same for others, and for later."""
        return self.on_page(self.page)
