"""Why the archive stops. Each message says what was found and what to do; none of them heals by waiting."""

from router.runtime.errors import StartError


class OtherHistory(StartError):
    """What the store holds does not go on from what SQL holds: they belong to different pasts."""

    def __init__(self, position: int, found: str) -> None:
        super().__init__(
            f"the history in SQL ends at event {position}, but {found}. The data folder (or Redis) and the data base "
            "do not belong together: restore both from the same backup, or start with an empty data base"
        )
        self.position = position


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
            "postgresql://user:password@host/name and install the driver with pip install 'firstline[postgresql]'"
        )
