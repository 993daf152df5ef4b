"""Columns, cells, CSV, NDJSON and Parquet: pure."""

import csv
import io
import json
import sys

import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw
from msgspec import json as msgspec_json

from search_api.exports.columns import CellReader, ExportColumn, chosen_columns, default_columns
from search_api.exports.formats import Csv, ExportRow, Ndjson
from search_api.exports.parquet import Parquet, UnsupportedCell
from search_api.query.schema import read_mapping
from search_api.query.validation import InvalidRequest
from tests.support.builders.book_index import BOOKS, MAPPINGS

SCHEMA = read_mapping(MAPPINGS)


def row(document: str, document_id: str = "1") -> ExportRow:
    return ExportRow(document_id, Raw(document.encode()), 7)


def cells(document: str, *names: str) -> list[str | None]:
    cells = CellReader([ExportColumn(name, "json") for name in names]).of(Raw(document.encode()))
    return [None if cell is None else bytes(cell).decode() for cell in cells]


def test_columns_are_the_fields_and_each_array() -> None:
    names = [column.name for column in default_columns(SCHEMA)]
    expected = "_id author.born author.name big copies cover extra genre lent price published shelf_mark title"
    assert names == expected.split()
    assert [column.kind for column in chosen_columns(["copies.place", "author", "price", "_version"], SCHEMA)] == [
        "json",
        "json",
        "number",
        "integer",
    ]
    for wrong in (["who"], ["copies.plac"], ["title.keyword"], [""], []):
        with pytest.raises(InvalidRequest):
            chosen_columns(wrong, SCHEMA)


def test_cells_keep_numbers_as_they_are_written() -> None:
    document = (
        '{"a":0.10000000000000000555,"b":{"c":12345678901234567890,"d":null},'
        '"l":[{"x":1.50,"m":[{"y":1},{"y":2}]},{"x":2},{}],"e":[]}'
    )
    assert cells(document, "a", "b.c", "b.d", "l.x", "l.m.y", "e", "e.x", "no", "b.no") == [
        "0.10000000000000000555",
        "12345678901234567890",
        "null",
        "[1.50,2]",
        "[1,2]",
        "[]",
        "[]",
        None,
        None,
    ]
    assert cells(document, "b", "b.c") == ['{"c":12345678901234567890,"d":null}', "12345678901234567890"]


@given(
    st.dictionaries(st.sampled_from(["a", "b", "a.b"]), st.recursive(st.none() | st.integers() | st.text(), st.lists))
)
def test_any_document_becomes_cells(document: dict[str, object]) -> None:
    cells(json.dumps(document), "a", "a.b", "a.b.c", "b")


SIGNS = "=+-@＝＋－＠"


def csv_of(value: object, number: float = -5.0) -> str:
    """A CSV with a number and a value."""
    form = Csv([ExportColumn("n", "number"), ExportColumn("a", "json")], header=False)
    return form.rows([row(json.dumps({"n": number, "a": value}, ensure_ascii=False, separators=(",", ":")))]).decode()


@pytest.mark.parametrize(
    "first",
    [
        *SIGNS,
        "=1+1",
        "-cmd",
        "\uff1d1+1",
        "\t=1",
        "\r=1",
        "\n",
        "\t",
        "\r",
        "|cmd",
        " =1",
        "\xa0\u200b＝1",
        '"=1"',
        "\x00@",
    ],
)
def test_no_text_of_a_csv_is_a_formula(first: str) -> None:
    form = Csv([ExportColumn("a", "keyword"), ExportColumn("n", "number")], header=True)
    text = form.begin() + form.rows([row(json.dumps({"a": f'{first}x,"y"\nz', "n": -5.0}))]) + form.end()
    head, line = csv.reader(io.StringIO(text.decode(), newline=""))
    assert head == ["a", "n"]
    assert line[0][:1] == "'"
    assert line[0].replace("'", "") == f'{first}x,"y"\nz'
    assert line[1] == "-5.0"


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("x;=2+2", "x;'=2+2"),
        ("x\t=2+2", "x\t'=2+2"),
        ("x|=2+2", "x|'=2+2"),
        ("x\n=2+2", "x\n'=2+2"),
        ("x; ＝2+2;@a", "x;' ＝2+2;'@a"),
        ('x;"=2+2"', 'x;\'"=2+2"'),
        ("=1;=2", "'=1;'=2"),
        ("a; b | c=d, -5; 6-7", "a; b | c=d, -5; 6-7"),
        (["x;=2+2", "|+1", 3], '["x;\\u003d2+2","|\\u002b1",3]'),
        ({"k;": -5, "l": ";＝1"}, '{"k;":-5,"l":";\\uff1d1"}'),
    ],
)
def test_a_formula_that_begins_after_a_separator_is_escaped(text: object, cell: str) -> None:
    ((_, written),) = csv.reader(io.StringIO(csv_of(text), newline=""))
    assert written == cell


