"""A work item: one unit of work that is queued and routed, and the reservation that holds it for an agent."""

from typing import Literal, TypeAlias

import msgspec

from queues.queue import ChannelName
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


class WorkItem(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The record of one item. Changed only by `evolve`; times are ticks.

    `wishes` are wanted, not needed. `waited` is the highest threshold of its queue's plan that its wait has reached.
    `seq` is its place among equals in its queue and is kept when a reservation ends without an accept.
    `excepted` maps agents who must not get it to the instant until which (0: for as long as it is open).
    `only` names the one agent it waits for, `prefers` the one whom it waits for alone at first.
    `kept_until` is when it goes back to its queue unless its agent, who
    vanished, returns. `related` is an item whose reference was quoted,
    `split_from` the one whose mail it is one matter of. `counted`: whether the service level counts it. `questions` are
    what its agents asked their leaders, `joined` the leaders who came to help.
    `first_entered_at` and `due` survive every move.
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
    excepted: dict[str, int] = {}
    expiries: int = 0
    connect_failures: int = 0
    escalations: int = 0
    wrap_until: int | None = None
    pending_until: int | None = None
    pending_reason: str = ""
    kept_until: int | None = None
    disposition: str = ""
    outcome: str = ""
    related: str = ""
    reopens: str = ""
    reopen_count: int = 0
    closed_at: int | None = None
    split_from: str = ""
    counted: bool = True
    questions: tuple[Question, ...] = ()
    joined: tuple[str, ...] = ()
