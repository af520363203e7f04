"""How a command of the command line ends: exit codes, and the error that carries one (docs/reference/cli.md)."""

import enum
from typing import Any


class Exit(enum.IntEnum):
    """Exit codes. Programs may rely on them."""

    OK = 0
    FAILED = 1
    USAGE = 2
    REFUSED = 3
    UNREACHABLE = 4
    ENVIRONMENT = 5


MEANINGS: dict[Exit, str] = {
    Exit.OK: "done",
    Exit.FAILED: "a check failed: the file has errors, the change has conflicts, the demo lost something",
    Exit.USAGE: "wrong options or arguments",
    Exit.REFUSED: "the server refused: not allowed, unknown, or in the wrong state",
    Exit.UNREACHABLE: "no server answers at the URL, or it cannot take commands now",
    Exit.ENVIRONMENT: "something here is in the way: settings, data folder, port, Redis, a missing file",
}


class CommandError(Exception):
    """A command cannot go on. `message` says what is wrong and what to do; `details` are for --json."""

    def __init__(self, exit: Exit, message: str, **details: Any) -> None:
        super().__init__(message)
        self.exit = exit
        self.message = message
        self.details = details
