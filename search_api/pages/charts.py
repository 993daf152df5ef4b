"""The chart above the hits: a histogram along a date or a number, in which each bar links to the hits in it."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime

from babel.dates import format_date

from search_api.features.histograms import Bar, Histogram
from search_api.pages.address import PageAddress
from search_api.pages.locale import Locale
from search_api.query.schema import IndexField, IndexSchema

NO_CHART = "none"
"""The value of the `chart` parameter for no chart."""
MIN_BARS = 3
_FORMS = {"month": "LLL y", "quarter": "QQQ y", "year": "y"}
_DAYS = frozenset({"day", "week"})


@dataclass(frozen=True, slots=True)
class BarView:
    """A bar. `share` is its height as a percentage of the highest bar."""

    label: str
    count: int
    share: float
    at: float
    start: str
    end: str
    url: str


@dataclass(frozen=True, slots=True)
class ChartView:
    """The bars of one field. `rest` is the address without bounds on this field, to which a script adds others."""

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
    """The fields that a chart can show, dates first."""
    fields = [field for field in schema.fields if field.ranged and not field.nested]
    return tuple(
        sorted(fields, key=lambda field: (field.kind != "date", field.name.count("."), field.place, field.name))
    )


def candidates(schema: IndexSchema, address: PageAddress) -> list[IndexField]:
    """The fields to try: that of the address, else a field that is sorted or filtered by, then the first date and
    number.
    """
    fields = {field.name: field for field in chartable(schema)}
    if address.chart:
        return [fields[address.chart]] if address.chart in fields else []
    sort = address.sort.removeprefix("-")
    in_use = [field for field in fields.values() if field.name == sort or address.bounds_of(field.name)]
    own = [field for field in fields.values() if "." not in field.name]
    dates = [field for field in own if field.kind == "date"]
    numbers = [field for field in own if field.kind == "number"]
    return list(dict.fromkeys([*in_use[:1], *dates[:1], *numbers[:1]]))


def worth_showing(histograms: list[Histogram], address: PageAddress) -> Histogram | None:
    """The first histogram with enough bars; that of the address in any case."""
    enough = (histogram for histogram in histograms if len(histogram.bars) >= (1 if address.chart else MIN_BARS))
    return next(enough, None)


def chart_view(histogram: Histogram, address: PageAddress, title: str, locale: Locale) -> ChartView:
    highest = max((bar.count for bar in histogram.bars), default=1)
    bars = tuple(
        BarView(
            label=_label(bar, histogram, locale),
            count=bar.count,
            share=round(100 * bar.count / max(highest, 1), 1),
            at=bar.at,
            start=bar.start,
            end=bar.end,
            url=address.within(histogram.field, bar.start, bar.end).url,
        )
        for bar in histogram.bars
    )
    rest = address.within(histogram.field, "", "").url
    return ChartView(
        histogram.field, title, histogram.kind, histogram.step, bars, rest, address.with_chart(NO_CHART).url
    )


def _label(bar: Bar, histogram: Histogram, locale: Locale) -> str:
    if histogram.kind == "date":
        return _date_label(bar.start, histogram.step, locale)
    start = locale.number(bar.start)
    return f"{start} – {locale.number(bar.end)}" if bar.end else f"≥ {start}"


def _date_label(start: str, step: str, locale: Locale) -> str:
    with suppress(ValueError, OverflowError):
        day: date = datetime.fromisoformat(start).date()
        if step in _FORMS:
            return format_date(day, _FORMS[step], locale=locale.language)
        if step in _DAYS:
            return locale.day(day.isoformat())
    return locale.moment(start)
