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


class ServerFull(ServerFailed):
    """The private server ended because its disk is full. The one failure that heals by waiting, once it ran."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"the disk of {folder} is full: make room on it. Nothing that was accepted is lost")


class ServerDamaged(ServerFailed):
    """The private server refuses what lies on its disk."""

    def __init__(self, folder: Path, *, can_be_cut: bool) -> None:
        if can_be_cut:
            remedy = (
                "call 'firstline repair', which says what is lost by cutting the damaged end off, and does so with "
                "--yes; or restore a backup"
            )
        else:
            remedy = "nothing of it can be read without what is damaged, so restore a backup"
        super().__init__(f"the append-only file in {folder} is damaged and the server refuses it: {remedy}")


class NodesDisagree(StartError):
    """Another node of the domain is set up in a way that makes the two no one system."""

    def __init__(self, how: str) -> None:
        super().__init__(f"another node of this domain {how}")


class StoreUnfit(StartError):
    """The Redis of the settings keeps less than is promised with it."""
