"""Java properties files, as Kafka Connect's FileConfigProvider reads them. Pure."""

import re
from collections.abc import Mapping

_LINE = re.compile(r"([\w.-]+)=(.*)")
_ESCAPED = re.compile(r"\\(?:u([0-9a-f]{4})|(.))")


def rendered(values: Mapping[str, str]) -> str:
    """The text of a file with these values. Names have letters, digits and `._-` only."""
    return "".join(f"{name}={_escaped(value)}\n" for name, value in values.items())


def parsed(text: str) -> dict[str, str]:
    """The values of a file that `rendered` made; other lines are ignored."""
    lines = (_LINE.fullmatch(line) for line in text.split("\n"))
    return {line[1]: _ESCAPED.sub(_character, line[2]) for line in lines if line}


def _escaped(value: str) -> str:
    text = "".join(f"\\u{ord(c):04x}" if c < " " else "\\\\" if c == "\\" else c for c in value)
    return f"\\{text}" if text.startswith(" ") else text


def _character(escape: re.Match[str]) -> str:
    return chr(int(escape[1], 16)) if escape[1] else escape[2]
