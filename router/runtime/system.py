"""The clock and the source of ids of a real process. Nothing else in the server asks the system for either."""

import base64
import secrets
import time

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
    """Ids like `item_4kz...`: a prefix for people, then 128 random bits in lower-case base 32."""

    def new(self, prefix: str) -> str:
        """A new id that nobody can guess."""
        bits = base64.b32encode(secrets.token_bytes(RANDOM_BYTES)).decode()
        return f"{prefix}_{bits.rstrip('=').lower()}"
