"""What the centre's records name: everything that must exist as long as they do. Pure."""

from collections.abc import Iterator
from typing import Any, Final

from queues.category import Category
from queues.entry_point import EntryPoint
from queues.queue import ANY_QUEUE, Queue
from queues.rule import Rule
from queues.team import Team
from router.core.agent import Agent
from skills import named, skills_in


def references(record: Any) -> Iterator[tuple[str, str]]:
    """What a record of the centre names: (kind, id) of each."""
    kind = str(record.__struct_config__.tag)
    yield from ((other, id) for other, id in REFERENCES[kind](record) if id)


def _of_agent(agent: Agent) -> Iterator[tuple[str, str]]:
    yield from (("team", team) for team in agent.teams)
    yield from (("skill", skill) for skill, _ in agent.skills)
    yield from (("queue", queue) for queue in agent.memberships)
    yield from (pair for lent in agent.temporary for pair in (("skill", lent.skill), ("queue", lent.queue)))


def _of_team(team: Team) -> Iterator[tuple[str, str]]:
    yield from (("queue", queue) for queue in team.memberships)
    yield from (("agent", team.leader), ("agent", team.stand_in))


def _of_queue(queue: Queue) -> Iterator[tuple[str, str]]:
    yield from (("skill", skill) for skill in named(queue.requirement + queue.wishes))
    for step in queue.plan:
        yield from (("skill", skill) for term in (*step.drop, *step.lower) for skill in skills_in(term))
        yield from (("queue", other) for other in (*step.queues, step.overflow))
        yield from (("team", team) for team in step.teams)
    yield from (("queue", other) for other in queue.reserve if other != ANY_QUEUE)
    yield from (("queue", queue.escalates_to), ("hours", queue.hours), ("team", queue.team))
    yield from (("queue", other) for other in queue.waiting_with)
    yield from (("queue", fallback.overflow) for fallback in (queue.when_closed, queue.when_full, queue.when_late))
    yield from (("queue", other) for other in queue.waiting_with)
    fallbacks = (queue.when_closed, queue.when_full, queue.when_late, queue.closed)
    yield from (("queue", rule.overflow) for rule in fallbacks if rule is not None)


def _of_category(category: Category) -> Iterator[tuple[str, str]]:
    yield from (("skill", skill) for skill in named(category.requirement))
    yield from (("category", category.parent), ("queue", category.queue), ("queue", category.escalates_to))


def _of_entry_point(door: EntryPoint) -> Iterator[tuple[str, str]]:
    yield from (("skill", skill) for skill in named(door.requirement))
    yield from (("queue", door.queue), ("category", door.category))


def _of_rule(rule: Rule) -> Iterator[tuple[str, str]]:
    yield from (("skill", skill) for skill in named(rule.requirement + rule.wishes))
    yield from (("entry_point", door) for door in rule.when.entry_points)
    yield from (("hours", rule.when.hours), ("hours", rule.when.outside))
    yield from (("queue", rule.queue), ("category", rule.category))


def _of_nothing(record: Any) -> Iterator[tuple[str, str]]:
    return iter(())


REFERENCES: Final[dict[str, Any]] = {
    "skill": _of_nothing,
    "hours": _of_nothing,
    "code": _of_nothing,
    "endpoint": _of_nothing,
    "queue": _of_queue,
    "team": _of_team,
    "category": _of_category,
    "entry_point": _of_entry_point,
    "rule": _of_rule,
    "agent": _of_agent,
}
"""Kind of record -> what it names. These are the kinds that supervisors edit."""
