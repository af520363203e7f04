"""Why a node cannot start. Each message says what is wrong and what to do; none of them heals by waiting."""

from pathlib import Path


class StartError(Exception):
    """The node cannot start as it is set up. The message is for the operator."""


class ShapeTooNew(StartError):
    """The stored data was written by a newer Firstline than this one."""

    def __init__(self, stored: int, known: int) -> None:
        super().__init__(
            f"the stored data has shape {stored}, this Firstline knows shapes up to {known}: "
            "start the newer version again, or restore a backup that was made before the upgrade"
        )
        self.stored = stored
        self.known = known


class FolderInUse(StartError):
    """Another node runs on this data folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"another Firstline runs on the data folder {folder}: stop it first, or name another folder (data_dir)"
        )


class ServerMissing(StartError):
    """There is no Redis or Valkey that could be started."""


class ServerFailed(StartError):
    """The private server does not start, or does not stay up."""
