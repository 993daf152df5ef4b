"""Takes a SQL file apart into statements, as psql does: quotes, comments, dollar quotes and the data of COPY included.

Two kinds of comment line mean something: `-- session: b` (what follows runs in another session, until the next such line)
and `-- fails: text` (the next statement must fail with an error that contains the text).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rowtide.conformance.case import FIRST_SESSION, Statement

_TOKEN = re.compile(
    r"""--[^\n]* | /\*.*?\*/ | \b[eE]'(?:[^'\\]|\\.|'')*' | '[^']*' | "[^"]*" | \$(\w*)\$.*?\$\1\$ | ;""",
    re.VERBOSE | re.DOTALL,
)
_DIRECTIVE = re.compile(r"--\s*(session|fails):\s*(.*?)\s*")
_COPY = re.compile(r"COPY\b.*\bFROM\s+STDIN\b", re.IGNORECASE | re.DOTALL)
_END_OF_DATA = re.compile(r"^\\\.[ \t]*$\n?", re.MULTILINE)


class SqlFault(ValueError):
    """A file that cannot be taken apart; the message begins with the line."""


@dataclass(slots=True)
class _Told:
    """What comment lines said."""

    session: str = FIRST_SESSION
    fails: str | None = None


def split(text: str) -> tuple[Statement, ...]:
    """All statements of a file. SqlFault when COPY data has no end or a directive says nothing."""
    return tuple(_statements(text))


def _statements(text: str) -> Iterator[Statement]:
    told, begin, at = _Told(), 0, 0
    while token := _TOKEN.search(text, at):
        at = token.end()
        if token[0].startswith("--"):
            if not _without_comments(text[begin : token.start()]).strip():
                _directive(token[0], told, _line(text, token.start()))
        elif token[0] == ";":
            sql = text[begin:at]
            data = None
            if _COPY.match(_without_comments(sql).strip()):
                data, at = _copy_data(text, at)
            yield _statement(text, begin, sql, told, data)
            begin = at
    if _without_comments(text[begin:]).strip():
        yield _statement(text, begin, text[begin:], told, None)


def _statement(text: str, begin: int, sql: str, told: _Told, data: str | None) -> Statement:
    blank = len(sql) - len(_after_comments(sql))
    made = Statement(sql[blank:].strip(), _line(text, begin + blank), told.session, data, told.fails)
    told.fails = None
    return made


def _directive(comment: str, told: _Told, line: int) -> None:
    found = _DIRECTIVE.fullmatch(comment)
    if found is None:
        return
    if not found[2]:
        raise SqlFault(f"{line}: `-- {found[1]}:` says nothing; write a name or a text after it")
    setattr(told, found[1], found[2])


def _copy_data(text: str, at: int) -> tuple[str, int]:
    line_end = text.find("\n", at)
    end = _END_OF_DATA.search(text, line_end + 1) if line_end >= 0 else None
    if end is None:
        raise SqlFault(f"{_line(text, at)}: the data of COPY has no end; close it with a line of `\\.`")
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
