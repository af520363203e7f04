"""Wake-ups: whatever a full re-match finds, the match that only looks at what an event woke had found.

And each filter says truly which events may undo its "no": a "no" that is gone was ended by one of these, and each of
these is seen to end one.
"""

from collections import Counter

import pytest

from router.core import commands as c
from router.core import events as e
from router.core.filters import FILTERS
from router.core.match import match, pending
from router.core.state import load
from router.core.step import Step
from tests.reference.walk import Walk

STEPS = 500
SEEDS = range(100, 115)
SEEDS_MAX = range(100, 220)
"""Walks go on beyond the first ones until each event was seen to undo what it may undo: some do so rarely."""
RARE = {("kept_for_others", "ItemSilenced"), ("kept_for_others", "ItemPending")}
"""What may undo a "no" and was seen to, but so seldom that no walk is made for it."""
LOOKED_AT = 5
"""Items whose filters are followed, of those that wait: all would take most of a minute."""


class Rematched(Walk):
    """A walk after each of whose steps everything is matched anew, in a state loaded from the records."""

    def after(self, command: c.Command, taken: Step) -> None:
        if pending(self.state):
            return
        fresh = load(self.state.records())
        found = match(fresh, self.now)
        assert found == [], f"{type(command).__name__} left {found}"
        self.met["reservations"] += sum(isinstance(event, e.ReservationMade) for event in taken.events)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_full_rematch_finds_nothing_more() -> None:
    met: Counter[str] = Counter()
    for seed in SEEDS:
        met += Rematched(seed).walk(STEPS)
    assert met["reservations"] > STEPS


class Refused(Walk):
    """A walk that remembers which filters keep whom from what, before and after each step."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.undone: Counter[tuple[str, str]] = Counter()
        self.unnamed: Counter[tuple[str, str]] = Counter()
        self._now: dict[tuple[str, str], frozenset[str]] = {}

    def refusals(self) -> dict[tuple[str, str], frozenset[str]]:
        return {
            (item.id, agent.id): frozenset(rule.code for rule in FILTERS if not rule.passes(self.state, item, agent))
            for item in [item for item in self.state.items.values() if item.state == "queued"][:LOOKED_AT]
            for agent in self.state.agents.values()
        }

    def after(self, command: c.Command, taken: Step) -> None:
        if not taken.events:
            return
        kinds = {type(event) for event in taken.events}
        got = {(event.item, event.agent) for event in taken.events if isinstance(event, e.ReservationMade)}
        before, self._now = self._now, self.refusals()
        now = self._now
        for pair, codes in before.items():
            if pair not in now and pair not in got:
                continue
            for rule in FILTERS:
                if rule.code in codes and rule.code not in now.get(pair, ()):
                    ended = kinds & set(rule.undone_by)
                    if not ended:
                        self.unnamed[rule.code, " ".join(sorted(kind.__name__ for kind in kinds))] += 1
                    for kind in ended if len(ended) == 1 else ():
                        self.undone[rule.code, kind.__name__] += 1


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_each_no_is_undone_by_the_events_that_its_filter_names_and_by_no_others() -> None:
    undone: Counter[tuple[str, str]] = Counter()
    unnamed: Counter[tuple[str, str]] = Counter()
    named = {(rule.code, kind.__name__) for rule in FILTERS for kind in rule.undone_by}
    for seed in SEEDS_MAX:
        walk = Refused(seed)
        walk.walk(STEPS)
        undone += walk.undone
        unnamed += walk.unnamed
        if seed in SEEDS or named - RARE - set(undone):
            continue
        break
    assert unnamed == Counter()
    assert named - RARE - set(undone) == set()
