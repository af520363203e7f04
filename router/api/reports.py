"""Reports: what a day looked like. Figures only; what each of them means stands in `router.gateway.Figures`."""

import asyncio
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, get_args
from zoneinfo import ZoneInfo

import msgspec
from aiohttp import web

from router.api.deps import DEPS
from router.api.problems import Problem
from router.api.rights import Principal, may, require
from router.api.routes import Routes, principal_of, query_of
from router.core.concern import item_teams
from router.core.state import State
from router.gateway import DayAsked, Dimension, Figures, ReportRow

routes = Routes()

ZONE: Final = "Europe/Brussels"
"""Where a centre is whose hours do not say it."""

_DIMENSIONS: Final[tuple[Dimension, ...]] = get_args(Dimension)


class DayQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which day: `date` (ISO; default today) in the time zone `zone` (default: the hours' of the queue, else of the
    centre). `by`: one or several of quarter, queue, channel, agent, with commas between. `queue`: only of this one."""

    date: str = ""
    zone: str = ""
    by: str = "quarter"
    queue: str = ""


class DayAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of [from_ms, to_ms), by what was asked, and all together. Known is everything up to `as_of_ms`."""

    date: str
    zone: str
    from_ms: int
    to_ms: int
    as_of_ms: int
    by: tuple[Dimension, ...]
    rows: list[ReportRow]
    total: Figures


@routes.route("GET", "/api/v1/reports/day", action="report.read", query=DayQuery, answer=DayAnswer)
async def day(request: web.Request) -> DayAnswer:
    """A day from midnight to midnight, told apart by quarter hour, queue, channel or agent.

    You see the queues of your teams, and what your teams' agents did in any queue.
    """
    query, principal, deps = query_of(request, DayQuery), principal_of(request), request.app[DEPS]
    state, position, now = deps.gateway.state, deps.gateway.position, deps.clock.now_ms()
    by = _by(query.by)
    if query.queue:
        require(principal, "report.read", item_teams(state, query.queue, ""))
    zone = query.zone or zone_of(state, query.queue)
    on, start, end = await asyncio.to_thread(_day, query.date, zone, now)
    queues, agents = _scope(principal, state)
    asked = DayAsked(from_ms=start, to_ms=end, by=by, queue=query.queue, queues=queues, agents=agents)
    found = await deps.reports.day(asked)
    return DayAnswer(
        date=on,
        zone=zone,
        from_ms=start,
        to_ms=end,
        as_of_ms=now if found.position >= position else found.as_of_ms,
        by=by,
        rows=found.rows,
        total=found.total,
    )


def _by(text: str) -> tuple[Dimension, ...]:
    """The dimensions asked for, in our order. Raises Problem for one that there is not."""
    named = {name.strip() for name in text.split(",") if name.strip()}
    unknown = named.difference(_DIMENSIONS)
    if unknown:
        raise Problem("bad_request", f"`by` takes {', '.join(_DIMENSIONS)}, not {', '.join(sorted(unknown))}.")
    return tuple(name for name in _DIMENSIONS if name in named)


def _scope(principal: Principal, state: State) -> tuple[frozenset[str] | None, frozenset[str]]:
    """The queues and agents that they may see; (None, none) for everything, also what is no more."""
    if may(principal, "report.read"):
        return None, frozenset()
    return (
        frozenset(id for id in state.queues if may(principal, "report.read", item_teams(state, id, ""))),
        frozenset(id for id, agent in state.agents.items() if may(principal, "report.read", agent.teams)),
    )


def zone_of(state: State, queue: str) -> str:
    """The time zone of the queue's hours, else the one that most hours of the centre are in."""
    record = state.queues.get(queue)
    hours = state.hours.get(record.hours) if record is not None else None
    if hours is not None:
        return hours.zone
    zones = Counter(state.hours[id].zone for id in sorted(state.hours)).most_common(1)
    return zones[0][0] if zones else ZONE


def _day(text: str, zone: str, now_ms: int) -> tuple[str, int, int]:
    """The date, and the instants in which it begins and ends there: 23 or 25 hours apart when the clocks change.

    Raises Problem for what is no date or no zone. In a thread: a time zone is read from disk the first time.
    """
    try:
        there = ZoneInfo(zone)
    except (KeyError, ValueError, OSError) as error:
        raise Problem("bad_request", f"There is no time zone {zone}. Write one like {ZONE}.") from error
    try:
        on = date.fromisoformat(text) if text else datetime.fromtimestamp(now_ms / 1_000, UTC).astimezone(there).date()
        midnights = [datetime.combine(one, time(), there) for one in (on, on + timedelta(days=1))]
        start, end = (int(midnight.timestamp()) * 1_000 for midnight in midnights)
    except (ValueError, OverflowError) as error:
        raise Problem("bad_request", "`date` is a day like 2026-03-29.") from error
    return on.isoformat(), start, end
