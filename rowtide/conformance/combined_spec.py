"""One spec for many cases: every case keeps its tables in a schema of its own, and its documents get names of their own."""

from collections.abc import Iterable
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from rowtide.conformance.case import Case


def alias(pipeline: str, case: Case, document: str) -> str:
    """The name of a case's document in the pipeline that runs it."""
    return f"{pipeline}-{case.name}-{document}"


def combined_spec(pipeline: str, cases: Iterable[Case], own_schemas: bool) -> str:
    """The spec of a pipeline that holds the documents of all cases. With `own_schemas`, tables are looked up in the case's."""
    documents: dict[str, Any] = {}
    for case in cases:
        written = YAML().load(case.spec)["documents"]
        _own_anchors(written, case.name, set())
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


def _own_anchors(node: Any, prefix: str, seen: set[int]) -> None:
    """Rename anchors, since those of another case may be called alike."""
    if id(node) in seen or not isinstance(node, CommentedMap | CommentedSeq):
        return
    seen.add(id(node))
    if node.anchor.value:
        node.yaml_set_anchor(f"{prefix}-{node.anchor.value}")
    for below in node.values() if isinstance(node, CommentedMap) else node:
        _own_anchors(below, prefix, seen)


def _qualify(node: Any, word: str, schema: str, seen: set[int]) -> None:
    """Put the schema before the table that `node[word]` names, and before those below. Anchors are met once."""
    if id(node) in seen:
        return
    seen.add(id(node))
    node[word] = schema + node[word]
    _qualify_through(node, schema, seen)
    for include in node.get("include", {}).values():
        _qualify(include, "many" if "many" in include else "one", schema, seen)
    for compute in node.get("compute", {}).values():
        for relation in (compute.get("of"), compute.get("count")):
            if isinstance(relation, dict):
                _qualify(relation, "many", schema, seen)


def _qualify_through(node: Any, schema: str, seen: set[int]) -> None:
    """The junction's table, and the terms of the order that begin with its name."""
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
                schema + column if column.startswith(f"{junction}.") else column: way for column, way in term.items()
            }
