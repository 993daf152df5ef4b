"""What an operator has to do after an error that ends the work, as a code. Programs turn it into commands."""

from enum import Enum, auto


class Recovery(Enum):
    """A way to continue after an error. The error's text states what happened; this, what to do."""

    NEW_STORE = auto()
    """Start with an empty row store, and take a new snapshot."""
    APPLY_CONNECTOR = auto()
    """Bring the connector's configuration up to date."""
    APPLY_CONNECTOR_AND_NEW_STORE = auto()
    """Both, in this order: what the connector already wrote to the log cannot be used."""
    PREPARE_CONNECTOR_AND_NEW_STORE = auto()
    """Prepare the source and the connector for another spec, then as for NEW_STORE."""
    CORRECT_SPEC_AND_NEW_STORE = auto()
    """Correct the spec, bring the connector up to date, then as for NEW_STORE."""
    REMOVE_STORE = auto()
    """Delete the row store's files, then as for NEW_STORE."""
