"""What a heartbeat tells about the captured tables: fingerprints of their definitions, their foreign and unique keys,
their schemas, and what is wrong with capturing them. SQL and its results; `cdc.log.capture_faults` says what they mean.

The SQL reads only what every role may read, and only catalogue tables. Functions like pg_partition_tree, pg_get_expr
and those behind pg_publication_tables lock the tables: the application's DDL would wait for a heartbeat, or deadlock
with it (DROP of a partition locks the parent first, pg_partition_tree the partitions), and no heartbeat would come
while DDL holds its lock.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from cdc.log.names import publication_name, role_name
from cdc.log.sql import literal, one_line, qualified

Tables = Iterable[tuple[str, str]]
"""(schema, name) pairs."""


class Fingerprint(NamedTuple):
    """One table's entry in `Heartbeat.catalogue`. A connector that an earlier version configured sends only `rows`."""

    oid: str
    rows: str
    """Of everything that decides which rows the table has, and how the log shows them."""
    publication: str
    """Of what the publication has of the table."""

    @classmethod
    def parse(cls, text: str) -> "Fingerprint":
        """Parse `oid rows publication`."""
        match text.split(" "):
            case [oid, rows, publication]:
                return cls(oid, rows, publication)
        return cls("", text, "")


# The entry by which a publication has a table's schema. Before PostgreSQL 15 there are no schemas, filters and column
# lists in a publication, nor the catalogue and the columns that have them: the former is read by its dependencies, the
# latter as JSON. The view pg_publication_tables has them all, and would lock the tables.
_PUBLISHED_SCHEMA = """
SELECT d.objid FROM pg_depend d JOIN pg_depend s ON s.classid = d.classid AND s.objid = d.objid
WHERE d.classid = to_regclass('pg_catalog.pg_publication_namespace')
  AND d.refclassid = 'pg_catalog.pg_publication'::regclass AND d.refobjid = p.oid
  AND s.refclassid = 'pg_catalog.pg_namespace'::regclass AND s.refobjid = c.relnamespace
"""

# A definition that changes and changes back is told by what never goes back: the transaction (xmin) that last wrote an
# entry of the catalogue. Not that of the table's own entry, which every GRANT, trigger, CHECK and VACUUM FULL writes:
# a re-read for each would cost more than it finds. The entry of its row type has the name, schema and owner, and
# nothing else writes it. Types below 16384 are PostgreSQL's own, without enums.
# TYPE with the same type and a USING that changes values leaves only the column's xmin. (SET
# STATISTICS and GRANT on a column look the same.) File numbers only of partitions: a TRUNCATE of one partition emits no
# event when the publication publishes via the root, and a new file is its only trace. (VACUUM FULL of a partition looks
# the same.)
_FINGERPRINTS = """
SELECT coalesce(json_object_agg(n.nspname || '.' || c.relname, concat_ws(' ', c.oid, md5(concat_ws('|',
  c.relkind, c.relreplident, c.relrowsecurity, c.relpersistence, c.relispartition, y.xmin,
  (SELECT string_agg(concat_ws(' ', a.attnum, a.xmin, a.attname, format_type(a.atttypid, a.atttypmod), a.attgenerated,
      CASE WHEN a.attgenerated <> '' THEN concat_ws(' ', d.xmin, d.adbin) END,
      CASE WHEN a.atttypid >= 16384 THEN (
        WITH RECURSIVE below(oid) AS (
          SELECT a.atttypid UNION SELECT t.oid FROM below b JOIN pg_type x ON x.oid = b.oid
          CROSS JOIN LATERAL (VALUES (x.typbasetype), (x.typelem)) t(oid) WHERE t.oid >= 16384)
        SELECT string_agg(concat_ws(' ', e.xmin, e.enumlabel), ',' ORDER BY e.enumsortorder)
        FROM below b JOIN pg_enum e ON e.enumtypid = b.oid) END,
      CASE WHEN a.atttypid >= 16384 THEN (
        WITH RECURSIVE below(oid) AS (
          SELECT a.atttypid UNION SELECT x.typbasetype FROM below b JOIN pg_type x ON x.oid = b.oid
          WHERE x.typbasetype >= 16384)
        SELECT string_agg(concat_ws(' ', m.attnum, m.xmin, m.attname, m.atttypid), ',' ORDER BY m.attnum)
        FROM below b JOIN pg_type x ON x.oid = b.oid
        JOIN pg_attribute m ON m.attrelid = x.typrelid AND m.attnum > 0 AND NOT m.attisdropped) END),
      ';' ORDER BY a.attnum)
    FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
  (SELECT string_agg(concat_ws(' ', i.indisprimary, i.indisreplident, i.indimmediate, i.indnkeyatts, i.indkey, (
        SELECT k.oid FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'p' AND c.relreplident = 'f')), ';'
      ORDER BY i.indisprimary, i.indkey::text)
    FROM pg_index i WHERE i.indrelid = c.oid AND (i.indisprimary OR i.indisreplident)),
  (WITH RECURSIVE below(oid, linked) AS (
      SELECT i.inhrelid, i.xmin FROM pg_inherits i WHERE i.inhparent = c.oid
      UNION ALL SELECT i.inhrelid, i.xmin FROM below b JOIN pg_inherits i ON i.inhparent = b.oid)
    SELECT string_agg(concat_ws(' ', b.oid, b.linked, CASE WHEN c.relkind = 'p' THEN pg_relation_filenode(b.oid) END),
      ',' ORDER BY b.oid)
    FROM below b))), md5(concat_ws('|', '',
  (SELECT concat_ws(' ', p.oid, p.xmin, p.puballtables, p.pubinsert, p.pubupdate, p.pubdelete, p.pubtruncate,
      p.pubviaroot, to_json(p) ->> 'pubgencols', r.oid, r.xmin, translate(to_json(r) ->> 'prattrs', ',[]', ' '),
      to_json(r) ->> 'prqual', ({published_schema}))
    FROM pg_publication p LEFT JOIN pg_publication_rel r ON r.prpubid = p.oid AND r.prrelid = c.oid
    WHERE p.pubname = {publication}))))), '{{}}')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_type y ON y.oid = c.reltype
WHERE c.relkind IN ('r', 'p') AND (n.nspname, c.relname) IN ({tables})
"""

