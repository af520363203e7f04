"""Acts: who changes something that lies beside the log (an account, a key, a customer). Kept with the change."""

import msgspec


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """Who does it, by which command, when (Unix ms), and in which request ('' for none)."""

    by: str
    command: str
    at_ms: int
    correlation: str = ""
