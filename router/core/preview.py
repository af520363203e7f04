"""Preview: what a change would do to what waits, without doing it. Run on a copy of the state, which it uses up.

The change goes through the very `decide`, `evolve` and `match` that would make it, so nothing is foretold that would
not come.
"""

from collections.abc import Iterable
from typing import Final, TypeAlias

import msgspec

from router.core import commands as c
from router.core import events as e
from router.core.ask import Ask, order_of
from router.core.classes import Offer
from router.core.decide import decide
from router.core.evolve import evolve
from router.core.match import match, pending
from router.core.rejections import Rejection
from router.core.state import State
from skills import meets

Offers: TypeAlias = dict[str, Offer]
"""What each enabled agent offers."""


class QueueChange(msgspec.Struct, kw_only=True):
    """Of the items that wait in a queue: how many more, or fewer, agents could take (or other ones), how many anybody
    could take at last, and how many nobody could any more. Whoever could: on shift or not."""

    waiting: int = 0
    gained: int = 0
    lost: int = 0
    possible: int = 0
    impossible: int = 0


class ItemChange(msgspec.Struct, frozen=True, kw_only=True):
    """A waiting item for which other agents would be eligible: which more, which no more, how many in all. Of many
    agents the first."""

    item: str
    queue: str
    gained: tuple[str, ...]
    lost: tuple[str, ...]
    before: int
    after: int


class Offered(msgspec.Struct, frozen=True, kw_only=True):
    """A reservation that would be made at once."""

    item: str
    queue: str
    agent: str


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What a change would do. `refused`: nothing, since it would be refused.

    `queues` counts, by queue; `items` and `offers` are the first of those whose number is in `items_total` and
    `offers_total`. `events` counts what would happen, by kind.
    """

    refused: Rejection | None = None
    queues: dict[str, QueueChange] = {}
    items: tuple[ItemChange, ...] = ()
    items_total: int = 0
    offers: tuple[Offered, ...] = ()
    offers_total: int = 0
    events: dict[str, int] = {}


def preview(
    state: State, commands: Iterable[c.Command], now: int, *, most: int, teams: frozenset[str] | None = None
) -> Preview:
    """What these commands would do, one after the other. `state` is a copy that is used up.

    `teams`: only the queues of these are told of (None: all). At most `most` items and reservations are listed.
    """
    _settled(state, now)
    offers, asked = _offers(state), _asked(state, teams)
    events: list[e.Event] = []
    for command in commands:
        decision = decide(state, command, now)
        if isinstance(decision, Rejection):
            return Preview(refused=decision)
        for event in decision:
            evolve(state, event)
        events += decision
    changes = _Changes(offers, _offers(state))
    after = _asked(state, teams)
    queues: dict[str, QueueChange] = {}
    items: list[ItemChange] = []
    total = 0
    for item, asks in after.items():
        found = changes.of(item, asked.get(item, asks), asks)
        _count(queues.setdefault(asks.queue, QueueChange()), found)
        if found.gained or found.lost:
            total += 1
            if len(items) < most:
                items.append(_bounded(found))
    matched = _settled(state, now)
    made = [
        Offered(item=event.item, queue=event.queue, agent=event.agent)
        for event in matched
        if isinstance(event, e.ReservationMade) and _shown(state, event.queue, teams)
    ]
    return Preview(
        queues={id: counts for id, counts in sorted(queues.items()) if counts != QueueChange(waiting=counts.waiting)},
        items=tuple(items),
        items_total=total,
        offers=tuple(made[:most]),
        offers_total=len(made),
        events=_kinds([*events, *matched]),
    )


def _settled(state: State, now: int) -> list[e.Event]:
    """Everything that can be matched is: a call of match makes a bounded number of reservations."""
    made = match(state, now)
    while pending(state):
        made += match(state, now)
    return made


def _offers(state: State) -> Offers:
    return {id: state.placing.offer(agent) for id, agent in state.agents.items() if not agent.disabled}


def _asked(state: State, teams: frozenset[str] | None) -> dict[str, Ask]:
    """What each waiting item asks."""
    return {
        wait[2]: found.key
        for found in state.lines.classes()
        if _shown(state, found.queue, teams)
        for wait in found.line
    }


def _shown(state: State, queue: str, teams: frozenset[str] | None) -> bool:
    record = state.queues.get(queue)
    return teams is None or (record is not None and record.team in teams)


class _Changes:
    """Who could take what before and after, worked out once for each pair of asks."""

    def __init__(self, before: Offers, after: Offers) -> None:
        self._before, self._after = before, after
        self._kinds = (_by_offer(before), _by_offer(after))
        self._changed = [id for id in {**before, **after} if before.get(id) != after.get(id)]
        self._known: dict[tuple[Ask, Ask], ItemChange] = {}
        self._able: dict[tuple[bool, Ask], int] = {}

    def of(self, item: str, before: Ask, after: Ask) -> ItemChange:
        """How an item that asked `before` and would ask `after` is touched."""
        found = self._known.get((before, after))
        if found is None:
            found = self._known[before, after] = self._compared(before, after)
        return msgspec.structs.replace(found, item=item)

    def _compared(self, before: Ask, after: Ask) -> ItemChange:
        agents = self._changed if before == after else sorted({**self._before, **self._after})
        had = {id for id in agents if _can(self._before.get(id), before, id)}
        has = {id for id in agents if _can(self._after.get(id), after, id)}
        return ItemChange(
            item="",
            queue=after.queue,
            gained=tuple(id for id in agents if id in has and id not in had),
            lost=tuple(id for id in agents if id in had and id not in has),
            before=self._number(0, before),
            after=self._number(1, after),
        )

    def _number(self, side: int, asks: Ask) -> int:
        key = (bool(side), asks)
        if key not in self._able:
            kinds = self._kinds[side]
            if asks.only:
                self._able[key] = sum(asks.only in agents for agents in kinds.values())
            else:
                self._able[key] = sum(len(agents) for offer, agents in kinds.items() if _can(offer, asks, ""))
        return self._able[key]


def _by_offer(offers: Offers) -> dict[Offer, dict[str, None]]:
    kinds: dict[Offer, dict[str, None]] = {}
    for id, offer in offers.items():
        kinds.setdefault(offer, {})[id] = None
    return kinds


def _can(offer: Offer | None, asks: Ask, agent: str) -> bool:
    if offer is None:
        return False
    if asks.only:
        return asks.only == agent
    there = order_of(asks, dict(offer.memberships), offer.teams) is not None
    return there and meets(offer.skills, asks.requirement)


def _count(counts: QueueChange, found: ItemChange) -> None:
    counts.waiting += 1
    counts.gained += bool(found.gained)
    counts.lost += bool(found.lost)
    counts.possible += not found.before and bool(found.after)
    counts.impossible += bool(found.before) and not found.after


_NAMED_MAX: Final = 5
"""Agents named of one item: who needs all of them looks at its explanation."""


def _bounded(found: ItemChange) -> ItemChange:
    return msgspec.structs.replace(found, gained=found.gained[:_NAMED_MAX], lost=found.lost[:_NAMED_MAX])


def _kinds(events: Iterable[e.Event]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for event in events:
        name = type(event).__name__
        counts[name] = counts.get(name, 0) + 1
    return dict(sorted(counts.items()))
