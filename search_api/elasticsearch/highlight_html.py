"""Highlights that are safe to show: Elasticsearch marks with private characters, text is escaped, then the marks become <mark>."""

from html import escape

OPEN, CLOSE = "\ue000", "\ue001"
"""Characters of a private use area; a document that holds them itself gets marks, and never markup of its own."""


def to_html(fragment: str) -> str:
    """A fragment as HTML in which nothing but balanced `<mark>` elements is markup."""
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
