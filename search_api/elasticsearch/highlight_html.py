"""Highlights as safe HTML: Elasticsearch marks matches with private-use characters, the text is escaped, then they
become <mark>.
"""

from html import escape

OPEN, CLOSE = "\ue000", "\ue001"
"""Private-use characters. A document that contains them gets extra marks, but never its own markup."""


def to_html(fragment: str) -> str:
    """A fragment as HTML whose only markup is balanced `<mark>` elements."""
    parts: list[str] = []
    marked = False
    for piece in _pieces(fragment):
        if piece == OPEN:
            parts.append("" if marked else "<mark>")
            marked = True
        elif piece == CLOSE:
            parts.append("</mark>" if marked else "")
            marked = False
        else:
            parts.append(escape(piece))
    return "".join(parts) + ("</mark>" if marked else "")


def _pieces(fragment: str) -> list[str]:
    separated = fragment.replace(OPEN, f"\0{OPEN}\0").replace(CLOSE, f"\0{CLOSE}\0")
    return separated.split("\0")
