"""One spec for many cases: each case has its tables in its own schema, and its documents get unique names."""

from collections.abc import Iterable
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from rowtide.conformance.case import Case


def alias(pipeline: str, case: Case, document: str) -> str:
    """The name of a case's document in the spec of the pipeline that runs it."""
    return f"{pipeline}-{case.name}-{document}"


def combined_spec(pipeline: str, cases: Iterable[Case], own_schemas: bool) -> str:
    """The spec with the documents of all cases. With `own_schemas`, each case's tables are in its own schema."""
    documents: dict[str, Any] = {}
    for case in cases:
        written = YAML().load(case.spec)["documents"]
        _rename_anchors(written, case.name, set())
        if own_schemas:
            seen: set[int] = set()
            for document in written.values():
                _qualify(document, "from", f"{case.database_schema}.", seen)
        documents.update({alias(pipeline, case, name): document for name, document in written.items()})
    text = StringIO()
    writer = YAML()
    writer.width = 10_000
    writer.dump({"pipeline": pipeline, "documents": documents}, text)
    return text.getvalue()


def _rename_anchors(node: Any, prefix: str, seen: set[int]) -> None:
    """Prefix the anchors, since those of another case may have the same names."""
    if id(node) in seen or not isinstance(node, CommentedMap | CommentedSeq):
        return
    seen.add(id(node))
    if node.anchor.value:
        node.yaml_set_anchor(f"{prefix}-{node.anchor.value}")
    for below in node.values() if isinstance(node, CommentedMap) else node:
        _rename_anchors(below, prefix, seen)


def _qualify(node: Any, word: str, schema: str, seen: set[int]) -> None:
    """Qualify the table `node[word]` and the tables below it. An anchored node is qualified only once."""
    if id(node) in seen:
        return
    seen.add(id(node))
    node[word] = _qualified(node[word], schema)
    _qualify_through(node, schema, seen)
    for include in (*node.get("include", {}).values(), node.get("value")):
        if isinstance(include, dict) and include.keys() & {"one", "many"}:
            _qualify(include, "many" if "many" in include else "one", schema, seen)
    for compute in node.get("compute", {}).values():
        for relation in (compute.get("of"), compute.get("count")):
            if isinstance(relation, dict):
                _qualify(relation, "many", schema, seen)


def _qualified(table: str, schema: str) -> str:
    return f"ONLY {schema}{table[5:]}" if table.startswith("ONLY ") else schema + table


def _qualify_through(node: Any, schema: str, seen: set[int]) -> None:
    """Qualify the junction's table, and the terms of `order_by` that begin with its name."""
    through = node.get("through")
    if through is None:
        return
    junction = through if isinstance(through, str) else through["table"]
    if isinstance(through, str):
        node["through"] = schema + through
    elif id(through) not in seen:
        seen.add(id(through))
        through["table"] = schema + junction
    terms = node.get("order_by")
    for place, term in enumerate(terms if isinstance(terms, list) else ()):
        if isinstance(term, str) and term.startswith(f"{junction}."):
            terms[place] = schema + term
        elif isinstance(term, dict):
            terms[place] = {
                schema + column if column.startswith(f"{junction}.") else column: direction
                for column, direction in term.items()
            }
