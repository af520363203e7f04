"""What is counted of contacts, and the figures made of the counts.

A tally counts one batch of contacts: by class what became of them, and over its time how many agents were at work.
"""

from array import array
from collections.abc import Iterable
from typing import Any, TypeAlias

from queues import metrics
from router.simulate.theory.limits import TICKS_PER_S
from router.simulate.theory.streams import Contact
from router.simulate.theory.vectors import Measure, Model

Figures: TypeAlias = dict[str, float]
"""Figures by their dotted path, as in `expected` of a row; what is undefined is missing."""

PERCENTILES = {"wait_p50_s": 0.5, "wait_p90_s": 0.9, "wait_p99_s": 0.99}


class Count:
    """What became of the contacts of one class. Waits are sums of ticks."""

    __slots__ = (
        "abandoned",
        "abandoned_in_target",
        "answered",
        "answered_in_target",
        "blocked",
        "by_pool",
        "handled",
        "offered",
        "own",
        "short",
        "wait_abandoned",
        "wait_answered",
        "waited",
        "waits",
    )

    def __init__(self, pools: int) -> None:
        self.offered = self.blocked = self.waited = self.answered = self.answered_in_target = 0
        self.abandoned = self.abandoned_in_target = self.short = self.own = 0
        self.wait_answered = self.wait_abandoned = self.handled = 0
        self.by_pool = [0] * pools
        self.waits = array("d")

    def add(self, other: "Count") -> None:
        """Both together."""
        self.offered += other.offered
        self.blocked += other.blocked
        self.waited += other.waited
        self.answered += other.answered
        self.answered_in_target += other.answered_in_target
        self.abandoned += other.abandoned
        self.abandoned_in_target += other.abandoned_in_target
        self.short += other.short
        self.own += other.own
        self.wait_answered += other.wait_answered
        self.wait_abandoned += other.wait_abandoned
        self.handled += other.handled
        self.by_pool = [mine + theirs for mine, theirs in zip(self.by_pool, other.by_pool, strict=True)]
        self.waits += other.waits


class Tally:
    """The counts of one batch: by class, and the areas (ticks) under what was going on by pool."""

    def __init__(self, model: Model) -> None:
        pools = len(model.pools)
        self.classes = [Count(pools) for _ in model.classes]
        self.span = 0
        self.busy = [0] * pools
        self.talking = [0] * pools
        self.items = [0] * pools
        self.all_busy = 0

    def add(self, other: "Tally") -> None:
        """Both together."""
        for mine, theirs in zip(self.classes, other.classes, strict=True):
            mine.add(theirs)
        self.span += other.span
        self.all_busy += other.all_busy
        for name in ("busy", "talking", "items"):
            summed = [one + more for one, more in zip(getattr(self, name), getattr(other, name), strict=True)]
            setattr(self, name, summed)


def together(model: Model, tallies: Iterable[Tally]) -> Tally:
    """The sum of all."""
    found = Tally(model)
    for tally in tallies:
        found.add(tally)
    return found


class Counter:
    """Watches a run, and counts what belongs to each batch."""

    def __init__(self, model: Model, measure: Measure, batches: int, *, keep_waits: bool = False) -> None:
        self.tallies = [Tally(model) for _ in range(batches)]
        self._keep = keep_waits
        self._target = round(measure.target_s * TICKS_PER_S)
        self._short = round(measure.short_abandon_s * TICKS_PER_S)
        self._agents = sum(pool.agents or 0 for pool in model.pools)
        pools = len(model.pools)
        self._now = 0
        self._batch = -1
        self._held: dict[str, int] = {}
        self._busy = [0] * pools
        self._talking = [0] * pools
        self._items = [0] * pools
        self._all = 0

    # -- what happens ----------------------------------------------------------------------------------------

    def came(self, contact: Contact, now: int) -> None:
        """A contact comes: with the first of a batch its time begins, and that of the one before ends."""
        if contact.batch != self._batch:
            self._passed(now)
            self._batch = contact.batch
        if contact.batch >= 0:
            self.tallies[contact.batch].classes[contact.cls].offered += 1

    def began(self, contact: Contact, now: int) -> None:
        """Its agent has one more."""
        self._passed(now)
        pool = contact.pool
        held = self._held.get(contact.agent, 0)
        self._held[contact.agent] = held + 1
        self._items[pool] += 1
        self._talking[pool] += 1
        if not held:
            self._busy[pool] += 1
            self._all += 1
        if contact.batch < 0:
            return
        count = self.tallies[contact.batch].classes[contact.cls]
        wait = now - contact.at
        count.answered += 1
        count.by_pool[pool] += 1
        count.wait_answered += wait
        if wait:
            count.waited += 1
        if wait <= self._target:
            count.answered_in_target += 1
        if contact.last and contact.last == contact.agent:
            count.own += 1
        if self._keep:
            count.waits.append(wait / TICKS_PER_S)

    def talked(self, contact: Contact, now: int) -> None:
        """The exchange is over."""
        self._passed(now)
        self._talking[contact.pool] -= 1

    def ended(self, contact: Contact, now: int) -> None:
        """Its agent has one less."""
        self._passed(now)
        self._items[contact.pool] -= 1
        held = self._held[contact.agent] = self._held[contact.agent] - 1
        if not held:
            self._busy[contact.pool] -= 1
            self._all -= 1
        if contact.batch >= 0:
            self.tallies[contact.batch].classes[contact.cls].handled += now - contact.began

    def left(self, contact: Contact, now: int) -> None:
        """It abandoned."""
        if contact.batch < 0:
            return
        count = self.tallies[contact.batch].classes[contact.cls]
        wait = now - contact.at
        count.waited += 1
        count.abandoned += 1
        count.wait_abandoned += wait
        count.abandoned_in_target += wait <= self._target
        count.short += wait <= self._short

    def blocked(self, contact: Contact, now: int) -> None:
        """No place to wait."""
        if contact.batch >= 0:
            self.tallies[contact.batch].classes[contact.cls].blocked += 1

    def _passed(self, now: int) -> None:
        """Time passed, as things were."""
        gone = now - self._now
        self._now = now
        if self._batch < 0 or not gone:
            return
        tally = self.tallies[self._batch]
        tally.span += gone
        for pool, busy in enumerate(self._busy):
            tally.busy[pool] += gone * busy
            tally.talking[pool] += gone * self._talking[pool]
            tally.items[pool] += gone * self._items[pool]
        if self._all == self._agents:
            tally.all_busy += gone


