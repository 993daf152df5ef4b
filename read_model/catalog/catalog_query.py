"""Reads the catalogue: a program runs `CATALOG_QUERY`, and `read_catalog` turns its result, one JSON value, into a
`Catalog`."""

from collections.abc import Mapping
from typing import Any

from read_model.catalog.catalog import Catalog, Column, ForeignKey, Table, TableName
from read_model.catalog.column_types import not_a_key, unsupported

CATALOG_QUERY = """
WITH base AS (
  SELECT c.oid, c.relnamespace, n.nspname, c.relname, c.relkind, c.relreplident, c.relrowsecurity
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence = 'p'
    AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_%'
), typed AS (
  SELECT a.attrelid, a.atttypid, a.attnum, a.attname, a.attgenerated, a.attstorage, d.oid AS typid, d.typmod,
         a.attnotnull AND NOT EXISTS (SELECT FROM pg_constraint v WHERE v.conrelid = a.attrelid AND v.contype = 'n'
           AND NOT v.convalidated AND v.conkey = ARRAY[a.attnum]) AS notnull,
         a.attndims, coalesce(l.collisdeterministic, true) AS deterministic
  FROM base b JOIN pg_attribute a ON a.attrelid = b.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_collation l ON l.oid = a.attcollation
  CROSS JOIN LATERAL (
    WITH RECURSIVE up AS (
      SELECT t.oid, t.typtype, t.typbasetype, t.typtypmod, a.atttypmod AS typmod FROM pg_type t WHERE t.oid = a.atttypid
      UNION ALL SELECT s.oid, s.typtype, s.typbasetype, s.typtypmod, coalesce(nullif(up.typmod, -1), up.typtypmod)
      FROM up JOIN pg_type s ON s.oid = up.typbasetype WHERE up.typtype = 'd')
    SELECT up.oid, up.typmod FROM up WHERE up.typtype <> 'd'
  ) d
), element AS (
  SELECT e.typarray, r.typname, r.typtype
  FROM pg_type e CROSS JOIN LATERAL (
    WITH RECURSIVE up AS (
      SELECT e.typname, e.typtype, e.typbasetype
      UNION ALL SELECT s.typname, s.typtype, s.typbasetype
      FROM up JOIN pg_type s ON s.oid = up.typbasetype WHERE up.typtype = 'd')
    SELECT up.typname, up.typtype FROM up WHERE up.typtype <> 'd'
  ) r WHERE e.typarray <> 0
)
SELECT coalesce(json_agg(json_build_object(
  'schema', b.nspname, 'name', b.relname, 'partitioned', b.relkind = 'p',
  'inherited', b.relkind = 'r' AND EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = b.oid),
  'replica_identity', b.relreplident, 'row_security', b.relrowsecurity,
  'columns', (SELECT json_agg(json_build_object(
      'name', y.attname, 'type', t.typname, 'nullable', NOT y.notnull, 'kind', t.typtype,
      'precision', CASE WHEN t.typname = 'numeric' AND y.typmod >= 0 THEN ((y.typmod - 4) >> 16) & 65535 END,
      'scale', CASE WHEN t.typname = 'numeric' AND y.typmod >= 0 THEN (((y.typmod - 4) & 2047) # 1024) - 1024 END,
      'length', CASE WHEN t.typname IN ('bpchar', 'varchar') AND y.typmod >= 0 THEN y.typmod - 4
                      WHEN t.typname = 'bit' AND y.typmod > 0 THEN y.typmod END,
      'subtype', coalesce((SELECT s.typname FROM pg_range g JOIN pg_type s ON s.oid = g.rngsubtype
        WHERE t.oid IN (g.rngtypid, g.rngmultitypid) AND t.oid >= 16384), ''),
      'members', CASE WHEN t.typtype = 'c' THEN (
        SELECT json_agg(json_build_object('name', m.attname, 'type', s.typname, 'kind', s.typtype) ORDER BY m.attnum)
        FROM pg_attribute m JOIN pg_type s ON s.oid = m.atttypid
        WHERE m.attrelid = t.typrelid AND m.attnum > 0 AND NOT m.attisdropped) END,
      'dimensions', y.attndims, 'element', e.typname, 'element_kind', coalesce(e.typtype::text, ''),
      'deterministic', y.deterministic,
      'mistaken_for', coalesce((SELECT min(format('%s.%s', n.nspname, o.typname))
        FROM pg_type c JOIN pg_type o ON o.typname = c.typname AND o.typnamespace <> c.typnamespace
        JOIN pg_namespace n ON n.oid = o.typnamespace
        WHERE c.oid = y.atttypid AND c.typnamespace <> b.relnamespace
          AND (o.typnamespace = b.relnamespace OR c.typnamespace <> 'pg_catalog'::regnamespace)), ''),
      'labels', (SELECT json_agg(n.enumlabel ORDER BY n.enumsortorder) FROM pg_enum n WHERE n.enumtypid = t.oid),
      'generated', CASE WHEN y.attgenerated = 's' AND current_setting('server_version_num')::int < 180000 THEN 'u'
                        ELSE y.attgenerated::text END,
      'toastable', t.typlen = -1 AND y.attstorage <> 'p',
      'whole', b.relkind = 'r' AND b.relreplident = 'f')
      ORDER BY y.attnum)
    FROM typed y JOIN pg_type t ON t.oid = y.typid
    LEFT JOIN element e ON e.typarray = t.oid WHERE y.attrelid = b.oid),
  'keys', (SELECT json_agg(json_build_object(
      'primary', i.indisprimary, 'identity', i.indisreplident, 'deferrable', NOT i.indimmediate,
      'columns', (SELECT json_agg(a.attname ORDER BY k.n)
                  FROM unnest(i.indkey[0:i.indnkeyatts - 1]) WITH ORDINALITY k(attnum, n)
                  JOIN pg_attribute a ON a.attrelid = b.oid AND a.attnum = k.attnum))
      ORDER BY i.indisprimary DESC, i.indexrelid)
    FROM pg_index i
    WHERE i.indrelid = b.oid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL),
  'foreign_keys', (SELECT json_agg(json_build_object(
      'name', f.conname, 'schema', fn.nspname, 'target', fc.relname,
      'columns', (SELECT json_agg(a.attname ORDER BY k.n) FROM unnest(f.conkey) WITH ORDINALITY k(attnum, n)
                  JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.attnum),
      'target_columns', (SELECT json_agg(a.attname ORDER BY k.n) FROM unnest(f.confkey) WITH ORDINALITY k(attnum, n)
                  JOIN pg_attribute a ON a.attrelid = f.confrelid AND a.attnum = k.attnum)) ORDER BY f.conname)
    FROM pg_constraint f JOIN pg_class fc ON fc.oid = f.confrelid JOIN pg_namespace fn ON fn.oid = fc.relnamespace
    WHERE f.conrelid = b.oid AND f.contype = 'f' AND f.conparentid = 0
      AND NOT coalesce((to_jsonb(f) ->> 'conperiod')::boolean, false))
) ORDER BY b.nspname, b.relname), '[]'::json)::text
FROM base b
"""
"""Yields one row with one column, a JSON text. It reads only catalogue tables, so any role can run it."""


