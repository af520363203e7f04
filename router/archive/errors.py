"""Why the archive stops. Each message says what was found and what to do; none of them heals by waiting."""

import sys
from pathlib import Path

from router.gateway import StoreError
from router.runtime.errors import StartError


class Refused(StoreError):
    """The data base is there and lets nobody in: a wrong password, no such user or data base."""


class OtherHistory(StartError):
    """What the store holds does not go on from what SQL holds: they belong to different pasts."""

    def __init__(self, position: int, found: str) -> None:
        super().__init__(
            f"the history in SQL ends at event {position}, but {found}. The data folder (or Redis) and the data base "
            "do not belong together: restore both from the same backup, or start with an empty data base"
        )
        self.position = position
        self.found = found


class NewerDatabase(StartError):
    """The data base was written by a newer version of Firstline."""

    def __init__(self, revision: str) -> None:
        super().__init__(
            f"the data base is at revision {revision}, which this version of Firstline does not know: "
            "start the newer version again, or restore a backup that was made before the upgrade"
        )
        self.revision = revision


class DatabaseUnusable(StartError):
    """The URL of the data base names none that can be used: another kind, or one whose driver is not installed."""

    def __init__(self, problem: str) -> None:
        super().__init__(
            f"database_url cannot be used ({problem}): leave it empty for SQLite, or write "
            "postgresql://user:password@host/name and install the driver with "
            f"{Path(sys.executable).parent / 'pip'} install 'firstline[postgresql]'"
        )


class DatabaseRefuses(StartError):
    """Who is named in the URL of the data base may not use it."""

    def __init__(self, said: str) -> None:
        super().__init__(f"{said}. Correct user, password and name in database_url, or give that user the right there")


class DatabaseMoved(StartError):
    """The data base was moved elsewhere: what is written here would be lost."""

    def __init__(self) -> None:
        super().__init__(
            "this data base was moved to PostgreSQL by 'firstline migrate', and nothing may be written to it any more: "
            "set database_url to the one that it was moved to"
        )


class DatabaseUnfinished(StartError):
    """The data base is the target of a move that is not finished: it lacks what happened since."""

    def __init__(self) -> None:
        super().__init__(
            "this data base is not complete, 'firstline migrate' is still filling it: leave database_url as it was, "
            "and finish the move with the server stopped"
        )


class MoveRefused(Exception):
    """A move from one data base to the other cannot go on. The message says what was found and what to do."""


class CopyDiffers(MoveRefused):
    """After everything was copied, the two sides are not equal."""

    def __init__(self, table: str) -> None:
        super().__init__(
            f"the copy of the table {table} is not equal to the original. Nothing was closed, the old data base is as "
            "it was: empty the new one and begin again, and report this"
        )
