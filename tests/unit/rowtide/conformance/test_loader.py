"""What a case folder may contain, the errors of a wrong one, and how cases are combined in one pipeline."""

from pathlib import Path

import pytest

from read_model.spec.parser import parse_spec
from rowtide.conformance.case import CaseStatement, Fault
from rowtide.conformance.combined_spec import combined_spec
from rowtide.conformance.loader import InvalidCases, read_cases
from rowtide.conformance.result import CaseResult, Deviation
from rowtide.conformance.sql_splitter import SqlSyntaxError, split

SPEC = """\
pipeline: shop
documents:
  orders:
    from: orders
    fields: [id]
    include:
      tags: &tags {many: tags, through: order_tags, value: name, order_by: [order_tags.at, {order_tags.by: desc}, name]}
      again: *tags
      labels: {many: tags, through: {table: order_tags, from: order_id, to: {tag_id: id}}, value: name}
      customer: {one: customers, include: {address: {one: "we.ird", value: city}}}
      city: {one: customers, value: {one: "we.ird", value: city}}
    compute:
      n: {count: tags}
      m: {count: {many: payments, where: {kind: refund}}}
      sum: {sum: amount, of: {many: payments}}
"""


def case_folder(folder: Path, **files: str) -> Path:
    """A valid case with some files replaced; `__` in a name is a dot, `___` a slash."""
    texts = {"schema__sql": "CREATE TABLE orders (id int PRIMARY KEY);", "spec__yaml": SPEC} | files
    for name, text in texts.items():
        file = folder / name.replace("___", "/").replace("__", ".").replace("_", "-")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder


def test_statements_end_where_psql_ends_them() -> None:
    text = """\
-- a note; with a semicolon
INSERT INTO t VALUES ('a;b', E'it\\'s;', "c;d"); /* one; */ SELECT $x$ ; $$ ; $x$, $$;$$;
-- session: b
-- fails: duplicate key
COPY t (a, b) FROM STDIN WITH (FORMAT csv);
1;2
-- session: not a comment here
\\.
COMMIT"""
    assert split(text) == (
        CaseStatement("INSERT INTO t VALUES ('a;b', E'it\\'s;', \"c;d\");", 2),
        CaseStatement("SELECT $x$ ; $$ ; $x$, $$;$$;", 2),
        CaseStatement(
            "COPY t (a, b) FROM STDIN WITH (FORMAT csv);",
            5,
            "b",
            "1;2\n-- session: not a comment here\n",
            "duplicate key",
        ),
        CaseStatement("COMMIT", 9, "b"),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("COPY t FROM STDIN;\n1\n", "1: the data of COPY has no end"),
        ("SELECT 1;\n-- session: \n", "2: `-- session:` is empty"),
    ],
)
def test_a_file_that_cannot_be_taken_apart(text: str, message: str) -> None:
    with pytest.raises(SqlSyntaxError, match=message):
        split(text)


def test_every_fault_of_every_folder_is_told_at_once(tmp_path: Path) -> None:
    case_folder(
        tmp_path / "one", **{"03_late__sql": "SELECT 1;", "expected___1__json": "{}", "case__yaml": "heals: [7]\n"}
    )
    case_folder(tmp_path / "two", case__yaml="faults: [{after: 1, kill: everything}]", spec__yaml="pipeline: Shop")
    case_folder(
        tmp_path / "three",
        expected___00__json="[1]",
        case__yaml="faults: [{kill: worker}]\nrefused: x",
        seed__sql="COPY a FROM STDIN;",
    )
    (tmp_path / "four").mkdir()
    (tmp_path / "four" / "schema.sql").write_text("")
    with pytest.raises(InvalidCases) as error:
        read_cases([tmp_path, tmp_path / "nowhere"])
    for part in (
        "nowhere: there is no case here",
        "one: the steps are numbered 03; number them 01, 02",
        "one/expected/1.json: is not named after a step",
        "`heals` names unknown steps: 07",
        "two/case.yaml: Invalid enum value 'everything' - at `$.faults[0].kill`",
        "two/spec.yaml: ",
        "three/seed.sql: line 1: the data of COPY has no end",
        "three/expected/00.json: is not JSON of the form",
        "three/case.yaml: a fault needs one of `after` and `during`",
        "four/spec.yaml: is missing",
    ):
        assert part in str(error.value)
    assert error.value.exit_code == 2


