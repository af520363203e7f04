"""The clock and the source of ids of a real process. Nothing else in the server asks the system for either."""

import base64
import secrets
import time
from collections.abc import Iterator

DRAWN_AT_ONCE = 256  # ids of one draw: 4 KiB, and a draw a second at the highest rate
RANDOM_BYTES = 16  # 128 bits: nobody guesses an id, and no two are alike


class SystemClock:
    """The clocks of this machine."""

    def now_ms(self) -> int:
        """The wall clock, Unix milliseconds. It may jump."""
        return time.time_ns() // 1_000_000

    def monotonic_ms(self) -> int:
        """Milliseconds that never go back, counted from an unknown moment."""
        return time.monotonic_ns() // 1_000_000


class SystemIds:
    """Ids like `item_4kz...`: a prefix for people, then 128 random bits in lower-case base 32.

    Bytes are drawn for many ids at once: each draw lets go of the interpreter lock, and getting it back while the
    archive's thread works cost 200 us (measured).
    """

    def __init__(self) -> None:
        self._drawn: Iterator[bytes] = iter(())

    def new(self, prefix: str) -> str:
        """A new id that nobody can guess."""
        bits = next(self._drawn, b"")
        if not bits:
            drawn = secrets.token_bytes(RANDOM_BYTES * DRAWN_AT_ONCE)
            self._drawn = (drawn[at : at + RANDOM_BYTES] for at in range(0, len(drawn), RANDOM_BYTES))
            bits = next(self._drawn)
        return f"{prefix}_{base64.b32encode(bits).decode().rstrip('=').lower()}"
