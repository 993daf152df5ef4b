"""Checks that a new API key would work as intended: its scopes, indexes, filters and kinds of personal data."""

from collections.abc import Sequence

import msgspec

from connections.elasticsearch import ElasticsearchAccess
from search_api.access.callers import ALL, SCOPES, Scope
from search_api.elasticsearch.client import ElasticsearchReader, connect
from search_api.elasticsearch.search_body import filter_clauses
from search_api.errors import CredentialsRejected, ElasticsearchUnavailable, IndexNotFound
from search_api.query.schema import IndexSchema
from search_api.query.validation import InvalidRequest


class InvalidKey(Exception):
    """The key would not work; the message explains why."""

    exit_code = 2


class KeyNotChecked(Exception):
    """The key could not be checked, because Elasticsearch did not answer. `exit_code` is that of the command."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def read_scopes(names: Sequence[str]) -> list[Scope]:
    """The scopes with these names, each once. Raises InvalidKey when one is unknown."""
    try:
        return list(dict.fromkeys(msgspec.convert(names, type=list[Scope])))
    except msgspec.ValidationError:
        raise InvalidKey(f"Unknown scope. The scopes are {', '.join(SCOPES)}.") from None


async def check_key(access: ElasticsearchAccess, indexes: list[str], filters: list[str], unmasked: list[str]) -> None:
    """Compare a key's limits with the indexes in Elasticsearch.

    Raises InvalidKey, or KeyNotChecked when Elasticsearch does not answer.
    """
    if indexes == [ALL] and not filters and set(unmasked) <= {ALL}:
        return
    try:
        schemas = await _schemas(access, indexes)
    except CredentialsRejected as error:
        raise KeyNotChecked(
            f"{error} Correct ROWTIDE_ELASTICSEARCH_API_KEY; `rowtide elasticsearch-key search` creates a new key.", 2
        ) from None
    except ElasticsearchUnavailable as error:
        raise KeyNotChecked(
            f"{error} It is needed to check the new key. Start it, or correct ROWTIDE_ELASTICSEARCH_URL.", 3
        ) from None
    for name, schema in schemas.items():
        _check_filters(name, schema, filters)
    kinds = {kind for schema in schemas.values() for field in schema.fields for kind in field.pii}
    if unknown := sorted(set(unmasked) - kinds - {ALL}):
        raise InvalidKey(
            f"No field holds personal data of the kind {unknown[0]!r}. Kinds: {', '.join(sorted(kinds)) or 'none'}."
        )


async def _schemas(access: ElasticsearchAccess, indexes: list[str]) -> dict[str, IndexSchema]:
    async with connect(access) as client:
        reader = ElasticsearchReader(client, allow_writer=True)
        names = await reader.indices() if ALL in indexes else indexes
        try:
            return {name: await reader.schema(name) for name in names}
        except IndexNotFound as error:
            raise InvalidKey(f"There is no index {str(error)!r} that the API can read.") from None


def _check_filters(name: str, schema: IndexSchema, filters: list[str]) -> None:
    try:
        filter_clauses(filters, schema)
    except InvalidRequest as error:
        raise InvalidKey(
            f"The filter does not fit the index {name!r}: {error} Choose other indexes with --index."
        ) from None
