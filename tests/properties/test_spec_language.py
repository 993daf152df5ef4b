"""Every text results in a plan or in a list of errors with lines, and never in anything else."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from read_model.plan.describe import plan_text
from read_model.plan.model import PipelinePlan, nodes
from read_model.plan.resolve import resolve
from read_model.spec import keywords
from read_model.spec.errors import SpecError
from read_model.spec.parser import parse_spec
from tests.support.builders.catalogs import answered

SHOP = answered("shop")
COLUMNS = [
    "id",
    "number",
    "name",
    "status",
    "total",
    "notes",
    "order_id",
    "line_no",
    "product_id",
    "quantity",
    "amount",
    "attributes",
]
TABLES = ["orders", "customers", "addresses", "order_lines", "products", "categories", "payments", "tags", "order_tags"]
WORDS = [
    *{
        **keywords.DOCUMENT,
        **keywords.INCLUDE,
        **keywords.FIELD,
        **keywords.COMPUTE,
        **keywords.THROUGH,
    }.keys(),
    *keywords.OPERATORS,
    *keywords.SEARCH,
]

names = st.sampled_from([*COLUMNS, *TABLES, "all", "lines", "lines.quantity", "not null", "", "_x", "a.b", "é"])
values = st.none() | st.booleans() | st.integers(-5, 5) | st.just(1.5) | names
anything = st.recursive(
    values,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS) | names, inner, max_size=4),
    max_leaves=12,
)


def sparse(shapes: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Mappings with some of the keys, most of the time with sensible values."""
    return st.fixed_dictionaries({}, optional={key: shape | anything for key, shape in shapes.items()})


columns = st.lists(st.sampled_from(COLUMNS), max_size=3)
wheres = st.dictionaries(
    st.sampled_from(COLUMNS), values | sparse(dict.fromkeys(keywords.OPERATORS, values)), max_size=2
)
tables = st.sampled_from(TABLES)
includes = st.recursive(
    st.fixed_dictionaries({"one": tables}),
    lambda inner: st.dictionaries(
        st.sampled_from(["lines", "a", "b"]),
        sparse({
            "one": tables, "many": tables, "through": tables, "by": st.sampled_from(COLUMNS), "fields": columns,
            "value": names | st.fixed_dictionaries({"constant": values}) | inner | sparse({"one": tables, "many": tables, "value": names}),
            "order_by": columns, "limit": st.integers(1, 3), "where": wheres, "include": inner,
            "on": st.dictionaries(st.sampled_from(COLUMNS), st.sampled_from(COLUMNS), max_size=2),
        }),
        max_size=2,
    ),
    max_leaves=4,
)  # fmt: skip
documents = st.builds(
    lambda body, root: {"from": root, **body},
    sparse({
        "fields": columns | st.just("all"), "exclude": columns, "id": st.sampled_from(COLUMNS), "where": wheres,
        "include": includes, "constants": st.dictionaries(names, values, max_size=2),
        "compute": st.dictionaries(names, sparse({"count": names, "sum": names, "max": names}), max_size=2),
        "search": sparse({"boost": st.dictionaries(names, values, max_size=2), "synonyms": names}),
    }),
    tables,
)  # fmt: skip


def read(text: str) -> PipelinePlan | SpecError:
    """The plan, or the error."""
    try:
        return resolve(parse_spec(text, "spec.yaml"), SHOP)
    except SpecError as error:
        return error


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(["orders", "d"]), documents, min_size=1, max_size=2))
def test_a_plan_or_errors(written: dict[str, Any]) -> None:
    text = json.dumps({"pipeline": "shop", "documents": written}, indent=1)
    result = read(text)
    if isinstance(result, SpecError):
        assert result.diagnostics
        assert all(1 <= error.place.line <= len(text.splitlines()) for error in result.diagnostics)
        return
    assert plan_text(result)
    assert [document.name for document in result.documents] == list(written)
    used = {use.table: {column.name for column in use.columns} for use in result.tables}
    for document in result.documents:
        for node in nodes(document.root):
            assert {column.name for column in node.primary_key} <= used[node.table]
            assert {field.column.name for field in node.fields} <= used[node.table]
            assert all(bool(include.join) != bool(include.through) for include in node.includes)


@settings(max_examples=200, deadline=None)
@given(anything)
def test_any_structure_gets_an_answer(written: Any) -> None:
    assert read(json.dumps({"pipeline": "shop", "documents": written}))


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.sampled_from(list("ab:{}[]-&*<>|'\"#,\n \t!%@`?é\x00\ufeff")), max_size=40))
def test_any_text_gets_an_answer(text: str) -> None:
    assert read(text)
