"""A work item: one unit of work that is queued and routed, and the reservation that holds it for an agent."""

from typing import Final, Literal, TypeAlias

import msgspec

from queues.callback import Window
from queues.queue import ChannelName, Refused
from router.core.question import Question
from skills import Requirement

ItemState: TypeAlias = Literal["queued", "reserved", "active", "pending", "wrapping", "stuck", "closed"]

HELD: frozenset[ItemState] = frozenset({"reserved", "active", "wrapping"})
"""States in which the item takes room of an agent."""

OPEN: frozenset[ItemState] = HELD | {"queued", "pending", "stuck"}


AT_HEAD = 0
"""The `seq` of an item that lost its agent while its customer was there: others count from 1, so it goes before all
that are due at the same instant."""


class Reservation(msgspec.Struct, frozen=True, kw_only=True):
    """An item held for one agent until accepted, declined, expired or rescinded."""

    id: str
    agent: str
    made_at: int
    expires_at: int


class Passed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A queue that an item was escalated from: by whom ('' for a rule), and what it asked there."""

    queue: str
    agent: str = ""
    requirement: Requirement = ()
    wishes: Requirement = ()


class Callback(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A customer to be called back: `number` is the id of the content that says where; `call` the call by which they
    are being called; `attempts` those that failed, of at most `most` (0: as the queue says). They want it in one of
    these `windows` (none: as soon as possible). `reached`: they have answered."""

    number: str = ""
    call: str = ""
    attempts: int = 0
    most: int = 0
    windows: tuple[Window, ...] = ()
    asked_at: int = 0
    reached: bool = False

    def over_at(self, since: int) -> int | None:
        """The end of the first window that was not over at this instant; None when there is none."""
        return min((window.end for window in self.windows if window.end > since), default=None)

    def from_at(self, since: int) -> int | None:
        """When they can be called, from this instant on; None when all their windows are over then."""
        if not self.windows:
            return since
        return min((max(window.start, since) for window in self.windows if window.end > since), default=None)


_NOBODY: Final[dict[str, int]] = {}


class WorkItem(msgspec.Struct, kw_only=True, omit_defaults=True, gc=False):
    """The record of one item. Changed only by `evolve`; times are ticks.

    `wishes` are wanted, not needed. `waited` is the highest threshold of its queue's plan that its wait has reached.
    `seq` is its place among equals in its queue and is kept when a reservation ends without an accept.
    `excepted` maps agents who must not get it to the instant until which (0: for as long as it is open); None for
    nobody (read it as `barred`).
    `passed` are the queues that did not take it, or keep it, by rule, since a person moved it; rules moved it
    `moves_by_rule` times. `pending_since` counts while it is pending. `refused` is why its queue turned it away.
    `only` names the one agent it waits for, `prefers` the one whom it waits for alone at first.
    `kept_until` is when it goes back to its queue unless its agent, who
    vanished, returns. `related` is an item whose reference was quoted,
    `split_from` the one whose mail it is one matter of. `counted`: whether the service level counts it. `questions` are
    what its agents asked their leaders, `joined` the leaders who came to help.
    `first_entered_at` and `due` survive every move.
    `rivals` are the further reservations of an item that is held for several agents at once; who accepts first has it.
    `declines` counts those since it entered its queue, `declined_by` says whose they were. `interrupted`: it is active
    and parked with its agent, who works on something that goes before. `silent`: it is active, its customer says
    nothing, and it takes no room; it will be so at `silent_at`. `woken`: it was so and takes room again, if need be
    beyond what there is.
    `way` are the queues that it was escalated from, the last one last, and `followers` those who want to know how it
    goes on. `moves` counts moves by agents, `moves_by_rule` those by rules, until a supervisor puts it back. `overdue`:
    the time in which its queue is to resolve it is over, and that was dealt with.
    A consult is an item about another one, `consults`, that its `asker` keeps; `warm` with the `escalation` (a code)
    for which the other is handed over in it. `consultations` are the open consults about this one, `answers` counts
    what they brought.
    """

    id: str
    conversation: str
    channel: ChannelName
    state: ItemState = "queued"
    queue: str = ""
    requirement: Requirement = ()
    wishes: Requirement = ()
    waited: int = 0
    priority: int = 0
    language: str = ""
    category: str = ""
    customer: str = ""
    entry_point: str = ""
    rules: tuple[str, ...] = ()
    call: str = ""
    attributes: str = ""
    opened_at: int = 0
    first_entered_at: int = 0
    entered_at: int = 0
    due: int = 0
    seq: int = 0
    only: str = ""
    prefers: str = ""
    agent: str = ""
    last_agent: str = ""
    reservation: Reservation | None = None
    accepted_at: int | None = None
    answered: bool = False
    held: bool = False
    excepted: dict[str, int] | None = None
    expiries: int = 0
    connect_failures: int = 0
    escalations: int = 0
    wrap_until: int | None = None
    pending_until: int | None = None
    pending_reason: str = ""
    pending_since: int = 0
    passed: tuple[str, ...] = ()
    moves_by_rule: int = 0
    callback_offered: bool = False
    callback: Callback | None = None
    kept_until: int | None = None
    disposition: str = ""
    outcome: str = ""
    refused: Refused | Literal[""] = ""
    related: str = ""
    reopens: str = ""
    reopen_count: int = 0
    closed_at: int | None = None
    split_from: str = ""
    counted: bool = True
    questions: tuple[Question, ...] = ()
    joined: tuple[str, ...] = ()
    rivals: tuple[Reservation, ...] = ()
    declines: int = 0
    declined_by: tuple[str, ...] = ()
    interrupted: bool = False
    silent: bool = False
    silent_at: int | None = None
    woken: bool = False
    way: tuple[Passed, ...] = ()
    followers: tuple[str, ...] = ()
    moves: int = 0
    overdue: bool = False
    consults: str = ""
    asker: str = ""
    warm: bool = False
    escalation: str = ""
    consultations: tuple[str, ...] = ()
    answers: int = 0

    @property
    def barred(self) -> dict[str, int]:
        """The agents who must not get it, as `excepted` has them. Not to be changed."""
        return self.excepted if self.excepted is not None else _NOBODY

    @property
    def ringing(self) -> tuple[Reservation, ...]:
        """The reservations that nobody has accepted yet: the first one, then its rivals."""
        if self.state != "reserved" or self.reservation is None:
            return ()
        return (self.reservation, *self.rivals)

    @property
    def holders(self) -> tuple[str, ...]:
        """The agents whose room it takes: several only while it is held for several at once."""
        return (self.agent, *(held.agent for held in self.rivals))

    def held_for(self, agent: str) -> Reservation | None:
        """The reservation that this agent has not answered yet."""
        if self.state != "reserved" or self.reservation is None:
            return None
        if self.reservation.agent == agent:
            return self.reservation
        return next((held for held in self.rivals if held.agent == agent), None)

    @property
    def on_call(self) -> bool:
        """Whether a customer is on the line with its agent, or is being called."""
        if self.channel != "phone" or self.state != "active" or self.consults:
            return False
        return self.callback is None or self.callback.reached or bool(self.callback.call)

    @property
    def to_call(self) -> bool:
        """Whether the customer does not wait on the line, but to be called back."""
        return self.callback is not None and not self.callback.reached
