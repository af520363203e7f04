"""Why there is no backup, or no restore. Each message says what to do."""


class BackupError(Exception):
    """Something here is in the way."""


class Damaged(BackupError):
    """The backup, or what was to be backed up, does not hold together."""
