"""Candidates: the agents who may get a waiting item now, class by class, and the best of them.

A class sends the head of its idle line. Where some are barred from an item, its line is walked past them, up to a
bounded number; a queue that keeps agents for its own items lets none of them pass until enough of them idle.
"""

import hashlib
from collections.abc import Iterable, Iterator

from router.core import limits
from router.core.classes import Idle, ItemClass, ProfileClass
from router.core.item import WorkItem
from router.core.scores import FIRST, Score, score
from router.core.state import State


def best_agent(state: State, item: WorkItem) -> str:
    """The agent who goes first among all that may get this waiting item; '' for none."""
    item_class = state.lines.class_of(item.id)
    if item_class is None:
        return ""
    if item_class.strategy == "random":
        return _drawn(state, item_class, item)
    best = min(candidates(state, item_class, item), default=None)
    return best[1][3] if best is not None else ""


def free_for(state: State, item: WorkItem) -> Iterator[Score]:
    """The scores of all candidates for a waiting item."""
    item_class = state.lines.class_of(item.id)
    return candidates(state, item_class, item) if item_class is not None else iter(())


def candidates(state: State, item_class: ItemClass, item: WorkItem) -> Iterator[Score]:
    """The best agent of each profile class that has one free for the item; first of all the item's last agent."""
    last = _last(state, item_class, item)
    if last is not None:
        yield last
    elif not item_class.only:
        where = item_class.where
        keeps = state.placing.reserves()
        for profile in _with_idle(state, item_class):
            line = profile.lines.get(where)
            if line is None:
                continue
            idle = next(_unbarred(line, item), None) if item.excepted else line[0]
            if idle is not None and not (keeps and state.placing.kept(item_class, profile)):
                yield score(item_class, profile, idle)


def _with_idle(state: State, item_class: ItemClass) -> Iterable[ProfileClass]:
    """The profile classes that may take these items, at least all of which somebody idles; by the shorter way."""
    if state.lines.idlers_count() >= len(item_class.profiles):
        return item_class.profiles
    return {profile: None for _, profile, _ in state.lines.idlers() if profile in item_class.profiles}


def _unbarred(line: list[Idle], item: WorkItem) -> Iterator[Idle]:
    barred = item.barred
    for idle in line[: limits.WALK_MAX]:
        if idle[3] not in barred:
            yield idle


def _last(state: State, item_class: ItemClass, item: WorkItem) -> Score | None:
    """The one agent who goes before all: the one the item waits for, or who had it last, if free and not barred."""
    agent = item_class.only or item.last_agent
    if not agent or (item.excepted and agent in item.excepted):
        return None
    idling = state.lines.idling(agent)
    if idling is None or item_class.channel not in idling[1]:
        return None
    profile = idling[0]
    by_name = item_class.only and not item_class.alone
    if not by_name and (not profile.serves(item_class) or state.placing.kept(item_class, profile)):
        return None
    return (FIRST, state.lines.place_of(agent, item_class.measure))


def _drawn(state: State, item_class: ItemClass, item: WorkItem) -> str:
    """One of the candidates of the best rank, drawn by a hash of the item's id: no chance, yet no order either."""
    last = _last(state, item_class, item)
    if last is not None or item_class.only:
        return last[1][3] if last is not None else ""
    keeps = state.placing.reserves()
    idle: list[tuple[tuple[int, int], str]] = [
        (rank[:2], agent)
        for profile, rank in item_class.profiles.items()
        if item_class.where in profile.lines and not (keeps and state.placing.kept(item_class, profile))
        for _, _, _, agent in profile.lines[item_class.where]
        if agent not in item.barred
    ]
    if not idle:
        return ""
    best = min(idle)[0]
    drawn = sorted(agent for rank, agent in idle if rank == best)
    number = int.from_bytes(hashlib.blake2b(item.id.encode(), digest_size=8).digest())
    return drawn[number % len(drawn)]