@pytest.mark.parametrize(
    ("about", "fault"),
    [
        ("{after: 1, kill: kafka}", Fault(1, "kafka")),
        ("{during: 1, pause: worker}", Fault(1, "worker", "pause", during=True)),
        ("{during: 1, elasticsearch: lose}", Fault(1, "elasticsearch", "lose", during=True)),
    ],
)
def test_faults_are_read(tmp_path: Path, about: str, fault: Fault) -> None:
    (case,) = read_cases(
        [case_folder(tmp_path / "one", **{"01_go__sql": "SELECT 1;", "case__yaml": f"faults: [{about}]"})]
    )
    assert case.faults == (fault,)
    assert case.alone, "what strikes one case's worker must not strike another's"
    assert bool(fault.network_fault) == (fault.how == "lose")


@pytest.mark.parametrize(
    ("about", "message"),
    [
        ("{after: 1, elasticsearch: cut}", "`elasticsearch` needs `during`"),
        ("{after: 1, pause: kafka}", "`pause` needs `during`"),
        ("{during: 1, elasticsearch: cut, kill: worker}", "one of `kill`, `pause` and `elasticsearch`"),
        ("{during: 1, elasticsearch: sleep}", "Invalid enum value 'sleep'"),
    ],
)
def test_faults_that_cannot_be(tmp_path: Path, about: str, message: str) -> None:
    with pytest.raises(InvalidCases, match=message):
        read_cases([case_folder(tmp_path / "one", case__yaml=f"faults: [{about}]")])


def test_two_cases_of_one_name_are_refused(tmp_path: Path) -> None:
    folders = [case_folder(tmp_path / group / "same") for group in ("a", "b")]
    with pytest.raises(InvalidCases, match="several cases are called same"):
        read_cases(folders)


def test_cases_share_a_pipeline_without_sharing_tables(tmp_path: Path) -> None:
    cases = read_cases([case_folder(tmp_path / "first"), case_folder(tmp_path / "the-second")])
    spec = parse_spec(combined_spec("p", cases, own_schemas=True), "combined")
    assert [document.name for document in spec.documents] == ["p-first-orders", "p-the-second-orders"]
    node = spec.documents[1].node
    schema = "case_the_second."
    assert node.table == f"{schema}orders"
    tags, again, labels, customer, city = node.includes
    for include in (tags, again):
        assert (include.node.table, include.through and include.through.table) == (
            f"{schema}tags",
            f"{schema}order_tags",
        )
        assert [term.column for term in include.order_by] == [
            f"{schema}order_tags.at",
            f"{schema}order_tags.by",
            "name",
        ]
    assert labels.through is not None
    assert labels.through.table == f"{schema}order_tags"
    assert customer.node.includes[0].node.table == city.node.includes[0].node.table == f"{schema}we.ird"
    assert [compute.of and compute.of.node.table for compute in node.computes] == [
        None,
        f"{schema}payments",
        f"{schema}payments",
    ]


def test_a_case_alone_keeps_its_tables_where_they_are(tmp_path: Path) -> None:
    (case,) = read_cases([case_folder(tmp_path / "only")])
    spec = parse_spec(combined_spec("p", [case], own_schemas=False), "combined")
    assert spec.documents[0].node.table == "orders"


def test_a_deviation_says_where_and_what() -> None:
    result = CaseResult(
        "c", "", 1, deviations=[Deviation(2, "the expectation", "orders", "7", "lines[0]", '"a"', None)]
    )
    assert result.verdict == "differs"
    assert str(result.deviations[0]) == 'step 02: orders 7, lines[0] differs from the expectation: "a", not nothing'
