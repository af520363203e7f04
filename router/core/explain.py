"""Explain: why an item waits. Agent by agent, step by step, and what would end it. Run at any state, past ones too.

For each agent the first filter that keeps them from the item, when that "no" may end, and the score of who passes all
of them. Fields are named as the outer faces show them: instants as `…_at_ms`, durations as `…_ms`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final, Literal, TypeAlias

import msgspec

from queues.plan import RelaxStep
from router.core.agent import Agent
from router.core.because import points
from router.core.classes import ItemClass, ProfileClass
from router.core.classes import rank as rank_of
from router.core.estimate import Estimate, estimate
from router.core.filters import FILTERS, refusal
from router.core.item import HELD, WorkItem
from router.core.pace import pace_id
from router.core.scores import FIRST, Score, score
from router.core.state import State
from skills import meets, missing

ELIGIBLE: Final = "eligible"
HAS_IT: Final = "has_it"

StepKind: TypeAlias = Literal["entered", "last_agent", "delay", "plan"]

_UNDONE_BY: Final = {rule.code: tuple(event.__name__ for event in rule.undone_by) for rule in FILTERS}


class Verdict(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename={"until": "until_at_ms"}):
    """One agent: the rule that keeps them from the item, or `eligible`; `has_it` for who has it.

    `detail` is what the rule is about: skills lacking, reason of not being ready, items held. `until` is when this "no"
    is expected to end, where that is known. `points` is the score of who is eligible, and `place` their order: 1 is
    first.
    """

    agent: str
    reason: str
    detail: str = ""
    until: int | None = None
    points: tuple[int, ...] = ()
    place: int = 0


class StepTaken(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename={"at": "at_ms", "after": "after_ms"}
):
    """A step of the wait, taken or to come: what it changes, and from when on.

    `entered`: the item came into its queue; `last_agent`: until then it waits for its last agent alone; `delay`:
    members whose delay is over take part; `plan`: a step of the queue's plan, as it stands there.
    """

    kind: StepKind
    after: int
    at: int
    taken: bool
    step: RelaxStep | None = None


class Ending(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename={"at": "at_ms"}):
    """Something that would end the wait: of how many agents the reason holds, which events may undo it, and when the
    first of them is expected to, where that is known.

    `reason` is a filter's code, `next_step` of the plan, or `nobody_has` with the skill that no agent at all has at the
    level that is asked.
    """

    reason: str
    agents: int = 0
    subject: str = ""
    events: tuple[str, ...] = ()
    at: int | None = None


class Asked(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the item asks now, with its queue's rules and the steps in force. `rules` are those of classification that
    said something of it when it came in."""

    rules: tuple[str, ...] = ()
    requirement: dict[str, int] = {}
    wishes: dict[str, int] = {}
    priority: int = 0
    only: str = ""
    members: int | None = None
    teams: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """Why an item waits. Only a queued one does; of any other `state` it says where it is and with whom."""

    item: str
    state: str
    queue: str
    agent: str
    asks: Asked
    estimate: Estimate | None
    steps: tuple[StepTaken, ...]
    agents: tuple[Verdict, ...]
    endings: tuple[Ending, ...]


def explain(state: State, item: str, now: int | None = None) -> Explained:
    """Everything about an item. Without `now` as of the last thing that happened to it.

    Raises KeyError for an item that is not in memory.
    """
    record = state.items[item]
    at = record.entered_at if now is None else now
    return told(state, record, at, [verdict(state, record, id, at) for id in sorted(state.agents)])


def told(state: State, item: WorkItem, now: int, verdicts: list[Verdict]) -> Explained:
    """The explanation, when all agents have been looked at."""
    asks = state.asked(item)
    steps = tuple(_steps(state, item, now))
    waits = item.state == "queued"
    return Explained(
        item=item.id,
        state=item.state,
        queue=item.queue,
        agent=item.agent,
        asks=Asked(
            rules=item.rules,
            requirement=dict(asks.requirement),
            wishes=dict(asks.wishes),
            priority=asks.priority,
            only=asks.only,
            members=asks.members if any(step.members for step in _plan(state, item)) else None,
            teams=asks.teams,
            queues=asks.queues,
        ),
        estimate=estimate(state, item.id, now) if waits else None,
        steps=steps,
        agents=tuple(_placed(verdicts)),
        endings=tuple(_endings(state, item, steps, verdicts)) if waits else (),
    )


# -- agent by agent -------------------------------------------------------------------------------------------


def verdict(state: State, item: WorkItem, agent: str, now: int) -> Verdict:
    """Why this agent does not have the item, or that they might."""
    record = state.agents[agent]
    if item.state in HELD and agent in item.holders:
        return Verdict(agent=agent, reason=HAS_IT, points=_points(state, item, record, now))
    reason = refusal(state, item, record)
    if not reason:
        return Verdict(agent=agent, reason=ELIGIBLE, points=_points(state, item, record, now))
    detail, until = _about(state, item, record, reason, now)
    return Verdict(agent=agent, reason=reason, detail=detail, until=until)


