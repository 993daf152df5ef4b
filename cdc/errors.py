"""The faults of the operators' program. Each says what, which and what to do.

OperatorError            1  cannot continue
├── WrongUse             2  settings, arguments, credentials or spec are wrong
├── Refused              1  the source, as it is, cannot be captured
└── ServiceUnavailable   3  a service is not there
"""


class OperatorError(Exception):
    """Cannot continue. `exit_code` is what the command line returns for it."""

    exit_code = 1


class WrongUse(OperatorError):
    """A setting, an argument, credentials or the spec are wrong."""

    exit_code = 2


class Refused(OperatorError):
    """The source database, as it is, cannot be captured."""


class ServiceUnavailable(OperatorError):
    """A service is not there."""

    exit_code = 3
