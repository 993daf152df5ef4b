"""The page docs/reference/api.md: generated from the OpenAPI document of the API, with examples that a test sends."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from docs.api_examples import EXAMPLES, Example
from search_api.access.search_budget import ADVICE
from search_api.app import create_app
from search_api.elasticsearch import search_cost
from search_api.http.problems import PROBLEM_TEXTS
from search_api.query.limits import MAX_COST
from search_api.settings import read_settings

HEAD = Path(__file__).parent / "api_head.txt"
COMMON = ("index", "consistency", "at_least", "stale", "prefer")
ANYWHERE = "http://127.0.0.1:9200"


def document() -> dict[str, Any]:
    """The OpenAPI document."""
    return create_app(read_settings(elasticsearch_url=ANYWHERE)).openapi()


def page() -> str:
    """The text of the page."""
    api = document()
    operations = [
        (method, path, operation) for path, methods in api["paths"].items() for method, operation in methods.items()
    ]
    parts = [HEAD.read_text(encoding="utf-8"), _cost(), _common(operations)]
    parts += [_operation(*operation, api["components"]["schemas"]) for operation in operations]
    return "\n".join(parts) + "\n" + _problems()


def _cost() -> str:
    """The weights of `search_cost`, and what to do about each part."""
    weights: Mapping[search_cost.Part, str] = {
        "words": "1 for each word in each field that is searched",
        "similar": f"{search_cost.SIMILAR} for each byte and each field; twice as much from eight letters on",
        "prefixes": f"{search_cost.PREFIX} for each field",
        "patterns": f"{search_cost.PATTERN}, and {search_cost.PATTERN_BYTE} for each byte",
        "conditions": f"{search_cost.CONDITION}; {search_cost.NESTED} more on the elements of an array",
        "facets": f"{search_cost.FACET} for each, and the filters again",
        "rows": f"{search_cost.FACET} for each dimension, 1 for {search_cost.ROWS_PER_POINT} rows that are possible, and"
        f" 1 for {4 * search_cost.ROWS_PER_POINT} values of measures; percentiles are"
        f" {search_cost.MEASURES['percentiles']} times as much",
        "highlights": "1 for each hit and field; more with many conditions",
        "hits": f"1 for each hit, {search_cost.SORT} for each field of the order",
    }
    rows = [(what, weights[part], advice) for part, (what, advice) in ADVICE.items()]
    return (
        f"## Cost\n\nThe cost of a search is the sum of its parts. {search_cost.POINTS_PER_UNIT} points are 1 of the rate"
        f" limit, and a search may cost {MAX_COST}. Highlights and then facets are left out of an answer that would cost"
        " more, and a correction, a chart or suggested values if the request's other searches have used up the limit:"
        " `omitted` names what a search lacks. If that is not enough, the error is `too-expensive`. It names the"
        " largest part.\n\n"
    ) + table(("part", "points", "what makes it cheaper"), rows)


def _common(operations: list[tuple[str, str, Mapping[str, Any]]]) -> str:
    known = {
        parameter["name"]: parameter for _, _, operation in operations for parameter in operation.get("parameters", ())
    }
    rows = [_parameter(known[name]) for name in COMMON]
    more = "[Read your writes](../how-to/read-your-writes.md) explains when to use them.\n"
    return "## Common parameters\n\n" + table(("parameter", "in", "meaning"), rows) + "\n" + more


def _operation(method: str, path: str, operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    own = [_parameter(parameter) for parameter in operation.get("parameters", ()) if parameter["name"] not in COMMON]
    answer = operation["responses"]["200"]
    text = f"## {method.upper()} {path}\n\n{operation['description']}\n\n"
    if own:
        text += table(("parameter", "in", "meaning"), own) + "\n"
    if "requestBody" in operation:
        text += _structure("Body", _reference(operation["requestBody"]["content"]), schemas)
    content = answer["content"]
    if "application/json" in content:
        text += _structure("Answer", _reference(content), schemas)
    else:
        headers = [(f"`{name}`", header["description"]) for name, header in answer["headers"].items()]
        text += (
            f"Answer: {', '.join(f'`{media_type}`' for media_type in content)}.\n\n"
            + table(("header", "meaning"), headers)
            + "\n"
        )
    return text + "".join(_example(example) for example in EXAMPLES if example.operation == operation["operationId"])


def _reference(content: Mapping[str, Any]) -> str:
    return str(content["application/json"]["schema"]["$ref"]).rpartition("/")[2]


def _structure(what: str, name: str, schemas: Mapping[str, Any]) -> str:
    schema = schemas[name]
    rows = [(f"`{field}`", _type(member)) for field, member in schema.get("properties", {}).items()]
    description = " ".join(schema.get("description", "").split())
    return f"{what}: `{name}`. {description}\n\n" + table(("field", "type"), rows) + "\n"


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return f"`{schema['$ref'].rpartition('/')[2]}`"
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_type(choice) for choice in schema["anyOf"]))
    if schema.get("type") == "array":
        return f"array of {_type(schema.get('items', {}))}"
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    return str(schema.get("type", "any"))


def _parameter(parameter: Mapping[str, Any]) -> tuple[str, str, str]:
    default = parameter["schema"].get("default")
    description = parameter.get("description", "").replace("|", "\\|")
    shown = f" (default `{default}`)" if default not in (None, "", []) else ""
    return f"`{parameter['name']}`", parameter["in"], description + shown


def _example(example: Example) -> str:
    sent = f"-H 'content-type: application/json' -d '{json.dumps(example.body)}' " if example.body else ""
    text = f"{example.title}:\n\n```sh\ncurl {sent}'http://127.0.0.1:8080{example.address}'\n```\n\n"
    values = [f"`{path}` is `{json.dumps(value, ensure_ascii=False)}`" for path, value in example.values.items()]
    status = f"Status {example.status}; " if example.status != 200 else ""
    if values:
        text += f"{status}{', '.join(values)}.\n\n"
    for part in example.texts:
        text += f"```text\n{part.strip()}\n```\n\n"
    return text


def _problems() -> str:
    rows = [(f"`{name}`", str(status), title) for name, title, status, _ in PROBLEM_TEXTS.values()]
    rows += [("`wrong-request`", "422", "Invalid request")]
    head = (
        "## Problems\n\nEvery error is `application/problem+json` (RFC 9457). `type` identifies it and begins with"
        " `urn:rowtide:problem:`; `errors` lists every error of a request.\n\n"
    )
    return head + table(("type", "status", "meaning"), sorted(rows, key=lambda row: (row[1], row[0])))


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of Markdown; the cells are written as they are."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
