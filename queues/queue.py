"""A queue: items waiting under common rules, and the targets they are held to."""

from typing import Literal, TypeAlias

import msgspec

from queues.callback import Callbacks
from queues.comparator import STRICT, Comparator
from queues.plan import RelaxStep
from queues.strategy import DEFAULT_STRATEGY, IdleFrom, Strategy
from skills import Requirement

ChannelName: TypeAlias = Literal["phone", "email", "chat", "webhook"]

CHANNELS: tuple[ChannelName, ...] = ("phone", "email", "chat", "webhook")

ANY_QUEUE = "*"
"""In place of a queue's id: all other queues."""

ANY_CHANNEL = "*"
"""In place of a channel: each that is not named."""

Demand: TypeAlias = Literal["category", "outcome"]

DeclineUntil: TypeAlias = Literal["time", "others", "return"]

TARGET_MS: dict[str, int] = {"phone": 30_000, "chat": 60_000, "email": 14_400_000, "webhook": 14_400_000}
"""How soon an item should be answered when its queue does not say: our defaults, by channel."""


Refused: TypeAlias = Literal["closed", "full", "late"]
"""Why a queue did not take something, or does not keep it: it is closed, too much waits, it has waited too long."""


class Fallback(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What becomes of what a queue does not take, or does not keep: it flows over to the queue `overflow` ('' for
    none). Who cannot is turned away with a `message` (by language), and a caller is offered to be called back if
    `callback` says so. What is written is never turned away: it waits."""

    message: dict[str, str] = {}
    overflow: str = ""
    callback: bool = False


class Closed(Fallback, frozen=True, kw_only=True, omit_defaults=True):
    """A queue that takes nothing new, closed by hand since this instant, and what becomes of what comes."""

    since: int


class Queue(msgspec.Struct, frozen=True, kw_only=True, tag="queue"):
    """Items of one kind waiting under common rules. All durations are ticks (1 ms in production).

    `requirement` is asked of every item in it beside what the item asks itself; a change applies at once to
    what is waiting. `line` is 1 for first line, 2 and more for specialists. `escalates_to` is where an
    unresolved item goes when its category names no specialist queue. `demands` is what an agent must have said
    before an item closes. `keep_ms` is how long what need not be done at once stays with an agent who vanished.
    `wishes` are skills that are wanted, not needed. `plan` is how what waits asks less in time; `prefer_ms` how long
    an item waits for its last agent alone. `strategy` chooses among agents, `idle_from` says what their idle time
    counts from, `comparator` how items of this queue claim to be next. `reserve`: items of these other queues (`*`:
    of any) start on this queue's agents only while more than so many of them idle.
    `auto_accept`: on these channels an agent who gets an item has accepted it. `reservations_ms`: how long an item is
    held for an agent, by channel, where it is not `reservation_ms`. `decline_until`: whether a decline is remembered
    for `decline_memory_ms` (`time`), the same but no longer than until everybody else was asked (`others`), or until
    the agent has been offline (`return`). `declines_max`: declines after which an item is stuck (0: never).
    `simultaneous`: for how many agents at once an item may be held.
    `resolve_ms` is within which time of its first entry into the house an item is to be resolved, by channel (`*`: of
    any), else it goes to the specialists by rule; `reopens_max` after how many times that it came back (0: never);
    `escalate_declined` when everybody who could have it has declined it.
    Outside its `hours` what comes meets `when_closed`. When more than `waiting_max` wait (None: any number), in this
    queue and those of `waiting_with`, the last to come meets `when_full`; what waits for `wait_max_ms` (0: for ever)
    meets `when_late`. `callbacks` is how customers are called back. An item that is pending without a date closes
    after `pending_close_ms` (0: never).
    `closed` is set by hand while it runs and is no part of a centre file.
    """

    id: str
    names: dict[str, str] = {}
    line: int = 1
    team: str = ""
    requirement: Requirement = ()
    priority: int = 0
    target_ms: dict[str, int] = {}
    reservation_ms: int = 20_000
    wrap_up_ms: dict[str, int] = {}
    decline_memory_ms: int = 300_000
    knock_out_max: int = 3
    escalates_to: str = ""
    hours: str = ""
    demands: tuple[Demand, ...] = ()
    keep_ms: int = 14_400_000
    wishes: Requirement = ()
    plan: tuple[RelaxStep, ...] = ()
    prefer_ms: int = 0
    strategy: Strategy = DEFAULT_STRATEGY
    idle_from: IdleFrom = "available"
    comparator: Comparator = STRICT
    reserve: dict[str, int] = {}
    auto_accept: tuple[ChannelName, ...] = ()
    reservations_ms: dict[str, int] = {}
    decline_until: DeclineUntil = "time"
    declines_max: int = 0
    simultaneous: int = 1
    resolve_ms: dict[str, int] = {}
    reopens_max: int = 0
    escalate_declined: bool = False
    when_closed: Fallback = Fallback()
    waiting_max: int | None = None
    waiting_with: tuple[str, ...] = ()
    when_full: Fallback = Fallback()
    wait_max_ms: int = 0
    when_late: Fallback = Fallback()
    callbacks: Callbacks = Callbacks()
    pending_close_ms: int = 0
    closed: Closed | None = None
    revision: int = 0

    def target(self, channel: str) -> int:
        """How soon an item of this channel should be answered, counted from its entry."""
        return self.target_ms.get(channel, TARGET_MS.get(channel, TARGET_MS["email"]))

    def reservation(self, channel: str) -> int:
        """How long an item of this channel is held for an agent."""
        return self.reservations_ms.get(channel, self.reservation_ms)

    def resolve(self, channel: str) -> int:
        """Within which time of its first entry an item of this channel is to be resolved; 0 when nothing is said."""
        return self.resolve_ms.get(channel, self.resolve_ms.get(ANY_CHANNEL, 0))

    def wrap_up(self, channel: str) -> int:
        """How long an agent may work on an item of this channel after the exchange ended; 0 means not at all."""
        return self.wrap_up_ms.get(channel, 0)

    def thresholds(self) -> set[int]:
        """The waits at which its own rules change something for what waits in it."""
        return {after for after in (self.prefer_ms, self.wait_max_ms, *(step.after_ms for step in self.plan)) if after}

    def fallback(self, why: Refused) -> Fallback:
        """What is ruled for what this queue does not take, or does not keep, for this reason."""
        match why:
            case "closed":
                return self.when_closed if self.closed is None else self.closed
            case "full":
                return self.when_full
            case "late":
                return self.when_late
