"""The errors of the server runner. Each states what happened, to which service, and what to do.

RunnerError              1  cannot continue
├── WrongSettings        2  a setting is wrong, a port is taken, or the machine lacks something
└── ServiceUnavailable   3  a service does not run, or did not become ready
"""


class RunnerError(Exception):
    """Cannot continue. `exit_code` is what the command line returns for it."""

    exit_code = 1


class WrongSettings(RunnerError):
    """A setting is wrong, a port is taken, or the machine lacks something that the settings can point to."""

    exit_code = 2


class ServiceUnavailable(RunnerError):
    """A service does not run, or did not become ready."""

    exit_code = 3
