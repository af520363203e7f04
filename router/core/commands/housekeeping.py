"""Commands about deliveries, what the archive has, and time."""

from typing import Literal

from router.core.commands.base import BaseCommand


class StartDelivery(BaseCommand, frozen=True):
    """An outbox worker is about to hand attempt `attempt` to the outside: durable before the first byte."""

    delivery: str
    attempt: int


class EndDelivery(BaseCommand, frozen=True):
    """How attempt `attempt` ended. `retry` asks for another one (a temporary refusal, surely not delivered)."""

    delivery: str
    attempt: int
    result: Literal["sent", "failed", "unknown", "retry"]
    code: str = ""
    thread_keys: tuple[str, ...] = ()


class RetryDelivery(BaseCommand, frozen=True):
    """A person chose to send a failed or unknown delivery again."""

    delivery: str
    agent: str


class Forget(BaseCommand, frozen=True):
    """The archive has these closed items: they may leave memory."""

    items: tuple[str, ...]


class Pulse(BaseCommand, frozen=True):
    """Time passed: whatever is due by now happens."""
