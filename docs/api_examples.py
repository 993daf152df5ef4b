"""Examples of the API reference. tests/integration/search_api/test_api_reference.py sends each, and checks the answer.

They use the index `books` of the tests."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Example:
    """A request, and what its answer contains: values by dotted path, or texts if the answer is not JSON."""

    operation: str
    title: str
    address: str
    values: dict[str, Any] = field(default_factory=dict)
    texts: tuple[str, ...] = ()
    body: dict[str, Any] | None = None
    status: int = 200


EXAMPLES = (
    Example("health", "Check that the service runs", "/health", {"status": "ok"}),
    Example("indices", "List the indexes that the caller may read", "/v1/indices", {"items.0.name": "books"}),
    Example(
        "fields",
        "List the fields and what each supports",
        "/v1/books/fields",
        {"items.0.name": "author.born", "items.0.rows": "step"},
    ),
    Example(
        "search",
        "Words and a condition, cheapest first, with a facet",
        "/v1/books/search?q=harbour&filter=price:<3&sort=price&facet=genre",
        {"total.value": 2, "items.0.id": "1", "facets.0.values.0.count": 1},
    ),
    Example(
        "search",
        "Two conditions on an array mean the same element",
        "/v1/books/search?filter=copies.place:Lisbon&filter=copies.state:good",
        {"total.value": 1, "items.0.document.title": "The Old Harbour"},
    ),
    Example(
        "search",
        "Read everything at one point in time; continue with `next_cursor`",
        "/v1/books/search?cursor=start&size=50&sort=title",
        {"total.value": 66},
    ),
    Example(
        "search",
        "An error names the parameter",
        "/v1/books/search?filter=who:me",
        {"type": "urn:rowtide:problem:wrong-request", "errors.0.parameter": "filter"},
        status=422,
    ),
    Example("document", "One document", "/v1/books/1", {"document.author.name": "Zoë Ünal", "version": 7}),
    Example(
        "document",
        "An id is percent-encoded, including slashes",
        "/v1/books/a%2Fb%20c%3Fd%23e%252F",
        {"id": "a/b c?d#e%2F"},
    ),
    Example(
        "document_by_id",
        "Any id, including one like `search`",
        "/v1/books/_doc/2",
        {"document.title": "Harbour lights"},
    ),
    Example(
        "suggest",
        "The beginning of a value: values with the number of documents",
        "/v1/books/suggest?q=genre:po",
        {"items.0.text": "genre:poetry ", "items.0.kind": "value", "items.0.count": 1},
    ),
    Example(
        "suggest",
        "The beginning of a field's name",
        "/v1/books/suggest?q=ti",
        {"items.0.text": "title:", "items.0.kind": "field"},
    ),
    Example(
        "explain",
        "Why a document ranks where it does, largest part first",
        "/v1/books/explain/2?q=harbour+lights",
        {"matches": True, "reasons.0.field": "title"},
    ),
    Example(
        "explain",
        "Which words a document lacks",
        "/v1/books/explain/2?q=harbour+coffee",
        {"matches": False, "missing.0": "coffee"},
    ),
    Example(
        "aggregate",
        "A sum by the values of an array and by year: `documents` counts books, `elements` counts copies",
        "/v1/books/aggregate?by=copies.place&by=published:year&measure=sum:copies.number&measure=avg:price",
        {"rows.0.keys.0": "Lisbon", "rows.0.documents": 1, "rows.0.elements": 1, "total.documents": 66},
    ),
    Example(
        "aggregate",
        "The top value by a measure; there are more",
        "/v1/books/aggregate?by=genre&measure=max:price&top=1&top_by=max:price",
        {"rows.0.keys.0": "series", "rows.0.values.0": 159.5, "truncated": True},
    ),
    Example(
        "aggregate",
        "A filter on an array also chooses the elements that count",
        "/v1/books/aggregate?by=copies.place&filter=copies.place:Porto",
        {"rows.0.documents": 2, "rows.0.elements": 2},
    ),
    Example(
        "export",
        "Selected columns as CSV",
        "/v1/books/export?format=csv&q=old+harbour&columns=_id,author.name,copies.place",
        texts=("_id,author.name,copies.place\r\n", '1,Zoë Ünal,"[""Lisbon"",""Porto""]"\r\n'),
    ),
    Example("export", "Every document unchanged", "/v1/books/export", texts=('{"id":"3","version":7,"document":{',)),
    Example(
        "export_by_body",
        "The same with a request body",
        "/v1/books/export",
        texts=('{"title":"Harbour lights","price":2.50}\n',),
        body={"format": "ndjson", "filter": ["genre:poetry"], "columns": ["title", "price"]},
    ),
    Example("freshness", "How fresh an answer is", "/v1/freshness", {"consistency": "eventual", "met": True}),
)