# No row changes with these, but what the spec means may. Of unique keys only those that tell rows apart at any time:
# not deferrable, whole and without expressions.
_FOREIGN_KEYS = """
SELECT coalesce(json_object_agg(n.nspname || '.' || c.relname, md5(concat_ws('|', f.keys, u.keys))), '{{}}')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (
  SELECT string_agg(concat_ws(' ', k.conname, k.conkey, k.confrelid, k.confkey,
    to_json(k) ->> 'conperiod'), ';' ORDER BY k.conname) AS keys
  FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'f' AND k.conparentid = 0) f
CROSS JOIN LATERAL (
  SELECT string_agg(DISTINCT concat_ws(' ', i.indnkeyatts, i.indkey), ';') AS keys
  FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND i.indimmediate AND i.indisvalid
    AND i.indpred IS NULL AND i.indexprs IS NULL AND NOT i.indisprimary) u
WHERE c.relkind IN ('r', 'p') AND (n.nspname, c.relname) IN ({tables}) AND coalesce(f.keys, u.keys) IS NOT NULL
"""

# The transaction that last wrote a schema's entry, and what a GRANT or a new owner changes there: when only the first
# is another one, the schema may have been renamed and renamed back.
_SCHEMAS = """
SELECT coalesce(json_object_agg(n.nspname, concat_ws(' ', n.xmin, md5(concat_ws('|', n.nspowner, n.nspacl)))), '{{}}')
FROM pg_namespace n WHERE n.nspname IN ({schemas})
"""

