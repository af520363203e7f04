"""What a day looked like, counted in SQL: who asks gets figures, never rows of contacts. It reads only.

Three kinds of facts are counted, each in the quarter hour in which it happened: an *entry* (an item that came into a
queue, from outside it) when it entered, a *leg* (a piece of work of one agent) when it ended, a hand-over when it was
made. What a figure means, with numerator and denominator, stands in `router.gateway.Figures` and in the glossary.

Rows are keyed by positions of the log, which are in the order of time: a day is a range of primary keys, found by
bisecting the entries of the log, and needs no index of its own.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple, TypeAlias

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    ScalarSelect,
    Select,
    String,
    and_,
    case,
    column,
    func,
    or_,
    select,
    values,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from queues import metrics
from queues.queue import TARGET_MS
from router.archive.database import Database
from router.archive.instants import entry_from
from router.archive.schema import archive_position, audit, entries, items, legs, notes, queue_visits, stories
from router.gateway import QUARTER_MS, DayAsked, DayReport, Dimension, Figures, ReportRow

_FRESH: Final = ("reopened", "due")
"""Reasons for which an item enters anew the queue that it was in before: it had left it, to be pending."""

_UNDONE: Final = ("connect_failed", "abandoned")
"""Ends of a leg whose accept never led to the customer: the phone did not connect, or they had hung up."""

_OF_ENTRIES: Final = ("abandoned", "waiting", "answered_in_target", "missed", "transferred_in")
_OF_HAND_OVERS: Final = ("escalated", "transferred_out")
_COUNTS: Final = ("offered", "answered", *_OF_ENTRIES, "handled", *_OF_HAND_OVERS)
_PERCENTILES: Final = {"wait_median": 50, "wait_p90": 90}

_Key: TypeAlias = tuple[Any, ...]
_Targets: TypeAlias = list[tuple[str, str, int, int, int]]


class _Span(NamedTuple):
    """A day, [start, end) in Unix milliseconds; the positions that hold it; how far the archive is, and of when."""

    start: int
    end: int
    first: int
    last: int
    position: int
    as_of: int


class SqlReports:
    """Implements `router.gateway.Reports`. All methods raise StoreError when the data base is away.

    Leaders' pages ask the same every few seconds. One report is made at a time, and one that is asked for again is the
    same for `again` times as long as it took to make: so reports take a bounded part of a processor on any machine.
    """

    def __init__(self, database: Database, *, again: int = 0) -> None:
        self._database = database
        self._again = again
        self._turn = asyncio.Lock()
        self._made: dict[DayAsked, tuple[float, DayReport]] = {}

    async def day(self, asked: DayAsked) -> DayReport:
        """The figures of a day, by what was asked and all together, from one consistent view of the archive."""
        clock = asyncio.get_running_loop().time
        async with self._turn:
            began = clock()
            self._made = {known: made for known, made in self._made.items() if made[0] > began}
            if asked not in self._made:
                report = await self._make(asked)
                self._made[asked] = (clock() + self._again * (clock() - began), report)
            return self._made[asked][1]

    async def _make(self, asked: DayAsked) -> DayReport:
        async with self._database.reading() as connection:
            span = await _span(connection, asked)
            facts = _Facts(asked, span, await _targets(connection, span))
            rows = await _counted(connection, facts, asked.by)
        return DayReport(
            position=span.position,
            as_of_ms=span.as_of,
            rows=[_row(asked.by, key, rows[key]) for key in sorted(rows)],
            total=Figures(**_figures(_all_together(rows.values()))),
        )


# -- when ---------------------------------------------------------------------------------------------------


async def _span(connection: AsyncConnection, asked: DayAsked) -> _Span:
    position = (await connection.execute(select(archive_position.c.position))).scalar_one()
    newest = select(entries.c.at_ms).order_by(entries.c.last.desc()).limit(1)
    as_of = (await connection.execute(newest)).scalar() or 0
    first, _ = await entry_from(connection, asked.from_ms, position)
    _, last = await entry_from(connection, asked.to_ms, position)
    return _Span(asked.from_ms, asked.to_ms, first, last, position, as_of)


async def _targets(connection: AsyncConnection, span: _Span) -> _Targets:
    """What queues said of their targets, as the audit knows: (queue, channel, from, until, target)."""
    query = select(audit.c.subject, audit.c.at_ms, audit.c.after).where(audit.c.kind == "queue")
    said = (await connection.execute(query.order_by(audit.c.subject, audit.c.position))).all()
    found: _Targets = []
    for row, later in pairwise([*said, None]):
        assert row is not None
        until = later.at_ms if later is not None and later.subject == row.subject else span.end
        if row.at_ms < span.end and until > span.start:
            targets = (row.after or {}).get("target_ms", {})
            found += ((row.subject, channel, row.at_ms, until, target) for channel, target in targets.items())
    return found


# -- facts --------------------------------------------------------------------------------------------------


class _Facts:
    """The facts of a span, as selections: each with the four dimensions and, as 0 or 1 or a time, what is counted."""

    def __init__(self, asked: DayAsked, span: _Span, targets: _Targets) -> None:
        self._asked = asked
        self._span = span
        self._targets = targets

    def entered(self) -> Select[Any]:
        """The entries of the day: who answered each after which wait, or what became of it.

        What was closed as not to be counted (spam, merged into another) is none.
        """
        entry, target = self._entries(), self._target()
        answer = legs.alias("answer")
        unanswered, last = answer.c.position.is_(None), entry.c.next.is_(None)
        abandoned = and_(unanswered, last, items.c.outcome == "abandoned")
        waiting = and_(unanswered, last, items.c.state != "closed")
        wait = answer.c.accepted_at_ms - entry.c.entered_at_ms
        waited = func.coalesce(entry.c.left_at_ms, items.c.closed_at_ms, self._span.as_of) - entry.c.entered_at_ms
        allowed = func.coalesce(target.c.target_ms, case(TARGET_MS, value=items.c.channel, else_=TARGET_MS["email"]))
        return (
            self._dimensions(entry.c.entered_at_ms, entry.c.queue, func.coalesce(answer.c.agent, ""))
            .add_columns(
                wait.label("wait"),
                (answer.c.accepted_at_ms - items.c.first_entered_at_ms).label("since_first"),
                _flag("abandoned", abandoned),
                _flag("waiting", waiting),
                _flag("answered_in_target", wait <= allowed),
                _flag("missed", unanswered, ~abandoned, waited > allowed),
                _flag("transferred_in", entry.c.reason_in == "transferred"),
            )
            .join_from(entry, items, items.c.id == entry.c.item)
            .outerjoin(answer, answer.c.position == _first_answer(entry))
            .outerjoin(
                target,
                and_(
                    target.c.queue == entry.c.queue,
                    target.c.channel == items.c.channel,
                    target.c.from_ms <= entry.c.entered_at_ms,
                    target.c.until_ms > entry.c.entered_at_ms,
                ),
            )
            .where(items.c.counted, *self._in_scope(entry.c.queue))
        )

    def worked(self) -> Select[Any]:
        """The legs that ended on that day, whenever they began: talk (with hold) and wrap-up."""
        span = self._span
        touched = select(stories.c.item).where(stories.c.position.between(span.first, span.last))
        talked = func.coalesce(legs.c.wrapping_at_ms, legs.c.ended_at_ms)
        return (
            self._dimensions(legs.c.ended_at_ms, legs.c.queue, legs.c.agent)
            .add_columns((talked - legs.c.accepted_at_ms).label("talk"), (legs.c.ended_at_ms - talked).label("wrap_up"))
            .join_from(legs, items, items.c.id == legs.c.item)
            .where(
                legs.c.item.in_(touched),
                self._on_the_day(legs.c.ended_at_ms),
                legs.c.accepted_at_ms.is_not(None),
                legs.c.ended.not_in(_UNDONE),
                *self._in_scope(legs.c.queue, legs.c.agent),
            )
        )

    def handed_over(self) -> Select[Any]:
        """Escalations, and transfers to another queue."""
        span = self._span
        transferred = and_(notes.c.kind == "transferred", notes.c.to_queue != notes.c.from_queue)
        return (
            self._dimensions(notes.c.at_ms, notes.c.from_queue, notes.c.agent)
            .add_columns(_flag("escalated", notes.c.kind == "escalated"), _flag("transferred_out", transferred))
            .join_from(notes, items, items.c.id == notes.c.item)
            .where(
                notes.c.position.between(span.first, span.last),
                self._on_the_day(notes.c.at_ms),
                or_(notes.c.kind == "escalated", transferred),
                *self._in_scope(notes.c.from_queue, notes.c.agent),
            )
        )

    def _entries(self) -> CTE:
        """The entries of the day, each with the position of the item's next one and when that was.

        An item entered where it was opened, where it came from another queue, and where it came back from pending.
        """
        visit, span = queue_visits.c, self._span
        of_day = select(visit.item).where(visit.position.between(span.first, span.last))
        visits = select(
            visit.item,
            visit.queue,
            visit.position,
            visit.entered_at_ms,
            visit.reason_in,
            func.lag(visit.queue).over(partition_by=visit.item, order_by=visit.position).label("before"),
        ).where(visit.item.in_(of_day))
        seen = visits.cte("visits").c
        came = select(
            seen.item,
            seen.queue,
            seen.position,
            seen.entered_at_ms,
            seen.reason_in,
            func.lead(seen.position).over(partition_by=seen.item, order_by=seen.position).label("next"),
            func.lead(seen.entered_at_ms).over(partition_by=seen.item, order_by=seen.position).label("left_at_ms"),
        ).where(or_(seen.before.is_(None), seen.before != seen.queue, seen.reason_in.in_(_FRESH)))
        all_of_them = came.cte("came")
        return select(all_of_them).where(self._on_the_day(all_of_them.c.entered_at_ms)).cte("entered")

    def _target(self) -> CTE:
        columns = (
            column("queue", String),
            column("channel", String),
            column("from_ms", BigInteger),
            column("until_ms", BigInteger),
            column("target_ms", BigInteger),
        )
        nothing = ("", "", 0, 0, 0)
        return values(*columns, name="targets", literal_binds=True).data([nothing, *self._targets]).cte("targets")

    def _dimensions(self, at: Any, queue: Any, agent: Any) -> Select[Any]:
        """A selection of the quarter hour in which `at` lies (by its beginning), of queue, channel and agent."""
        start = self._span.start
        quarter = start + (at - start) // QUARTER_MS * QUARTER_MS
        return select(
            quarter.label("quarter"), queue.label("queue"), items.c.channel.label("channel"), agent.label("agent")
        )

    def _on_the_day(self, at: Any) -> ColumnElement[bool]:
        return and_(at >= self._span.start, at < self._span.end)

    def _in_scope(self, queue: Any, agent: Any = None) -> list[ColumnElement[bool]]:
        asked = self._asked
        found: list[ColumnElement[bool]] = [items.c.consults == ""]
        if asked.queue:
            found.append(queue == asked.queue)
        if asked.queues is not None:
            by_queue = queue.in_(sorted(asked.queues))
            found.append(by_queue if agent is None else or_(by_queue, agent.in_(sorted(asked.agents))))
        return found


def _first_answer(entry: CTE) -> ScalarSelect[int]:
    """The position of the first leg within an entry in which an agent got to the customer."""
    return (
        select(func.min(legs.c.position))
        .where(
            legs.c.item == entry.c.item,
            legs.c.position > entry.c.position,
            or_(entry.c.next.is_(None), legs.c.position < entry.c.next),
            legs.c.accepted_at_ms.is_not(None),
            legs.c.ended.not_in(_UNDONE),
        )
        .scalar_subquery()
    )


def _flag(name: str, *conditions: ColumnElement[bool]) -> Any:
    return case((and_(*conditions), 1), else_=0).label(name)


# -- counting -----------------------------------------------------------------------------------------------


async def _counted(
    connection: AsyncConnection, facts: _Facts, by: Sequence[Dimension]
) -> Mapping[_Key, dict[str, Any]]:
    """The sums of all facts, by the values of these dimensions."""
    found: dict[_Key, dict[str, Any]] = defaultdict(dict)
    for query in (_of_entries(facts, by), _of_legs(facts, by), _of_hand_overs(facts, by)):
        for row in (await connection.execute(query)).mappings():
            found[tuple(row[name] for name in by)].update(row)
    return found


def _of_entries(facts: _Facts, by: Sequence[Dimension]) -> Select[Any]:
    """Sums of entries; percentiles by nearest rank (the smallest wait that so many percent do not exceed).

    Percentiles of all rows together (`all_...`) cannot be made from those of each: the row that holds one tells it.
    """
    fact = facts.entered().cte("facts")
    answered = fact.c.wait.is_not(None)
    alike: dict[str, list[Any]] = {"": [*(fact.c[name] for name in by), answered], "all_": [answered]}
    ranks = [
        part.label(f"{which}{name}")
        for which, group in alike.items()
        for name, part in (
            ("rank", func.row_number().over(partition_by=group, order_by=fact.c.wait)),
            ("of", func.count().over(partition_by=group)),
        )
    ]
    one = select(fact, *ranks).cte("ranked").c
    return _grouped(
        by,
        one,
        func.count().label("offered"),
        func.count(one.wait).label("answered"),
        *(func.sum(one[name]).label(name) for name in _OF_ENTRIES),
        func.sum(one.wait).label("wait"),
        func.sum(one.since_first).label("since_first"),
        func.max(one.wait).label("wait_max"),
        *(
            func.max(case((one[f"{which}rank"] == (one[f"{which}of"] * percent + 99) // 100, one.wait))).label(
                f"{which}{name}"
            )
            for which in alike
            for name, percent in _PERCENTILES.items()
        ),
    )


def _of_legs(facts: _Facts, by: Sequence[Dimension]) -> Select[Any]:
    one = facts.worked().cte("facts").c
    sums = (func.sum(one[name]).label(name) for name in ("talk", "wrap_up"))
    return _grouped(by, one, func.count().label("handled"), *sums)


def _of_hand_overs(facts: _Facts, by: Sequence[Dimension]) -> Select[Any]:
    one = facts.handed_over().cte("facts").c
    return _grouped(by, one, *(func.sum(one[name]).label(name) for name in _OF_HAND_OVERS))


def _grouped(by: Sequence[Dimension], fact: Any, *sums: Any) -> Select[Any]:
    dimensions = [fact[name] for name in by]
    return select(*dimensions, *sums).group_by(*dimensions).having(func.count() > 0)


# -- figures ------------------------------------------------------------------------------------------------


def _row(by: Sequence[Dimension], key: _Key, sums: Mapping[str, Any]) -> ReportRow:
    return ReportRow(**_figures(sums), **dict(zip(by, key, strict=True)))


def _all_together(rows: Collection[Mapping[str, Any]]) -> dict[str, Any]:
    """The sums of all rows."""

    def told(name: str) -> list[Any]:
        return [row[name] for row in rows if row.get(name) is not None]

    return (
        {name: sum(told(name)) for name in (*_COUNTS, "wait", "since_first", "talk", "wrap_up")}
        | {name: max(told(f"all_{name}"), default=None) for name in _PERCENTILES}
        | {"wait_max": max(told("wait_max"), default=None)}
    )


def _figures(sums: Mapping[str, Any]) -> dict[str, Any]:
    """The figures from the sums of one row, as `Figures` defines them."""

    def count(name: str) -> int:
        return int(sums.get(name) or 0)

    def mean(total: int, of: str) -> int | None:
        return round(total / count(of)) if count(of) else None

    decided = {name: count(name) for name in ("answered_in_target", "answered", "abandoned", "missed")}
    return {name: count(name) for name in _COUNTS} | {
        "moved_on": count("offered") - count("answered") - count("abandoned") - count("waiting"),
        "service_level": metrics.sl_decided(**decided),
        "wait_mean_ms": mean(count("wait"), "answered"),
        "since_first_mean_ms": mean(count("since_first"), "answered"),
        **{f"{name}_ms": sums.get(name) for name in (*_PERCENTILES, "wait_max")},
        "handle_mean_ms": mean(count("talk") + count("wrap_up"), "handled"),
        "talk_mean_ms": mean(count("talk"), "handled"),
        "wrap_up_mean_ms": mean(count("wrap_up"), "handled"),
    }
