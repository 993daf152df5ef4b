"""How the page renders documents and URLs, without servers."""

from datetime import UTC
from typing import Any

import babel
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup
from msgspec import Raw

from search_api.elasticsearch.highlight_html import CLOSE, OPEN, to_html
from search_api.elasticsearch.responses import Facet, FacetValue, Hit, SearchPage, Total
from search_api.freshness.view import unknown
from search_api.pages.address import PageAddress
from search_api.pages.columns import default_columns
from search_api.pages.document_view import section
from search_api.pages.filters import chips, filter_words
from search_api.pages.locale import Locale, locale_of
from search_api.pages.results_view import facet_names, results_view
from search_api.pages.rows import result_row
from search_api.pages.values import ValueFormatter, parse_document
from search_api.query.schema import in_words, read_mapping
from tests.support.builders.book_index import BOOKS, MAPPINGS

SCHEMA = read_mapping(MAPPINGS)
ENGLISH = Locale(babel.Locale("en", "GB"), UTC)
WRITER = ValueFormatter(ENGLISH, SCHEMA)


def document(text: str) -> dict[str, Any]:
    return parse_document(Raw(text.encode()))


def hit(number: str, **highlights: str) -> Hit:
    marked = {name.replace("__", "."): [to_html(text)] for name, text in highlights.items()}
    return Hit(number, 7, 1.0, marked, Raw(BOOKS[number].encode()))


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "1234.50", "1,234.50"),
        ("de-CH, de;q=0.9", "1234.50", "1’234.50"),
        ("pt-BR", "1234567", "1.234.567"),
        ("xx;q=1, de;q=0.5", "0.10", "0,10"),
        ("", "2026", "2026"),
        ("en", "1e300", "1e300"),
        ("en", "9007199254740993", "9,007,199,254,740,993"),
        ("ar", "12345.5", "12,345.5"),
    ],
)
def test_numbers_keep_their_decimals_in_every_language(language: str, text: str, expected: str) -> None:
    assert locale_of(language, {}).number(text) == expected


@given(st.text(max_size=60), st.text(max_size=40))
def test_any_header_makes_a_reader(language: str, zone: str) -> None:
    assert locale_of(language, {"rowtide-zone": zone}).number("1") == "1"


def test_times_are_in_the_readers_zone_and_exact_beside_it() -> None:
    berlin = locale_of("en-GB", {"rowtide-zone": "Europe/Berlin"})
    fact = ValueFormatter(berlin, SCHEMA).fact("published", "2026-06-30T22:30:00Z")
    assert (fact.text, fact.full, fact.kind) == ("1 Jul 2026, 00:30", "2026-06-30T22:30:00Z", "time")
    assert berlin.moment("2026-06-30T22:30:00") == "30 Jun 2026, 22:30"
    assert berlin.day("2026-02-30") == "2026-02-30"
    assert berlin.moment("99999-06-30T22:30:00Z") == "99999-06-30T22:30:00Z"


def test_money_never_loses_a_decimal() -> None:
    assert ENGLISH.money("1234.5", "EUR") == "€1,234.50"
    assert ENGLISH.money("0.1234", "EUR") == "€0.1234"
    assert ENGLISH.money("5", "points") == "5 points"


def test_amounts_have_their_currency_and_fields_their_labels() -> None:
    described = {
        "search": {"money": {"genre": ["price", "copies.number"], "USD": ["big"]}},
        "fields": {"price": {"label": "Cost"}},
    }
    schema = read_mapping({**MAPPINGS, "_meta": described})
    holds = document('{"price":1234.5,"genre":"EUR","big":7,"copies":[{"number":3}]}')
    facts = {fact.path: fact for fact in section(holds, ValueFormatter(ENGLISH, schema, holds)).facts}
    assert (facts["price"].text, facts["price"].full, facts["price"].label) == ("€1,234.50", "1234.5 EUR", "Cost")
    assert facts["big"].text == "US$7.00"
    number = section(holds, ValueFormatter(ENGLISH, schema, holds)).tables[0].rows[0][0]
    assert number is not None
    assert number.text == "€3.00"
    assert schema.by_name["price"].title == "Cost"


def test_states_are_chips_and_prose_is_not() -> None:
    assert WRITER.fact("genre", "short_story").kind == "chip"
    assert WRITER.fact("genre", "A whole sentence of prose.").kind == "text"
    assert WRITER.fact("title", "novel").kind == "text"
    assert WRITER.fact("genre", None).kind == "none"


def test_parts_keep_the_order_and_the_numbers_of_the_document() -> None:
    parts = section(
        document('{"n":"A-1","total":1.10,"big":12345,"a":{"b":{"c":2}},"lines":[{"x":{"y":2.50}},{"z":[]}]}'), WRITER
    )
    assert [fact.full for fact in parts.facts] == ["A-1", "1.10", "12345"]
    assert parts.sections[0].sections[0].facts[0].path == "a.b.c"
    assert parts.tables[0].columns == ("X › y", "Z")
    assert parts.tables[0].numeric == {0, 1}


def test_columns_follow_the_spec_and_not_the_hits() -> None:
    order = ["shelf_mark", "title", "genre", "price", "published", "lent", "author.name"]
    schema = read_mapping(
        {**MAPPINGS, "_meta": {"order": order, "states": ["genre"], "search": {"boost": {"title": 3}}}}
    )
    assert [field.name for field in schema.in_order][: len(order)] == order
    assert default_columns(schema) == ("shelf_mark", "title", "genre", "price", "published", "lent", "author.name")
    assert default_columns(SCHEMA)[0] == "author.name"