# Codes of `cdc.log.capture_faults`. A table is published by its name in the list, by its schema or by FOR ALL TABLES;
# PostgreSQL refuses UPDATE and DELETE of a published table without a replica identity.
_FAULTS = """
SELECT coalesce(json_object_agg(t.nspname || '.' || t.relname, f.codes) FILTER (WHERE f.codes <> '{{}}'), '{{}}')
FROM (VALUES {tables}) t(nspname, relname)
LEFT JOIN (pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND c.relkind IN ('r', 'p'))
  ON (n.nspname, c.relname) = (t.nspname, t.relname)
LEFT JOIN pg_publication p ON p.pubname = {publication}
LEFT JOIN pg_publication_rel r ON r.prpubid = p.oid AND r.prrelid = c.oid
LEFT JOIN pg_roles o ON o.rolname = {role}
CROSS JOIN LATERAL (SELECT to_json(r) ->> 'prqual' IS NOT NULL AS filtered,
  string_to_array(translate(to_json(r) ->> 'prattrs', '[]', ''), ',')::int[] AS listed) m
CROSS JOIN LATERAL (SELECT array_remove(ARRAY[
  CASE WHEN c.oid IS NULL THEN 'absent' END,
  CASE WHEN c.relpersistence <> 'p' THEN 'unlogged' END,
  CASE WHEN c.relispartition THEN 'partition' END,
  CASE WHEN c.relkind = 'r' AND EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = c.oid) THEN 'inherited' END,
  CASE WHEN c.oid IS NOT NULL AND r.oid IS NULL AND p.puballtables IS NOT TRUE AND NOT EXISTS (
    {published_schema})
    THEN 'unpublished' END,
  CASE WHEN c.oid IS NOT NULL AND NOT (p.pubinsert AND p.pubupdate AND p.pubdelete AND p.pubtruncate)
    THEN 'operations' END,
  CASE WHEN c.relkind = 'p' AND NOT p.pubviaroot THEN 'leaves' END,
  CASE WHEN m.filtered THEN 'filtered' END,
  CASE WHEN c.relreplident = 'n' THEN 'identity-nothing' END,
  CASE WHEN c.relreplident = 'i' AND NOT EXISTS (
    SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisreplident AND i.indisvalid) THEN 'identity-dropped' END,
  CASE WHEN c.relreplident = 'd' AND NOT EXISTS (
    SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary) THEN 'no-key' END,
  CASE WHEN c.relreplident = 'd' AND EXISTS (
    SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary AND NOT i.indimmediate)
    THEN 'key-deferrable' END,
  CASE WHEN c.relreplident = 'i' AND EXISTS (
    SELECT FROM pg_index k JOIN pg_index i ON i.indrelid = k.indrelid AND i.indisreplident
    WHERE k.indrelid = c.oid AND k.indisprimary AND NOT k.indimmediate
      AND NOT EXISTS (SELECT FROM unnest(k.indkey) t(attnum) WHERE t.attnum <> ALL (i.indkey)))
    THEN 'keys-swap' END,
  CASE WHEN o.oid IS NOT NULL AND NOT (has_schema_privilege(o.oid, n.oid, 'USAGE')
    AND has_any_column_privilege(o.oid, c.oid, 'SELECT')) THEN 'unreadable' END,
  CASE WHEN c.relrowsecurity AND NOT (o.rolbypassrls OR o.rolsuper) THEN 'row-security' END
  ]::text[], NULL) || ARRAY(
    SELECT 'hidden ' || a.attname FROM pg_attribute a
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      AND (a.attnum <> ALL (m.listed) OR (m.listed IS NULL AND a.attgenerated = 's'
        AND to_json(p) ->> 'pubgencols' <> 's'))
    ORDER BY a.attnum) AS codes) f
"""


def catalogue_query(pipeline: str, tables: Tables) -> str:
    """The SQL of `Heartbeat.catalogue`: one row, one column of JSON. A table that does not exist is absent."""
    return _written(_FINGERPRINTS, pipeline, tables)


def foreign_keys_query(pipeline: str, tables: Tables) -> str:
    """The SQL of `Heartbeat.foreign_keys`: by table, a hash of its foreign keys and unique keys."""
    return _written(_FOREIGN_KEYS, pipeline, tables)


def schemas_query(pipeline: str, tables: Tables) -> str:
    """The SQL of `Heartbeat.schemas`: by schema, the transaction that last wrote its entry and a hash of its rights."""
    return _written(_SCHEMAS, pipeline, tables)


def faults_query(pipeline: str, tables: Tables) -> str:
    """The SQL of `Heartbeat.faults`: one row, one column of JSON, the codes by table; only of tables that have some."""
    return _written(_FAULTS, pipeline, tables)


def _written(sql: str, pipeline: str, tables: Tables) -> str:
    pairs = sorted(tables)
    return qualified(one_line(sql)).format(
        publication=literal(publication_name(pipeline)),
        role=literal(role_name(pipeline)),
        published_schema=qualified(one_line(_PUBLISHED_SCHEMA)),
        tables=", ".join(f"({literal(schema)}, {literal(name)})" for schema, name in pairs),
        schemas=", ".join(sorted({literal(schema) for schema, _ in pairs})),
    )


def renamed_schemas(known: Mapping[str, str], now: Mapping[str, str]) -> set[str]:
    """Schemas whose entry was written since, by something else than a GRANT or a new owner."""
    return {
        schema
        for schema, text in known.items()
        if (current := now.get(schema)) is not None
        and current != text
        and current.split(" ")[1:] == text.split(" ")[1:]
    }
