"""Splits a SQL file into statements like psql: with quotes, comments, dollar quotes and the data of COPY.

Two kinds of comment are directives: `-- session: b` (run the following statements in session b, until the next such
comment) and `-- fails: text` (the next statement must fail with an error that contains the text).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rowtide.conformance.case import FIRST_SESSION, CaseStatement

_TOKEN = re.compile(
    r"""--[^\n]* | /\*.*?\*/ | \b[eE]'(?:[^'\\]|\\.|'')*' | '[^']*' | "[^"]*" | \$(\w*)\$.*?\$\1\$ | ;""",
    re.VERBOSE | re.DOTALL,
)
_DIRECTIVE = re.compile(r"--\s*(session|fails):\s*(.*?)\s*")
_COPY = re.compile(r"COPY\b.*\bFROM\s+STDIN\b", re.IGNORECASE | re.DOTALL)
_END_OF_DATA = re.compile(r"^\\\.[ \t]*$\n?", re.MULTILINE)


class SqlSyntaxError(ValueError):
    """A file that cannot be split; the message begins with the line number."""


@dataclass(slots=True)
class _Directives:
    """The directives in effect."""

    session: str = FIRST_SESSION
    fails: str | None = None


def split(text: str) -> tuple[CaseStatement, ...]:
    """The statements of a file. Raises SqlSyntaxError if COPY data has no end or a directive is empty."""
    return tuple(_statements(text))


def _statements(text: str) -> Iterator[CaseStatement]:
    directives, begin, at = _Directives(), 0, 0
    while token := _TOKEN.search(text, at):
        at = token.end()
        if token[0].startswith("--"):
            if not _without_comments(text[begin : token.start()]).strip():
                _directive(token[0], directives, _line(text, token.start()))
        elif token[0] == ";":
            sql = text[begin:at]
            data = None
            if _COPY.match(_without_comments(sql).strip()):
                data, at = _copy_data(text, at)
            yield _statement(text, begin, sql, directives, data)
            begin = at
    if _without_comments(text[begin:]).strip():
        yield _statement(text, begin, text[begin:], directives, None)


def _statement(text: str, begin: int, sql: str, directives: _Directives, data: str | None) -> CaseStatement:
    blank = len(sql) - len(_after_comments(sql))
    statement = CaseStatement(
        sql[blank:].strip(), _line(text, begin + blank), directives.session, data, directives.fails
    )
    directives.fails = None
    return statement


def _directive(comment: str, directives: _Directives, line: int) -> None:
    match = _DIRECTIVE.fullmatch(comment)
    if match is None:
        return
    if not match[2]:
        raise SqlSyntaxError(f"{line}: `-- {match[1]}:` is empty; add a name or a text")
    setattr(directives, match[1], match[2])


def _copy_data(text: str, at: int) -> tuple[str, int]:
    line_end = text.find("\n", at)
    end = _END_OF_DATA.search(text, line_end + 1) if line_end >= 0 else None
    if end is None:
        raise SqlSyntaxError(f"{_line(text, at)}: the data of COPY has no end; end it with the line `\\.`")
    return text[line_end + 1 : end.start()], end.end()


def _without_comments(sql: str) -> str:
    return _TOKEN.sub(lambda token: "" if token[0].startswith(("--", "/*")) else token[0], sql)


def _after_comments(sql: str) -> str:
    rest = sql.lstrip()
    while rest.startswith(("--", "/*")):
        end = rest.find("\n") if rest.startswith("--") else rest.find("*/") + 1
        rest = rest[end + 1 :].lstrip() if end >= 0 else ""
    return rest


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1