def test_ordinary_cells_are_written_without_regular_expressions() -> None:
    """They took half of the time of a whole export."""
    expressions: list[str] = []

    def count(_frame: object, event: str, called: object) -> None:
        name = getattr(called, "__qualname__", "") if event == "c_call" else ""
        if name.startswith("Pattern."):
            expressions.append(name)

    form = Csv([ExportColumn("a", "keyword"), ExportColumn("b", "json"), ExportColumn("n", "number")], header=False)
    rows = [row('{"a": "2026-11-29", "b": [{"k": "x - y"}], "n": -5}'), row('{"a": "x=1, -2", "b": ["-"]}')]
    sys.setprofile(count)
    try:
        form.rows(rows)
    finally:
        sys.setprofile(None)
    assert expressions == []


piece = st.text(st.sampled_from([*SIGNS, *" ;\t|\r\n,\"'ax1\xa0\u200b\ufeff"]), max_size=12)
json_value = piece | st.lists(piece | st.integers(), max_size=3) | st.dictionaries(piece, piece, max_size=2)


@given(json_value, st.sampled_from(";\t|"), st.booleans())
def test_no_spreadsheet_finds_a_formula(value: object, separator: str, quotes: bool) -> None:
    """Whatever character separates cells for a spreadsheet, and whether or not it knows quotes."""
    text = csv_of(value, number=5)
    lines = io.StringIO(text, newline="")
    quoted, unquoted = csv.reader(lines, delimiter=separator), csv.reader(lines, delimiter=separator, quotechar="\0")
    for cells in quoted if quotes else unquoted:
        assert [cell for cell in cells if cell.strip(' \xa0\u200b\ufeff"')[:1] in {*SIGNS}] == []


@given(json_value)
def test_programs_read_json_as_it_was_and_texts_without_the_apostrophes(value: object) -> None:
    ((_, cell),) = csv.reader(io.StringIO(csv_of(value), newline=""))
    if isinstance(value, str):
        assert cell.replace("'", "") == value.replace("'", "")
        assert cell == value or set(value) & {*SIGNS, *"\t\r\n|"}
    else:
        assert json.loads(cell) == value


def test_a_csv_that_goes_on_has_no_header() -> None:
    form = Csv(chosen_columns(["_id", "copies.place", "author.name", "lent"], SCHEMA), header=False)
    assert form.begin() == b""
    assert form.rows([row(BOOKS["1"])]) == '1,"[""Lisbon"",""Porto""]",Zoë Ünal,true\r\n'.encode()


def test_ndjson_has_the_document_as_it_is_or_chosen_columns() -> None:
    line = Ndjson(None).rows([row(BOOKS["3"], 'a"b')])
    assert line == b'{"id":"a\\"b","version":7,"document":' + BOOKS["3"].encode() + b"}\n"
    flat = Ndjson(chosen_columns(["price", "author.name", "copies.number"], SCHEMA)).rows([row(BOOKS["3"])])
    assert flat == b'{"price":0.10000000000000000555,"author.name":null,"copies.number":[0]}\n'


def test_parquet_is_typed() -> None:
    columns = chosen_columns(["_id", "title", "price", "big", "published", "lent", "copies.place", "extra"], SCHEMA)
    form = Parquet(columns)
    first = (
        '{"title":"a","price":1.5,"big":9007199254740993,'
        '"published":"2026-01-31T12:00:00.123456+02:00","lent":true,"extra":{"k":1}}'
    )
    second = '{"title":null,"published":"2026-01-31"}'
    odd = '{"title":"c","published":"infinity","price":"NaN"}'
    file = form.begin() + form.rows([row(first), row(second, "2")]) + form.rows([row(odd, "3")]) + form.end()
    table = pyarrow.parquet.read_table(io.BytesIO(file))
    assert [str(arrow_type) for arrow_type in table.schema.types] == [
        "string", "string", "double", "int64", "timestamp[us, tz=UTC]", "bool", "string", "string",
    ]  # fmt: skip
    rows = table.to_pylist()
    assert rows[0]["big"] == 9007199254740993
    assert rows[0]["published"].isoformat() == "2026-01-31T10:00:00.123456+00:00"
    assert (rows[1]["title"], rows[1]["published"].isoformat()) == (None, "2026-01-31T00:00:00+00:00")
    assert rows[2]["published"] is None
    assert rows[2]["price"] != rows[2]["price"]
    assert pyarrow.parquet.ParquetFile(io.BytesIO(file)).num_row_groups == 2


def test_an_empty_parquet_file_is_valid_and_bad_values_raise() -> None:
    columns = chosen_columns(["price"], SCHEMA)
    assert pyarrow.parquet.read_table(io.BytesIO(Parquet(columns).end())).num_rows == 0
    several = Parquet(columns)
    file = several.rows([row('{"price":[1,2]}'), row('{"price":3}')]) + several.end()
    assert pyarrow.parquet.read_table(io.BytesIO(file)).column("price").to_pylist() == ["[1,2]", "3"]
    late = Parquet(columns)
    late.rows([row('{"price":1}')])
    with pytest.raises(UnsupportedCell, match="price"):
        late.rows([row('{"price":[1,2]}')])


def test_ids_are_encoded() -> None:
    assert msgspec_json.decode(Ndjson(None).rows([row("{}", "ü\n")]))["id"] == "ü\n"