# -- figures -------------------------------------------------------------------------------------------------


def figures(tally: Tally, model: Model) -> Figures:
    """All figures of a tally, by dotted path."""
    found: dict[str, float | None] = {}
    for each, count in zip(model.classes, tally.classes, strict=True):
        _add(found, f"per_class.{each.id}", of_count(count, tally.span))
    whole = Count(len(model.pools))
    for count in tally.classes:
        whole.add(count)
    _add(found, "all", of_count(whole, tally.span))
    for at, pool in enumerate(model.pools):
        _add(found, f"pools.{pool.id}", _of_pool(tally, at, pool.agents or 0, pool.slots))
    found["p_all_agents_busy"] = metrics.ratio(numerator=tally.all_busy, denominator=tally.span)
    for each, count in zip(model.classes, tally.classes, strict=True):
        for at, pool in enumerate(model.pools):
            share = metrics.ratio(numerator=count.by_pool[at], denominator=whole.answered)
            found[f"share_of_contacts_by_class_and_pool.{each.id}.{pool.id}"] = share
    known = [count for each, count in zip(model.classes, tally.classes, strict=True) if each.preferred_agent]
    found["share_of_returning_contacts_reaching_their_agent"] = metrics.ratio(
        numerator=sum(count.own for count in known), denominator=sum(count.answered for count in known)
    )
    return {name: value for name, value in found.items() if value is not None}


def _add(found: dict[str, float | None], path: str, values: dict[str, float | None]) -> None:
    for name, value in values.items():
        found[f"{path}.{name}"] = value


def of_count(count: Count, span: int) -> dict[str, float | None]:
    """The figures of one class, as ROUTING's vectors define them: what was blocked was offered, and missed."""
    accepted = count.answered + count.abandoned
    wait = count.wait_answered / TICKS_PER_S
    wait_abandoned = count.wait_abandoned / TICKS_PER_S
    ends: dict[str, Any] = {"answered": count.answered, "abandoned": count.abandoned + count.blocked}
    served: dict[str, Any] = ends | {"answered_in_target": count.answered_in_target}
    ratio = metrics.ratio
    found = {
        "p_wait": ratio(numerator=count.waited, denominator=accepted),
        "p_block": ratio(numerator=count.blocked, denominator=count.offered),
        "p_abandon": metrics.abandonment_rate(abandoned=count.abandoned, answered=count.answered + count.blocked),
        "p_short_abandon": ratio(numerator=count.short, denominator=count.offered),
        "p_abandon_excl_short": ratio(numerator=count.abandoned - count.short, denominator=count.offered - count.short),
        "asa_s": metrics.asa(wait_of_answered=wait, answered=count.answered),
        "mean_wait_all_s": ratio(numerator=wait + wait_abandoned, denominator=accepted),
        "mean_wait_abandoned_s": metrics.mean_time_to_abandon(
            wait_of_abandoned=wait_abandoned, abandoned=count.abandoned
        ),
        "mean_wait_if_wait_s": ratio(numerator=wait + wait_abandoned, denominator=count.waited),
        "mean_queue": ratio(numerator=wait + wait_abandoned, denominator=span / TICKS_PER_S),
        "mean_handle_s": ratio(numerator=count.handled / TICKS_PER_S, denominator=count.answered),
        "sl_offered": metrics.sl_offered(**served),
        "sl_answered": metrics.sl_answered(answered_in_target=count.answered_in_target, answered=count.answered),
        "sl_excl_short": metrics.sl_excl_short_abandons(**served, short_abandoned=count.short),
        "sl_abandon_in_target_ok": metrics.sl_abandon_in_target_ok(
            **served, abandoned_in_target=count.abandoned_in_target
        ),
    }
    waits = sorted(count.waits)
    if waits:
        found |= {name: waits[min(len(waits) - 1, int(share * len(waits)))] for name, share in PERCENTILES.items()}
    return found


def _of_pool(tally: Tally, at: int, agents: int, slots: int) -> dict[str, float | None]:
    there = agents * tally.span
    return {
        "occupancy": metrics.occupancy(handling=tally.busy[at], logged_in_and_ready=there),
        "talk_fraction": metrics.ratio(numerator=tally.talking[at], denominator=there),
        "mean_chats_in_progress": metrics.ratio(numerator=tally.items[at], denominator=tally.span),
        "agent_busy_fraction": metrics.occupancy(handling=tally.busy[at], logged_in_and_ready=there),
        "slot_utilisation": metrics.ratio(numerator=tally.items[at], denominator=there * slots),
    }