def test_a_cell_shows_what_matched() -> None:
    row = result_row(
        "books", hit("1", title=f"The Old {OPEN}Harbour{CLOSE}"), document(BOOKS["1"]), ("title", "genre"), WRITER
    )
    assert row.cells[0].marked == Markup("The Old <mark>Harbour</mark>")
    assert row.snippets == ()
    assert row.url == "/books/1"


def test_what_no_cell_shows_stands_below_the_row() -> None:
    marked = hit("1", title=f"The Old {OPEN}Harbour{CLOSE}", copies__place=f"{OPEN}Lisbon{CLOSE} & <b>")
    row = result_row("books", marked, document(BOOKS["1"]), ("title",), WRITER)
    assert row.snippets == (("Copies › place", Markup("<mark>Lisbon</mark> &amp; &lt;b&gt;")),)


def test_what_matched_comes_first_in_an_array() -> None:
    row = result_row(
        "books", hit("1", copies__place=f"{OPEN}Porto{CLOSE}"), document(BOOKS["1"]), ("copies.place",), WRITER
    )
    assert row.cells[0].marked == Markup("<mark>Porto</mark>, Lisbon")


def test_an_id_may_hold_anything() -> None:
    row = result_row("books", hit("a/b c?d#e%2F"), document(BOOKS["a/b c?d#e%2F"]), ("title",), WRITER)
    assert row.url == "/books/a%2Fb%20c%3Fd%23e%252F"


def test_an_address_holds_the_state_of_the_page() -> None:
    address = PageAddress("books", "ü & b", ("genre:=novel",), "-price", ("title", "price"), page=2)
    assert address.url == "/books?q=%C3%BC+%26+b&filter=genre%3A%3Dnovel&sort=-price&columns=title%2Cprice&page=2"
    assert address.without_filter("genre:=novel").url == "/books?q=%C3%BC+%26+b&sort=-price&columns=title%2Cprice"
    assert address.with_filter("genre:=poetry").filters == ("genre:=novel", "genre:=poetry")
    assert [address.sorted_by("title").sort, PageAddress("b", sort="a").sorted_by("a").sort] == ["title", "-a"]
    assert PageAddress("b", sort="-a").sorted_by("a").sort == ""


def test_bounds_are_told_apart() -> None:
    address = PageAddress("books", filters=("price:>=2", "price:<9"))
    assert (address.bound("price", ">="), address.bound("price", ">"), address.bound("price", "<")) == ("2", "", "9")


def test_a_range_takes_the_place_of_other_bounds() -> None:
    address = PageAddress("books", filters=("price:>=2", "genre:=novel", "price:<9"), page=3)
    assert address.within("price", "3", "4").filters == ("genre:=novel", "price:>=3", "price:<4")
    assert address.within("price", "3", "").filters == ("genre:=novel", "price:>=3", "price:<9")
    assert address.within("price", "", "").filters == ("genre:=novel",)


def test_filters_and_fields_in_words() -> None:
    assert in_words("ship_to.postal_code") == "Ship to › postal code"
    assert filter_words("ship_to.city:=São Paulo", WRITER) == "Ship to › city: São Paulo"
    assert filter_words("total:>=10", WRITER) == "Total ≥ 10"
    assert filter_words("published:<2026-06-01T00:00:00+02:00", WRITER) == "Published < 1 Jun 2026"
    assert filter_words("desk", WRITER) == "“desk”"


def test_two_bounds_of_a_field_are_one_chip() -> None:
    address = PageAddress("books", filters=("published:<2026-06-01", "genre:=novel", "published:>=2026-05-01"))
    first, second = chips(address, WRITER)
    assert (first.text, first.url) == ("Published: 1 May 2026 – 1 Jun 2026", "/books?filter=genre%3A%3Dnovel")
    assert second.text == "Genre: novel"


def facet(field: str, more: int, *counts: tuple[str, int]) -> Facet:
    return Facet(field, [FacetValue(value, count) for value, count in counts], more)


def test_facets_that_tell_nothing_or_the_same_are_left_out() -> None:
    facets = [
        facet("genre", 0, ("novel", 3), ("poetry", 2)),
        facet("author.name", 0, ("novel", 3), ("poetry", 2)),
        facet("shelf_mark", 60, ("SM-1", 1), ("SM-2", 1)),
        facet("lent", 0, ("true", 5)),
        facet("title", 500, ("a", 9), ("b", 8)),
    ]
    result = SearchPage([], Total(5, "eq"), facets, None, None, False, 1, unknown("not asked"))
    shown = results_view(PageAddress("books"), SCHEMA, result, [], ENGLISH).facets
    assert [facet_.field for facet_ in shown] == ["genre"]
    chosen = PageAddress("books", filters=("shelf_mark:=SM-9",))
    again = results_view(chosen, SCHEMA, result, [], ENGLISH).facets
    assert [facet_.field for facet_ in again] == ["genre", "shelf_mark"]
    assert [(choice.value, choice.count, choice.chosen) for choice in again[1].choices][-1] == ("SM-9", 0, True)
    assert facet_names(SCHEMA, chosen)[0] == "shelf_mark"


def test_a_file_has_the_hits_that_are_shown() -> None:
    result = SearchPage([], Total(5, "eq"), [], None, None, False, 1, unknown("not asked"), corrected="dispossessed")
    view = results_view(PageAddress("books", q="disposessed", sort="title"), SCHEMA, result, [], ENGLISH)
    assert "q=dispossessed&sort=title" in view.export_url("csv")
    assert "q=disposessed&" in view.api_url
