"""The faults of the runner. Each says what happened, to which service, and what to do."""


class RunnerError(Exception):
    """Cannot continue. `exit_code` is what the command line returns for it."""

    exit_code = 1


class WrongSettings(RunnerError):
    """A setting is wrong, a port is taken, or the machine lacks something that the settings can point to."""

    exit_code = 2


class ServiceUnavailable(RunnerError):
    """A service is not there, or did not become ready."""

    exit_code = 3