def _about(state: State, item: WorkItem, agent: Agent, reason: str, now: int) -> tuple[str, int | None]:
    match reason:
        case "lacks_skill":
            lacks = missing(state.skills_of(agent), state.asked(item).requirement)
            return ", ".join(f"{term}:{level}" for term, level in lacks), None
        case "not_available":
            presence = state.presences[agent.id]
            return presence.next or presence.reason or presence.state, None
        case "excepted":
            return "declined" if agent.id in item.declined_by else "", item.barred[agent.id] or None
        case "not_yet":
            own = state.memberships(agent).get(item.queue)
            return "", item.entered_at + own.delay_ms if own is not None and own.delay_ms else None
        case "no_room":
            return str(len(state.holds.get(agent.id, ()))), _free_at(state, agent, now)
        case _:
            return "", None


def _free_at(state: State, agent: Agent, now: int) -> int | None:
    """When the first of the items that they hold is expected to end."""
    return min((_ends_at(state, state.items[id], now) for id in state.holds.get(agent.id, ())), default=None)


def _ends_at(state: State, item: WorkItem, now: int) -> int:
    """What is left of the mean handling time; of what takes longer than that already, half of it."""
    if item.state == "wrapping" and item.wrap_until is not None:
        return item.wrap_until
    pace = state.paces.get(pace_id(item.queue, item.channel))
    mean = (pace.mean if pace is not None else None) or 0
    began = now if item.accepted_at is None else item.accepted_at
    return max(began + mean, now + mean // 2)


def _points(state: State, item: WorkItem, agent: Agent, now: int) -> tuple[int, ...]:
    """The score of an agent, as `match` works it out for those who idle."""
    scored = _score(state, item, agent)
    return points(scored, now) if scored is not None else ()


def _score(state: State, item: WorkItem, agent: Agent) -> Score | None:
    item_class = ItemClass(state.asked(item), state.queues.get(item.queue))
    profile = ProfileClass(state.placing.offer(agent))
    place = state.placing.place_of(agent, item_class.measure)
    if agent.id in (item_class.only, item.last_agent):
        return (FIRST, place)
    standing = rank_of(item_class, profile)
    if standing is None:
        return None
    item_class.profiles[profile] = standing
    return score(item_class, profile, place)


def _placed(verdicts: Iterable[Verdict]) -> Iterator[Verdict]:
    """The same with the order of those who are eligible: the fewest points first."""
    found = list(verdicts)
    order = sorted((one.points, one.agent) for one in found if one.reason == ELIGIBLE)
    place = {agent: number for number, (_, agent) in enumerate(order, 1)}
    return (msgspec.structs.replace(one, place=place[one.agent]) if one.agent in place else one for one in found)


# -- step by step ---------------------------------------------------------------------------------------------


def _plan(state: State, item: WorkItem) -> tuple[RelaxStep, ...]:
    queue = state.queues.get(item.queue)
    return queue.plan if queue is not None else ()


def _steps(state: State, item: WorkItem, now: int) -> Iterator[StepTaken]:
    """From its entry on, in the order of time."""
    if not item.queue:
        return
    found = [StepTaken(kind="entered", after=0, at=item.entered_at, taken=True)]
    queue = state.queues.get(item.queue)
    if queue is not None and item.prefers and queue.prefer_ms and not item.only:
        found.append(_step(item, "last_agent", queue.prefer_ms))
    found += [_step(item, "delay", delay) for delay in state.placing.delays(item.queue)]
    found += [_step(item, "plan", step.after_ms, step) for step in _plan(state, item)]
    yield from sorted(found, key=lambda step: step.after)


def _step(item: WorkItem, kind: StepKind, after: int, step: RelaxStep | None = None) -> StepTaken:
    return StepTaken(kind=kind, after=after, at=item.entered_at + after, taken=after <= item.waited, step=step)


# -- what would end it ----------------------------------------------------------------------------------------


def _endings(state: State, item: WorkItem, steps: tuple[StepTaken, ...], verdicts: list[Verdict]) -> Iterator[Ending]:
    """The soonest first, then what holds of the most agents."""
    counts = Counter(one.reason for one in verdicts)
    found = [_of_reason(reason, count, verdicts) for reason, count in counts.items() if reason in _UNDONE_BY]
    coming = next((step for step in steps if not step.taken), None)
    if coming is not None:
        found.append(Ending(reason="next_step", subject=coming.kind, events=("ItemRelaxed",), at=coming.at))
    found += _nobody_has(state, item)
    never = max((one.at for one in found if one.at is not None), default=0) + 1
    yield from sorted(found, key=lambda one: (never if one.at is None else one.at, -one.agents, one.reason))


def _of_reason(reason: str, count: int, verdicts: list[Verdict]) -> Ending:
    first = min((one.until for one in verdicts if one.reason == reason and one.until is not None), default=None)
    return Ending(reason=reason, agents=count, events=_UNDONE_BY[reason], at=first)


def _nobody_has(state: State, item: WorkItem) -> Iterator[Ending]:
    """What is asked that no enabled agent has, wherever they work."""
    for term, level in state.asked(item).requirement:
        one = ((term, level),)
        if not any(meets(state.skills_of(agent), one) for agent in state.agents.values() if not agent.disabled):
            yield Ending(reason="nobody_has", subject=f"{term}:{level}", events=_UNDONE_BY["lacks_skill"])
