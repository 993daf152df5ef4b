"""Checks prose against the rules in docs/style/phrases.toml: `python -m docs.prose [FILE...]`.

Checked are Markdown (phrases and 120 columns) and the texts that leave the programs: string literals, the docstrings
of commands (they are the help), and the page's templates and scripts. Prints one line per finding; exit code 1 if
there is any.
"""

import ast
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
STYLE = Path(__file__).parent / "style"
COLUMNS = 120
GENERATED = ("commands.md", "settings.md", "metrics.md", "api.md")
ROOMS = ("rowtide", "cdc", "connections", "http_server", "read_model", "sync_worker", "search_api", "infra", "writer")
PAGES = ("search_api/pages/templates", "search_api/pages/static")

# The glossary and the list of phrases name what they forbid.
EXEMPT = ("docs/reference/glossary.md",)

_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`+[^`]+`+|\]\([^)]*\)|<[^>]+>|https?://\S+")
_TEMPLATE = re.compile(r"<!--.*?-->|\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<[^>]+>", re.DOTALL)
_COMMENT = re.compile(r"(?m)(?:^|(?<=\s))//.*$|/\*.*?\*/", re.DOTALL)
_SQL = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|DROP|LOCK|PRAGMA|WITH|FROM|WHERE|GRANT)\b")
_SENTENCE = re.compile(r"[a-z]\w* \S*[a-z]\w* ", re.IGNORECASE)


@dataclass(frozen=True)
class Rule:
    """One phrase not to write."""

    pattern: re.Pattern[str]
    why: str
    instead: str
    bad: tuple[str, ...]
    good: tuple[str, ...]


@dataclass(frozen=True)
class Finding:
    """Where a text breaks a rule. `line` counts from 1."""

    path: Path
    line: int
    text: str
    why: str
    instead: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text!r}: {self.why} Write instead: {self.instead}."


def rules() -> tuple[Rule, ...]:
    """The rules of docs/style/phrases.toml."""
    phrases = tomllib.loads((STYLE / "phrases.toml").read_text(encoding="utf-8"))["phrase"]
    return tuple(
        Rule(
            re.compile(phrase["pattern"].replace(" ", r"\s+"), re.IGNORECASE),
            phrase["why"],
            phrase["instead"],
            tuple(phrase["bad"]),
            tuple(phrase["good"]),
        )
        for phrase in phrases
    )


def _masked(pattern: re.Pattern[str], text: str) -> str:
    """The text with every match replaced by as many `x`, line breaks kept, so that offsets stay."""
    return pattern.sub(lambda match: re.sub(r"[^\n]", "x", match.group()), text)


def in_text(text: str, path: Path, line: int, checked: Iterable[Rule]) -> Iterator[Finding]:
    """Findings in prose whose code is masked already. `line` is the line of its first character."""
    for rule in checked:
        for match in rule.pattern.finditer(text):
            at = line + text.count("\n", 0, match.start())
            yield Finding(path, at, " ".join(match.group().split()), rule.why, rule.instead)


def in_markdown(text: str, path: Path, checked: Iterable[Rule]) -> Iterator[Finding]:
    """Findings in a page of Markdown: phrases, and lines that are too long."""
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > COLUMNS and path.name not in GENERATED:
            yield Finding(path, number, f"{line[:30]}…", f"{len(line)} columns.", f"at most {COLUMNS}")
    yield from in_text(_masked(_CODE, _masked(_FENCE, text)), path, 1, checked)


def _flattened(node: ast.expr) -> str:
    """The text of a string literal; values of an f-string become `x`."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(_flattened(part) if isinstance(part, ast.Constant) else "x" for part in node.values)
    return ""


def _is_command(path: Path) -> bool:
    return "commands" in path.parts or "cli" in path.parts


def _literals(tree: ast.AST, helps: bool) -> Iterator[tuple[int, str]]:
    """String literals outside docstrings; with `helps`, also the docstrings of public functions."""
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant | ast.JoinedStr) and id(node) not in documentation | parts:
            yield node.lineno, _flattened(node)
        if helps and isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield node.lineno, ast.get_docstring(node) or ""


def in_python(text: str, path: Path, checked: Sequence[Rule]) -> Iterator[Finding]:
    """Findings in the string literals of a module that look like sentences."""
    for line, literal in _literals(ast.parse(text), _is_command(path)):
        if _SENTENCE.search(literal) and not _SQL.search(literal):
            for finding in in_text(_masked(_CODE, literal), path, 0, checked):
                yield Finding(path, line, finding.text, finding.why, finding.instead)


def in_file(path: Path, checked: Sequence[Rule]) -> list[Finding]:
    """Findings in one file of the checkout."""
    text, name = path.read_text(encoding="utf-8"), path.relative_to(CHECKOUT)
    match path.suffix:
        case ".md":
            return list(in_markdown(text, name, checked))
        case ".py":
            return list(in_python(text, name, checked))
        case ".html":
            return list(in_text(_masked(_TEMPLATE, text), name, 1, checked))
        case ".js":
            return list(in_text(_masked(_COMMENT, text), name, 1, checked))
    return []


def files() -> list[Path]:
    """Every file that is checked."""
    pages = [*CHECKOUT.glob("*.md"), *(CHECKOUT / "docs").rglob("*.md")]
    modules = [path for room in ROOMS for path in (CHECKOUT / room).rglob("*.py")]
    texts = [path for folder in PAGES for path in (CHECKOUT / folder).glob("*.*")]
    exempt = {CHECKOUT / name for name in EXEMPT}
    return sorted(path for path in [*pages, *modules, *texts] if path not in exempt)


def main(arguments: Sequence[str]) -> int:
    """Check the named files, or all. The exit code."""
    checked = rules()
    findings = [
        finding
        for path in ([Path(name).resolve() for name in arguments] or files())
        for finding in in_file(path, checked)
    ]
    sys.stdout.write("".join(f"{finding}\n" for finding in findings))
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
