"""The keywords of the spec language and their meaning.

The parser accepts no others, and the JSON Schema is made from them."""

ROOT = {
    "pipeline": "The name of the pipeline, its topic, slot and publication: lowercase letters, digits and underscores.",
    "documents": "The kinds of documents, each under its index alias.",
}

NODE = {
    "fields": "The columns to show: names, renames (title: name) and names with options. Default: all columns.",
    "exclude": "Columns to omit when all columns are shown.",
    "constants": "Fields with the same value in every document.",
    "where": "Use only rows that match all of these comparisons.",
    "include": "Other tables to embed, each under its field name.",
    "compute": "Counts, sums, minimums and maximums of related rows, each under its field name.",
}

DOCUMENT = {
    "from": "The root table, as table or schema.table. Each of its rows becomes a document.",
    "id": "The columns that identify a document: the primary key (the default), or another unique key without nulls.",
    **NODE,
    "search": "Search settings for the document as a whole.",
}

RELATION = {
    "one": "A table with at most one related row, or the first through a junction: shown as an object, or null.",
    "many": "A table with any number of related rows: shown as an array.",
    "through": "The junction table of a many-to-many relation.",
    "by": "The columns or the name of the foreign key to follow, if there are several.",
    "on": "The columns to join on if no foreign key is declared: {this table's column: the other table's column}.",
}

AGGREGATED = {word: meaning for word, meaning in RELATION.items() if word != "one"} | {"where": NODE["where"]}
"""The keywords of a relation that a computed field aggregates."""

INCLUDE = {
    **RELATION,
    "value": "Show this instead of an object: a column, {constant: …}, or a further include.",
    "order_by": "The order of the array: column names, or {column: desc}. With `one` and `through`: which row is the first.",
    "limit": "The maximum number of elements, counted after ordering.",
    **NODE,
}

THROUGH = {
    "table": "The junction table.",
    "from": "The junction's columns for this table; {this table's column: junction's column} if not declared.",
    "to": "The junction's columns for the other table; {junction's column: other table's column} if not declared.",
}

FIELD = {
    "column": "The column to show under this name.",
    "path": "The path in a json or jsonb column: keys separated by dots, or a list of keys.",
    "type": "The type in the index, if it differs from the default for the column.",
    "analyzer": "The analyzer of a text field.",
    "pii": "The kind of personal data: name, email, phone, address, or true.",
    "label": "A display name for the field.",
    "index": "false: show the field, but do not make it searchable.",
}

VALUE = {"constant": "The value to show where a row exists: text, a whole number, true or false."}

COMPUTE = {
    "count": "The include whose rows to count, or a relation.",
    "sum": "The column to add up: include.column, or a column of the relation in `of`.",
    "min": "The column whose minimum to show: include.column, or a column of the relation in `of`.",
    "max": "The column whose maximum to show: include.column, or a column of the relation in `of`.",
    "of": "The relation to aggregate, if it is not an include.",
}

OPERATORS = {
    "eq": "equal to",
    "ne": "not equal to, and not null; with null: not null",
    "gt": "greater than",
    "gte": "greater than or equal to",
    "lt": "less than",
    "lte": "less than or equal to",
    "in": "one of",
    "not_in": "none of, and not null",
}

SEARCH = {
    "boost": "How much a match in a field counts compared with other fields: {field path: number}.",
    "money": "The fields with amounts of money: {currency: [field paths]}, by ISO code or the field that holds the code.",
    "synonyms": "Words with the same meaning, as Solr rules: 'tv, television' or 'tv => television'.",
}

INDEX_TYPES = ("keyword", "text", "long", "integer", "double", "boolean", "date", "ip", "object", "flattened")
