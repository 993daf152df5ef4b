"""The chart over the hits: where the documents lie along a date or a number, each bar an address that narrows to it."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime

from babel.dates import format_date

from search_api.features.histograms import Bar, Histogram
from search_api.pages.address import PageAddress
from search_api.pages.locale import Locale
from search_api.query.schema import IndexField, IndexSchema

NONE = "none"
"""As the chart of an address: no chart."""
FEW_BARS = 3
_FORMS = {"month": "LLL y", "quarter": "QQQ y", "year": "y"}
_DAYS = frozenset({"day", "week"})


@dataclass(frozen=True, slots=True)
class BarView:
    """A bar. `share` is its part of the highest, as a percentage."""

    label: str
    count: int
    share: float
    at: float
    start: str
    end: str
    url: str


@dataclass(frozen=True, slots=True)
class ChartView:
    """The bars of one field. `rest` is the address without bounds of this field, to which a script adds others."""

    field: str
    title: str
    kind: str
    step: str
    bars: tuple[BarView, ...]
    rest: str
    hide: str

    @property
    def highest(self) -> BarView:
        """The bar with the most documents."""
        return max(self.bars, key=lambda bar: bar.count)


def chartable(schema: IndexSchema) -> tuple[IndexField, ...]:
    """The fields that a chart can show: dates first."""
    found = [field for field in schema.fields if field.ranged and not field.nested]
    return tuple(
        sorted(found, key=lambda field: (field.kind != "date", field.name.count("."), field.place, field.name))
    )


def candidates(schema: IndexSchema, address: PageAddress) -> list[IndexField]:
    """What the chart may show: what the address says, else a date that is sorted or filtered by, else the first date and number."""
    fields = {field.name: field for field in chartable(schema)}
    if address.chart:
        return [fields[address.chart]] if address.chart in fields else []
    used = [one for one in fields.values() if one.name == address.sort.removeprefix("-") or address.bounds_of(one.name)]
    own = [field for field in fields.values() if "." not in field.name]
    dates, numbers = [one for one in own if one.kind == "date"], [one for one in own if one.kind == "number"]
    return list(dict.fromkeys([*used[:1], *dates[:1], *numbers[:1]]))


def worth_showing(histograms: list[Histogram], address: PageAddress) -> Histogram | None:
    """The first with some bars; what the address says in any case."""
    return next((one for one in histograms if len(one.bars) >= FEW_BARS or (address.chart and one.bars)), None)


def chart_view(histogram: Histogram, address: PageAddress, title: str, reader: Locale) -> ChartView:
    """The view of a histogram."""
    most = max((bar.count for bar in histogram.bars), default=1)
    bars = tuple(
        BarView(
            label=_label(bar, histogram, reader),
            count=bar.count,
            share=round(100 * bar.count / max(most, 1), 1),
            at=bar.at,
            start=bar.start,
            end=bar.end,
            url=address.within(histogram.field, bar.start, bar.end).url,
        )
        for bar in histogram.bars
    )
    rest = address.within(histogram.field, "", "").url
    return ChartView(histogram.field, title, histogram.kind, histogram.step, bars, rest, address.with_chart(NONE).url)


def _label(bar: Bar, histogram: Histogram, reader: Locale) -> str:
    if histogram.kind == "date":
        return _date_label(bar.start, histogram.step, reader)
    start = reader.number(bar.start)
    return f"{start} – {reader.number(bar.end)}" if bar.end else f"≥ {start}"


def _date_label(start: str, step: str, reader: Locale) -> str:
    with suppress(ValueError, OverflowError):
        day: date = datetime.fromisoformat(start).date()
        if step in _FORMS:
            return format_date(day, _FORMS[step], locale=reader.language)
        if step in _DAYS:
            return reader.day(day.isoformat())
    return reader.moment(start)