def read_catalog(tables: list[dict[str, Any]]) -> Catalog:
    """The catalogue from the decoded JSON of `CATALOG_QUERY`."""
    return Catalog({table.name: table for table in map(_table, tables)})


def _table(entry: dict[str, Any]) -> Table:
    columns = {column["name"]: _column(column) for column in entry["columns"] or []}
    keys = entry["keys"] or []
    identity = next((key for key in keys if key["identity"]), None)
    primary = _row_key(columns, keys, identity if entry["replica_identity"] == "i" else None)
    usable = [key for key in keys if key is not primary and not key["deferrable"]]
    return Table(
        name=TableName(entry["schema"], entry["name"]),
        columns=columns,
        primary_key=tuple(primary["columns"]) if primary else (),
        unique_keys=tuple(tuple(key["columns"]) for key in usable),
        foreign_keys=tuple(_foreign_key(key) for key in entry["foreign_keys"] or []),
        replica_identity=entry["replica_identity"],
        identity_columns=tuple(identity["columns"]) if identity else (),
        row_security=entry["row_security"],
        deferrable_key=bool(primary and primary["deferrable"]),
        partitioned=entry["partitioned"],
        inherited=entry.get("inherited", False),
    )


def _row_key(
    columns: Mapping[str, Column], keys: list[dict[str, Any]], identity: dict[str, Any] | None
) -> dict[str, Any] | None:
    """The primary key, or the identity index where it serves better: its columns are never null, and the log names a
    row by them."""
    primary = next((key for key in keys if key["primary"]), None)
    if identity is None or identity is primary or (primary and _can_be_key(columns, primary)):
        return primary
    return identity if primary is None or _can_be_key(columns, identity) else primary


def _can_be_key(columns: Mapping[str, Column], key: dict[str, Any]) -> bool:
    return not any(unsupported(columns[name]) or not_a_key(columns[name]) for name in key["columns"])


def _column(entry: dict[str, Any]) -> Column:
    members = tuple(Column(**member) for member in entry.get("members") or ())
    return Column(**entry | {"labels": tuple(entry["labels"] or ()), "members": members})


def _foreign_key(entry: dict[str, Any]) -> ForeignKey:
    return ForeignKey(
        name=entry["name"],
        columns=tuple(entry["columns"]),
        target=TableName(entry["schema"], entry["target"]),
        target_columns=tuple(entry["target_columns"]),
    )
