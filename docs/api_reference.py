"""The page docs/reference/api.md: made from the OpenAPI document of the API, with examples that a test sends."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from docs.api_examples import EXAMPLES, Example
from search_api.app import create_app
from search_api.http.problems import PROBLEM_TEXTS
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
    parts = [HEAD.read_text(encoding="utf-8"), _common(operations)]
    parts += [_operation(*one, api["components"]["schemas"]) for one in operations]
    return "\n".join(parts) + "\n" + _problems()


def _common(operations: list[tuple[str, str, Mapping[str, Any]]]) -> str:
    known = {one["name"]: one for _, _, operation in operations for one in operation["parameters"]}
    rows = [_parameter(known[name]) for name in COMMON]
    more = "[Read your writes](../how-to/read-your-writes.md) says when to use them.\n"
    return "## Parameters of every address\n\n" + _table(("parameter", "in", "meaning"), rows) + "\n" + more


def _operation(method: str, path: str, operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    own = [_parameter(one) for one in operation["parameters"] if one["name"] not in COMMON]
    answer = operation["responses"]["200"]
    text = f"## {method.upper()} {path}\n\n{operation['description']}\n\n"
    if own:
        text += _table(("parameter", "in", "meaning"), own) + "\n"
    if "requestBody" in operation:
        text += _structure("Body", _reference(operation["requestBody"]["content"]), schemas)
    content = answer["content"]
    if "application/json" in content:
        text += _structure("Answer", _reference(content), schemas)
    else:
        headers = [(f"`{name}`", one["description"]) for name, one in answer["headers"].items()]
        text += (
            f"Answer: {', '.join(f'`{one}`' for one in content)}.\n\n" + _table(("header", "meaning"), headers) + "\n"
        )
    return text + "".join(_example(one) for one in EXAMPLES if one.operation == operation["operationId"])


def _reference(content: Mapping[str, Any]) -> str:
    return str(content["application/json"]["schema"]["$ref"]).rpartition("/")[2]


def _structure(what: str, name: str, schemas: Mapping[str, Any]) -> str:
    schema = schemas[name]
    rows = [(f"`{field}`", _type(one)) for field, one in schema.get("properties", {}).items()]
    said = " ".join(schema.get("description", "").split())
    return f"{what}: `{name}`. {said}\n\n" + _table(("field", "type"), rows) + "\n"


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return f"`{schema['$ref'].rpartition('/')[2]}`"
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_type(one) for one in schema["anyOf"]))
    if schema.get("type") == "array":
        return f"array of {_type(schema.get('items', {}))}"
    if "enum" in schema:
        return ", ".join(f"`{one}`" for one in schema["enum"])
    return str(schema.get("type", "any"))


def _parameter(one: Mapping[str, Any]) -> tuple[str, str, str]:
    default = one["schema"].get("default")
    said = one.get("description", "").replace("|", "\\|")
    return f"`{one['name']}`", one["in"], said + (f" (default `{default}`)" if default not in (None, "", []) else "")


def _example(one: Example) -> str:
    sent = f"-H 'content-type: application/json' -d '{json.dumps(one.body)}' " if one.body else ""
    text = f"{one.says}:\n\n```sh\ncurl {sent}'http://127.0.0.1:8080{one.address}'\n```\n\n"
    held = [f"`{path}` is `{json.dumps(value, ensure_ascii=False)}`" for path, value in one.holds.items()]
    status = f"Status {one.status}; " if one.status != 200 else ""
    if held:
        text += f"{status}{', '.join(held)}.\n\n"
    for part in one.texts:
        text += f"```text\n{part.strip()}\n```\n\n"
    return text


def _problems() -> str:
    rows = [(f"`{name}`", str(status), title) for name, title, status, _ in PROBLEM_TEXTS.values()]
    rows += [("`wrong-request`", "422", "Invalid request")]
    head = (
        "## Problems\n\nEvery error is `application/problem+json` (RFC 9457). Tell them apart by `type`, which begins with"
        " `urn:rowtide:problem:`; `errors` names each fault of a request at once.\n\n"
    )
    return head + _table(("type", "status", "meaning"), sorted(rows, key=lambda row: (row[1], row[0])))


def _table(heads: tuple[str, ...], rows: Iterator[Any] | list[Any]) -> str:
    lines = [" | ".join(heads), " | ".join("---" for _ in heads), *(" | ".join(row) for row in rows)]
    return "".join(f"| {line} |\n" for line in lines)
