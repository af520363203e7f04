"""What a centre file says that cannot be meant: rules that never hold, requirements that nobody meets, steps that
change nothing or come too late. Each has a stable code, its place in the file, and what to do. Pure.

Nothing here stops a file from being applied: people may have reasons, and agents for a new queue may come tomorrow.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, NamedTuple, TypeVar

from queues.capacity import DEFAULT_ROOMS
from queues.category import Category
from queues.comparator import STRICT
from queues.entry_point import EntryPoint
from queues.plan import RelaxStep
from queues.queue import ANY_QUEUE, CHANNELS, Queue
from queues.rule import Rule, When
from queues.team import Membership, Team
from router.centre.forms import write_duration
from router.centre.parse import Parsed, placed
from router.centre.reader import Problem
from router.core.agent import Agent
from router.core.classify import alike, in_order, spaced
from skills import EMPTY, Requirement, Skill, meets, merged, relaxed
from skills.requirement import EXCLUSION

CODES: Final[dict[str, str]] = {
    "rule_never": "a rule that can never hold: one before it takes all that it could, or what it looks at never is",
    "requirement_never": "a requirement that no agent who serves the queue can meet",
    "wish_never": "a wish that no agent who serves the queue can meet",
    "nobody_serves": "a queue that no agent serves",
    "step_narrows": "a step of a plan that only takes agents away",
    "step_useless": "a step of a plan that changes nothing",
    "step_late": "a step that lets more agents in only after the target is missed",
    "prefer_late": "a wait for the last agent that is as long as the target, or longer",
    "overflow_loop": "queues that flow over into one another",
    "escalation_loop": "queues that escalate to one another",
    "comparators_differ": "queues of one agent that say in different ways whose turn it is",
    "head_start_nothing": "a head start without its size, so that priorities count for nothing",
    "room_never": "a room that one item alone overfills, so that none ever comes",
    "reserve_all": "a queue that keeps all of its agents for itself, although others are to have them",
}
"""Code -> what it means."""

WARNINGS: Final = frozenset({"wish_never", "comparators_differ", "head_start_nothing", "room_never"})
"""Codes of what may well be meant: they fail only a strict check."""


_Record = TypeVar("_Record", Skill, Queue, Team, Category, EntryPoint, Rule, Agent)


class Found(NamedTuple):
    """One fault: its code, the key path that it stands at, what is wrong, and what to do."""

    code: str
    path: str
    message: str
    hint: str


class Centre:
    """The records of a file, and who serves what."""

    def __init__(self, parsed: Parsed) -> None:
        self.skills = _by_id(parsed, Skill)
        self.queues = _by_id(parsed, Queue)
        self.teams = _by_id(parsed, Team)
        self.categories = _by_id(parsed, Category)
        self.doors = _by_id(parsed, EntryPoint)
        self.rules = in_order(_by_id(parsed, Rule).values())
        self.agents = [agent for agent in _by_id(parsed, Agent).values() if not agent.disabled]
        self.serving: dict[str, list[tuple[Agent, Membership]]] = {}
        for agent in self.agents:
            for queue, how in self.serves(agent).items():
                self.serving.setdefault(queue, []).append((agent, how))

    def serves(self, agent: Agent) -> dict[str, Membership]:
        """Which queues an agent serves, switched on or not, and how."""
        found: dict[str, Membership] = {}
        for team in agent.teams:
            if team in self.teams:
                found.update(self.teams[team].memberships)
        return found | agent.memberships

    def asks(self, queue: Queue) -> list[Requirement]:
        """What items may ask in a queue beside what it asks itself, by the ways that lead there."""
        found = [door.requirement for door in self.doors.values() if door.queue == queue.id]
        found += [rule.requirement for rule in self.rules if rule.queue in (queue.id, "")]
        found += [category.requirement for category in self.categories.values() if category.queue in (queue.id, "")]
        return [asked for asked in found if asked]

    def channels(self, queue: Queue) -> list[str]:
        """The channels that lead to a queue, by what the file says."""
        found: list[str] = [door.channel for door in self.doors.values() if door.queue == queue.id]
        found += [channel for rule in self.rules if rule.queue == queue.id for channel in rule.when.channels]
        return found or list(queue.target_ms)

    def target(self, queue: Queue) -> int | None:
        """The shortest target of what comes into a queue; None when nothing is known of that."""
        return min((queue.target(channel) for channel in self.channels(queue)), default=None)


def _by_id(parsed: Parsed, kind: type[_Record]) -> dict[str, _Record]:
    return {record.id: record for record in parsed.records if isinstance(record, kind)}


def faults(parsed: Parsed) -> list[Problem]:
    """Everything that is wrong with what a sound file means, in the order of its lines."""
    centre = Centre(parsed)
    found = [one for check in _CHECKS for one in check(centre)]
    problems = []
    for one in found:
        line, column, path = placed(parsed.places, one.path)
        problems.append(
            Problem(
                line=line,
                column=column,
                path=path,
                message=one.message,
                hint=one.hint,
                code=one.code,
                warning=one.code in WARNINGS,
            )
        )
    return sorted(problems, key=lambda one: (one.line, one.column, one.code))


# -- rules --------------------------------------------------------------------------------------------------


def _rules(centre: Centre) -> Iterator[Found]:
    ended: list[Rule] = []
    for rule in centre.rules:
        never = _impossible(centre, rule.when)
        before = next((other for other in ended if covers(other.when, rule.when)), None)
        if never:
            yield Found(
                "rule_never", f"rules.{rule.id}", f"this rule can never hold: {never}", "correct what it looks at"
            )
        elif before is not None:
            yield Found(
                "rule_never",
                f"rules.{rule.id}",
                f"this rule can never hold: '{before.id}' before it takes all that it could",
                f"put it before '{before.id}', or let that one say go_on: true",
            )
        if not rule.go_on:
            ended.append(rule)


def _impossible(centre: Centre, when: When) -> str:
    """What of a condition excludes itself; '' for nothing."""
    doors = [centre.doors[id].channel for id in when.entry_points if id in centre.doors]
    channels = when.channels or CHANNELS
    if doors and not any(channel in channels for channel in doors):
        return "none of its entry points is of one of its channels"
    if when.keywords and all(channel == "phone" for channel in doors or channels):
        return "a call has no text in which keywords are"
    if when.keywords and not any(spaced(keyword).strip() for keyword in when.keywords):
        return "its keywords hold no word"
    if when.hours and when.hours == when.outside:
        return "it cannot be within these hours and outside of them"
    return ""


def covers(first: When, later: When) -> bool:
    """Whether the first condition holds whenever the later one does, as far as that can be seen."""
    return (
        _within(later.channels, first.channels)
        and _within(later.entry_points, first.entry_points)
        and _within(later.tags, first.tags)
        and _within(later.languages, first.languages)
        and _within(later.to, first.to, alike_pattern)
        and _within(later.senders, first.senders, alike_pattern)
        and _within(later.keywords, first.keywords, holds_keyword)
        and all(name in later.form and _within_form(later.form[name], first.form[name]) for name in first.form)
        and first.hours in ("", later.hours)
        and first.outside in ("", later.outside)
    )


def alike_pattern(pattern: str, narrower: str) -> bool:
    """Whether every address of the narrower pattern is one of the wider."""
    return alike(pattern, narrower)


def holds_keyword(keyword: str, narrower: str) -> bool:
    """Whether a text that has the narrower keyword has this one too."""
    wanted, words = (_written(keyword), _written(narrower))
    return wanted in words


def _written(keyword: str) -> str:
    words = spaced(keyword)
    return words[:-1] if keyword.rstrip().endswith("*") else words


def _within(
    later: tuple[str, ...], first: tuple[str, ...], wider: Callable[[str, str], bool] = lambda one, other: one == other
) -> bool:
    """Whether whatever is one of the later values is one of the first (none: anything)."""
    return not first or (bool(later) and all(any(wider(one, other) for one in first) for other in later))


def _within_form(later: tuple[str, ...], first: tuple[str, ...]) -> bool:
    return not first or (bool(later) and {*map(spaced, later)} <= {*map(spaced, first)})


# -- requirements -------------------------------------------------------------------------------------------


def _requirements(centre: Centre) -> Iterator[Found]:
    for id, queue in centre.queues.items():
        if not _reach(centre, queue):
            yield Found(
                "nobody_serves",
                f"queues.{id}",
                "no agent serves this queue",
                "name it under 'serves' of a team or an agent, or remove it",
            )
        elif not _met(centre, queue, EMPTY):
            yield _never(f"queues.{id}.skills", queue, queue.requirement)
        yield from _wishes(centre, f"queues.{id}.wishes", [queue], queue.wishes)
    for id, door in centre.doors.items():
        yield from _asked(centre, f"entry_points.{id}.skills", _queues(centre, [door.queue]), door.requirement)
    for id, category in centre.categories.items():
        yield from _asked(centre, f"categories.{id}.skills", _queues(centre, [category.queue]), category.requirement)
    for rule in centre.rules:
        queues = _queues(centre, _leads_to(centre, rule))
        yield from _asked(centre, f"rules.{rule.id}.skills", queues, rule.requirement)
        yield from _wishes(centre, f"rules.{rule.id}.wishes", queues, rule.wishes)


def _asked(centre: Centre, path: str, queues: list[Queue], asked: Requirement) -> Iterator[Found]:
    """What is asked beside what a queue asks, where no queue that it can be in has an agent for both."""
    able = [queue for queue in queues if _reach(centre, queue) and _met(centre, queue, EMPTY)]
    if asked and able and not any(_met(centre, queue, asked) for queue in able):
        yield _never(path, able[0], merged(able[0].requirement, asked))


def _wishes(centre: Centre, path: str, queues: list[Queue], wishes: Requirement) -> Iterator[Found]:
    for wish in wishes:
        if queues and not any(meets(agent.skills, (wish,)) for queue in queues for agent in _reach(centre, queue)):
            yield Found(
                "wish_never", path, f"nobody who serves the queue {_said((wish,))}", "leave the wish out, or train"
            )


def _never(path: str, queue: Queue, asked: Requirement) -> Found:
    return Found(
        "requirement_never",
        path,
        f"no agent who serves '{queue.id}' {_said(asked)}",
        "ask less, give an agent the skills, or let a team serve the queue that has them",
    )


def _said(asked: Requirement) -> str:
    has = " and ".join(f"{term} at {level}" for term, level in asked if not term.startswith(EXCLUSION))
    without = " and ".join(f"{term[1:]} at {level}" for term, level in asked if term.startswith(EXCLUSION))
    return " and ".join(filter(None, (has and f"has {has}", without and f"is without {without}")))


def _queues(centre: Centre, ids: Iterable[str]) -> list[Queue]:
    return [centre.queues[id] for id in ids if id in centre.queues]


def _leads_to(centre: Centre, rule: Rule) -> list[str]:
    """The queues in which what a rule takes may be."""
    category = centre.categories.get(rule.category)
    if rule.queue or (category is not None and category.queue):
        return [rule.queue or (category.queue if category is not None else "")]
    when = rule.when
    return [
        door.queue
        for id, door in centre.doors.items()
        if (not when.entry_points or id in when.entry_points) and (not when.channels or door.channel in when.channels)
    ]


def _met(centre: Centre, queue: Queue, asked: Requirement) -> bool:
    """Whether somebody meets what the queue and an item ask, at the start or after a step of the plan."""
    every = merged(queue.requirement, asked)
    if any(meets(agent.skills, every) for agent, _ in centre.serving.get(queue.id, ())):
        return True
    for count in range(1, len(queue.plan) + 1):
        now = every
        for step in queue.plan[:count]:
            now = relaxed(now, step.drop, step.lower)
        if any(meets(agent.skills, now) for agent in _reach(centre, queue, queue.plan[:count])):
            return True
    return any(step.overflow for step in queue.plan)


def _reach(centre: Centre, queue: Queue, steps: tuple[RelaxStep, ...] | None = None) -> list[Agent]:
    """The agents who may take part after these steps (all of the plan), whatever their skills."""
    passed = queue.plan if steps is None else steps
    members = next((step.members for step in reversed(passed) if step.members is not None), None)
    found = {
        agent.id: agent
        for agent, how in centre.serving.get(queue.id, ())
        if steps is None or members is None or how.order <= members
    }
    for step in passed:
        for agent in centre.agents:
            if any(team in agent.teams for team in step.teams):
                found[agent.id] = agent
        for other in step.queues:
            found.update((agent.id, agent) for agent, _ in centre.serving.get(other, ()))
    return list(found.values())


# -- plans --------------------------------------------------------------------------------------------------


def _plans(centre: Centre) -> Iterator[Found]:
    for id, queue in centre.queues.items():
        target = centre.target(queue)
        if target is not None and queue.prefer_ms >= target > 0:
            yield Found(
                "prefer_late",
                f"queues.{id}.prefer",
                f"items wait for their last agent alone until their target of {write_duration(target)} is missed",
                "make it a part of the target",
            )
        for place in range(len(queue.plan)):
            yield from _step(centre, queue, place, target)


def _step(centre: Centre, queue: Queue, place: int, target: int | None) -> Iterator[Found]:
    step, path = queue.plan[place], f"queues.{queue.id}.plan[{place}]"
    before = {agent.id for agent in _reach(centre, queue, queue.plan[:place])}
    after = {agent.id for agent in _reach(centre, queue, queue.plan[: place + 1])}
    widens = not after <= before or _asks_less(centre, queue, place)
    acts = step.priority or step.overflow or step.callback or step.alert
    if not widens and not acts and after < before and step.after_ms:
        yield Found(
            "step_narrows",
            path,
            "this step only takes agents away from what waits",
            "let the plan begin with the fewest members (after: 0s), and widen",
        )
    elif not widens and not acts and (step.after_ms or after == before):
        yield Found("step_useless", path, "this step changes nothing for anybody who waits", "remove it, or correct it")
    elif widens and target is not None and step.after_ms >= target > 0:
        yield Found(
            "step_late",
            f"{path}.after",
            f"this step comes when the target of {write_duration(target)} is missed already",
            f"let it come before {write_duration(target)}",
        )


def _asks_less(centre: Centre, queue: Queue, place: int) -> bool:
    """Whether the step drops or lowers something that is asked in the queue at that time."""
    step = queue.plan[place]
    if any("skills" in door.overrides for door in centre.doors.values() if door.queue == queue.id):
        return bool(step.drop or step.lower)
    for asked in (queue.requirement, *centre.asks(queue), _languages(centre)):
        now = asked
        for earlier in queue.plan[:place]:
            now = relaxed(now, earlier.drop, earlier.lower)
        if relaxed(now, step.drop, step.lower) != now:
            return True
    return False


def _languages(centre: Centre) -> Requirement:
    """Every language, as an item may ask it: at whatever level its entry point asks its own."""
    most = max((level for door in centre.doors.values() for _, level in door.requirement), default=1)
    return tuple(sorted((id, most) for id, skill in centre.skills.items() if skill.kind == "language"))


# -- queues among each other ----------------------------------------------------------------------------------


def _loops(centre: Centre) -> Iterator[Found]:
    """Queues that flow over in a circle."""
    ways = {id: _overflows(queue) for id, queue in centre.queues.items()}
    yield from _circles(ways, "overflow_loop", "what flows over goes in a circle", "let one of them keep what it has")


def _escalations(centre: Centre) -> Iterator[Found]:
    """Queues that escalate in a circle."""
    ways = {
        id: [(f"queues.{id}.escalates_to", queue.escalates_to)] if queue.escalates_to else []
        for id, queue in centre.queues.items()
    }
    yield from _circles(ways, "escalation_loop", "what is escalated goes in a circle", "end it at the last specialists")


def _circles(ways: Mapping[str, list[tuple[str, str]]], code: str, said: str, hint: str) -> Iterator[Found]:
    """Each circle told once, where its first queue in the file says so."""
    told: set[frozenset[str]] = set()
    for id, found in ways.items():
        for path, other in found:
            circle = _way_back(ways, other, id)
            if circle and frozenset(circle) not in told:
                told.add(frozenset(circle))
                yield Found(code, path, f"{said}: {' -> '.join((id, *circle))}", hint)


def _overflows(queue: Queue) -> list[tuple[str, str]]:
    """Where a queue flows over to in time: (key path, queue) of each."""
    found = [(f"queues.{queue.id}.plan[{at}].overflow", step.overflow) for at, step in enumerate(queue.plan)]
    found += [(f"queues.{queue.id}.{name}.overflow", getattr(queue, name).overflow) for name in _FALLBACKS]
    return [(path, other) for path, other in found if other]


_FALLBACKS = ("when_closed", "when_full", "when_late")


def _way_back(ways: Mapping[str, list[tuple[str, str]]], start: str, end: str) -> list[str]:
    """The queues from one to another by these ways, the shortest; empty for none."""
    came: dict[str, str] = {start: ""}
    waiting = [start]
    for queue in waiting:
        if queue == end:
            back = [queue]
            while came[back[-1]]:
                back.append(came[back[-1]])
            return back[::-1]
        for _, other in ways.get(queue, ()):
            if other not in came:
                came[other] = queue
                waiting.append(other)
    return []


def _comparators(centre: Centre) -> Iterator[Found]:
    """Agents whose queues disagree about whose turn it is, each set of queues told once."""
    told: set[frozenset[str]] = set()
    for agent in centre.agents:
        if any(centre.teams[team].comparator is not None for team in agent.teams if team in centre.teams):
            continue
        queues = _queues(centre, (id for id, how in sorted(centre.serves(agent).items()) if how.enabled))
        if len({queue.comparator for queue in queues}) > 1:
            named = frozenset(queue.id for queue in queues)
            if named not in told:
                told.add(named)
                odd = next(queue for queue in queues if queue.comparator != STRICT)
                yield Found(
                    "comparators_differ",
                    f"queues.{odd.id}.comparator",
                    f"{agent.id} also serves queues that say otherwise whose turn it is: {', '.join(sorted(named))}",
                    "give them one comparator, or give the team its own",
                )


def _head_starts(centre: Centre) -> Iterator[Found]:
    """Head starts of nothing: the comparator then orders by due alone."""
    for section, records in (("queues", centre.queues), ("teams", centre.teams)):
        for id, record in records.items():
            own = record.comparator
            if own is not None and own.kind == "head_start" and not own.per_point_ms:
                yield Found(
                    "head_start_nothing",
                    f"{section}.{id}.comparator",
                    "without per_point a head start is none: priorities count for nothing",
                    "say what a point of priority is worth, like per_point: 90s",
                )


def _rooms(centre: Centre) -> Iterator[Found]:
    """Rooms of agents in which not even one item fits."""
    for agent in centre.agents:
        for channel, room in agent.rooms.items():
            if room.maximum and room.weight > agent.total:
                path = f"agents.{agent.id}.rooms.{channel}.weight" if agent.rooms != DEFAULT_ROOMS else ""
                yield Found(
                    "room_never",
                    path or f"agents.{agent.id}.total",
                    f"one item of {channel} weighs {room.weight}, and the agent has room for {agent.total} in all: "
                    "none ever comes",
                    "lower its weight or raise the total; for no room at all say maximum: 0",
                )


def _reserves(centre: Centre) -> Iterator[Found]:
    for id, queue in centre.queues.items():
        mine = {agent.id for agent, _ in centre.serving.get(id, ())}
        for other, kept in queue.reserve.items():
            served = [centre.serving.get(one, []) for one in centre.queues if one != id and other in (one, ANY_QUEUE)]
            shared = any(agent.id in mine for agents in served for agent, _ in agents)
            if shared and kept >= len(mine):
                yield Found(
                    "reserve_all",
                    f"queues.{id}.reserve.{other}",
                    f"the queue has {len(mine)} agents and keeps {kept} of them free: others never get one",
                    "keep fewer than there are",
                )


_CHECKS: Final[tuple[Callable[[Centre], Iterator[Found]], ...]] = (
    _rules,
    _requirements,
    _plans,
    _loops,
    _escalations,
    _comparators,
    _head_starts,
    _rooms,
    _reserves,
)
