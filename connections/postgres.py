"""What PostgreSQL's refusal to open a session means: that one signs in wrongly, or that it cannot have one now. Pure."""

import re

_PASSING = re.compile(
    r"the database system is|too many (clients|connections)|connection slots are reserved|terminating connection"
)
"""What a server says that will let the same one in later."""

_BEFORE = re.compile(r"no password supplied|certificate|does not support SSL|invalid sslmode")
"""What libpq says before a server could."""


def is_wrong(message: str) -> bool:
    """Whether this end of an attempt to connect will be the same next time: a wrong password, role, database or certificate.

    What does not answer, or does not let anybody in just now, is not wrong."""
    told = [line for line in message.splitlines() if "FATAL:" in line]
    if told:
        return not any(_PASSING.search(line) for line in told)
    return bool(_BEFORE.search(message))
