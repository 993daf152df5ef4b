"""Reads a spec from its file."""

from pathlib import Path

from read_model.spec.errors import UnreadableSpecError
from read_model.spec.model import Spec
from read_model.spec.parser import parse_spec


def load_spec(path: Path) -> Spec:
    """Read, decode and check a spec's file. Raises SpecError with every error."""
    return parse_spec(_read(path), str(path))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UnreadableSpecError(f"The spec {path} cannot be read: {error.strerror}. Correct ROWTIDE_SPEC.") from error
    except UnicodeDecodeError as error:
        raise UnreadableSpecError(
            f"The spec {path} is not UTF-8 text: {error.reason} at byte {error.start}. Save it as UTF-8."
        ) from error
