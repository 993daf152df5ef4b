"""The errors of the operators' commands. Each states what happened, to which thing, and what to do.

OperatorError            1  cannot continue
├── WrongUse             2  settings, arguments, credentials or the spec are wrong
├── Refused              1  the source cannot be captured as it is
└── ServiceUnavailable   3  a service does not answer
"""


class OperatorError(Exception):
    """Cannot continue. `exit_code` is what the command line returns for it."""

    exit_code = 1


class WrongUse(OperatorError):
    """A setting, an argument, credentials or the spec are wrong."""

    exit_code = 2


class Refused(OperatorError):
    """The source database cannot be captured as it is."""


class ServiceUnavailable(OperatorError):
    """A service does not answer."""

    exit_code = 3
