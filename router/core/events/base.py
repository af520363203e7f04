"""What every event is: a frozen struct, tagged with its name, with the instant at which it happened."""

import msgspec


class BaseEvent(msgspec.Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """A fact. `at` is in ticks."""

    at: int
