"""The parts of a `ValueForm`: how values of one PostgreSQL type travel. `value_forms` has the forms."""

from dataclasses import dataclass
from typing import Literal

ValueKind = Literal["int", "bool", "scaled", "decimal", "float", "text", "moment", "json", "bytes", "array"]


LONGEST_NUMBER = 1000
"""Characters: Elasticsearch does not parse longer JSON numbers, so documents hold those as strings."""


@dataclass(frozen=True, slots=True)
class ValueForm:
    """How the values of one type are stored, shown, ordered and summed. All but the first three are SQL templates.

    SQLite: `declared` is the column's declaration, `decode` the type that msgspec decodes the JSON value as (or
    None), `store` turns the bound value into the stored one, `render` gives its JSON text, `plain` its text in a
    document's id where that differs, `resend` what `store` makes the same stored value of, `order` the sort key,
    `minimum` the argument of min() and max(), `total` the finished sum ("" if there is none). PostgreSQL: `oracle`
    gives the same JSON value, `source` the value as Debezium would send it where that differs, `oracle_order`,
    `oracle_minimum` and `oracle_total` what their counterparts give. `scale` is the number of decimal places of kind
    `scaled`."""

    kind: ValueKind
    declared: str
    decode: type
    store: str = "{0}"
    render: str = "{0}"
    plain: str = ""
    oracle: str = "{0}"
    source: str = ""
    order: str = "{0}"
    oracle_order: str = "{0}"
    minimum: str = "{0}"
    oracle_minimum: str = "{0}"
    total: str = ""
    oracle_total: str = ""
    scale: int = 0
    resend: str = "{0}"


def fill(template: str, expression: str) -> str:
    """A template of a `ValueForm` with an SQL expression in place of `{0}`."""
    return template.replace("{0}", expression)
