"""Calling customers back: how a queue does it, and when a customer wants it."""

import msgspec


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """A time in which a customer can be called: from `start` up to `end` (instants)."""

    start: int
    end: int


class Callbacks(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a queue calls back: at most `attempts` times, `retry_ms` apart; the first one not before `delay_ms` have
    passed, so that a customer has put the phone down."""

    attempts: int = 3
    retry_ms: int = 1_800_000
    delay_ms: int = 0
