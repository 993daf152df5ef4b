"""The state of the results page as its address, so that every view can be shared, bookmarked and gone back to."""

from dataclasses import dataclass, replace
from urllib.parse import urlencode


@dataclass(frozen=True, slots=True)
class PageAddress:
    """What the results page shows."""

    index: str
    q: str = ""
    filters: tuple[str, ...] = ()
    sort: str = ""
    page: int = 1

    @property
    def url(self) -> str:
        """The address; what has its default is left out."""
        pairs = [("q", self.q), *(("filter", one) for one in self.filters), ("sort", self.sort)]
        given = [pair for pair in pairs if pair[1]] + ([("page", str(self.page))] if self.page > 1 else [])
        return f"/{self.index}" + (f"?{urlencode(given)}" if given else "")

    def with_filter(self, added: str) -> "PageAddress":
        """The same with one filter more, on the first page."""
        return replace(self, filters=tuple(dict.fromkeys((*self.filters, added))), page=1)

    def without_filter(self, removed: str) -> "PageAddress":
        """The same with one filter less, on the first page."""
        return replace(self, filters=tuple(one for one in self.filters if one != removed), page=1)

    def toggled(self, field: str, value: str) -> "PageAddress":
        """The same with a facet's value chosen, or no longer chosen."""
        one = f"{field}:={value}"
        return self.without_filter(one) if one in self.filters else self.with_filter(one)

    def has(self, field: str, value: str) -> bool:
        """Whether a facet's value is chosen."""
        return f"{field}:={value}" in self.filters

    def chosen(self, field: str) -> bool:
        """Whether any value of a facet is chosen."""
        return any(one.startswith(f"{field}:=") for one in self.filters)

    def on_page(self, page: int) -> "PageAddress":
        """The same on another page."""
        return replace(self, page=page)
