"""The words of the spec language with their meaning. The parser knows no others, and the JSON Schema is made of these."""

ROOT = {
    "pipeline": "The pipeline's name: lower-case letters, digits and underscores. Topic, slot and publication are named after it.",
    "documents": "The kinds of documents, each under the alias of its index.",
}

NODE = {
    "fields": "The columns to show: a list of names, of renames (title: name) and of names with options. All columns when left out.",
    "exclude": "Columns to leave out when all are shown.",
    "constants": "Fields with the same value in every document.",
    "where": "Only rows that fulfil all of these comparisons.",
    "include": "Other tables, each under the name of its field.",
    "compute": "Counts, sums, minima and maxima of related rows, each under the name of its field.",
}

DOCUMENT = {
    "from": "The root table, as table or schema.table: one document a row.",
    "id": "The column or columns that identify a document: the primary key, or another unique key without nulls.",
    **NODE,
    "search": "What search should know of the document as a whole.",
}

RELATION = {
    "one": "The table of at most one related row: shown as an object, or null.",
    "many": "The table of any number of related rows: shown as an array.",
    "through": "The junction table between the two sides of a many-to-many relation.",
    "by": "The columns, or the name, of the foreign key to follow when there are several.",
    "on": "Columns to join when no foreign key is declared: this table's column to the other table's.",
}

INCLUDE = {
    **RELATION,
    "value": "Show the value of this one column instead of an object.",
    "order_by": "The order of the array: column names, or {column: desc}.",
    "limit": "At most so many elements of the array, after ordering.",
    **NODE,
}

THROUGH = {
    "table": "The junction table.",
    "from": "The junction's columns that refer to this table, or {this table's column: junction's column} when undeclared.",
    "to": "The junction's columns that refer to the other table, or {junction's column: other table's column} when undeclared.",
}

FIELD = {
    "column": "The column to show under this name.",
    "path": "The path inside a json or jsonb column: keys with points between, or a list of keys.",
    "type": "The type in the index, when the column's own is not wanted.",
    "analyzer": "The analyzer of a text field.",
    "pii": "What kind of personal data this is: name, email, phone, address, or true.",
    "label": "What people call the field.",
    "index": "false: show the field, but do not search it.",
}

COMPUTE = {
    "count": "The include, or a relation of its own, whose rows are counted.",
    "sum": "include.column to add up, or a column of the relation under `of`.",
    "min": "include.column whose smallest value is wanted, or a column of the relation under `of`.",
    "max": "include.column whose largest value is wanted, or a column of the relation under `of`.",
    "of": "The relation to aggregate, when it is not an include of its own.",
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
    "boost": "How much more a hit in a field counts than in the others: {field path: number}.",
    "money": "Which fields are amounts of money: {currency: [field paths]}, by an ISO code or the field that holds it.",
    "synonyms": "Words that mean the same, in Solr's form: 'tv, television' or 'tv => television'.",
}

INDEX_TYPES = ("keyword", "text", "long", "integer", "double", "boolean", "date", "ip", "object", "flattened")
