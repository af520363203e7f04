"""Reports of a day: hand-made days whose figures are known, and random ones counted again from their events."""

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from statistics import fmean
from typing import Any

import pytest

from queues.queue import Queue
from router.archive.database import Database
from router.archive.reports import SqlReports
from router.core import commands as c
from router.core import events as e
from router.gateway import QUARTER_MS, DayAsked, DayReport, Figures
from tests.archive.domain import Domain
from tests.core.world import change

MIDNIGHT = 1_795_042_800_000  # 2026-11-19 00:00 in Brussels
DAY_MS = 24 * 3_600_000
NINE = MIDNIGHT + 9 * 3_600_000
COUNTS = ("offered", "answered", "abandoned", "waiting", "moved_on", "answered_in_target", "missed")
COUNTS += ("handled", "escalated", "transferred_in", "transferred_out")


class Day(Domain):
    """A domain whose contacts come in on one day; help wants calls answered in 20 s, the experts in 60 s."""

    def at(self, at: int) -> "Day":
        """Go on at this instant."""
        assert at >= self.core.now
        self.core.now = at
        return self

    def later(self, seconds: float) -> "Day":
        """Go on so much later."""
        return self.at(self.core.now + round(seconds * 1_000))

    def work(self, *commands: c.Command) -> "Day":
        """Do these commands now."""
        for command in commands:
            self.core.do(command)
        return self

    def accept(self, call: str) -> "Day":
        """Whoever the call is reserved for takes it."""
        item = self.core.item(f"i-{call}")
        return self.work(c.AcceptReservation(item=item.id, agent=item.agent))

    async def report(self, database: Database, *by: Any, **more: Any) -> DayReport:
        """Archive what happened, and count it."""
        await self.commit()
        await self.archive(database)
        span = {"from_ms": MIDNIGHT, "to_ms": MIDNIGHT + DAY_MS} | more
        return await SqlReports(database).day(DayAsked(by=by, **span))


@pytest.fixture
def day() -> Day:
    day = Day()
    day.at(NINE).core.sign_on("ann", "bob", "eve")
    return day.at(NINE + 1_000)


def counted(figures: Figures, *names: str) -> tuple[Any, ...]:
    return tuple(getattr(figures, name) for name in names)


async def test_nothing_is_nothing_and_ratios_of_nothing_are_null(day: Day, database: Database) -> None:
    """Not 0 %, not 100 %: undefined (ROUTING, MX-05)."""
    report = await day.report(database, "quarter")
    assert report.rows == []
    assert counted(report.total, *COUNTS) == (0,) * len(COUNTS)
    assert counted(report.total, "service_level", "wait_mean_ms", "wait_p90_ms", "handle_mean_ms") == (None,) * 4


async def test_a_known_morning(day: Day, database: Database) -> None:
    """Four calls: answered after 10 s and after 30 s, abandoned, waiting; target 20 s."""
    core = day.core
    core.call("a")
    day.later(10).accept("a")
    day.later(60).work(c.AnswerCall(call="a", agent=core.item("i-a").agent), c.EndCall(call="a"))
    day.later(2).work(c.CompleteItem(item="i-a", agent=core.item("i-a").agent, disposition="done"))
    core.call("b")
    day.later(30).accept("b")
    for gone in ("ann", "bob"):
        if core.item("i-b").agent != gone:
            day.work(c.SetPresence(agent=gone, state="not_ready", reason="x"))
    core.call("c")
    day.later(5).work(c.EndCall(call="c"))
    core.call("d")
    figures = (await day.later(5).work().report(database)).total
    assert counted(figures, "offered", "answered", "abandoned", "waiting", "moved_on") == (4, 2, 1, 1, 0)
    assert counted(figures, "answered_in_target", "missed") == (1, 0)
    assert figures.service_level == 1 / 3, "the one that waits may still be answered in time"
    waits = ("wait_mean_ms", "wait_median_ms", "wait_p90_ms", "wait_max_ms")
    assert counted(figures, *waits) == (20_000, 10_000, 30_000, 30_000)
    handle = ("handled", "handle_mean_ms", "talk_mean_ms", "wrap_up_mean_ms")
    assert counted(figures, *handle) == (1, 62_000, 60_000, 2_000)


async def test_what_waits_past_its_target_is_missed(day: Day, database: Database) -> None:
    """Known at the instant that the archive has come to: the next event."""
    day.work(*(c.SetPresence(agent=agent, state="not_ready", reason="x") for agent in ("ann", "bob")))
    day.core.call("a")
    day.later(20).work(c.SetPresence(agent="eve", state="not_ready", reason="x"))
    figures = (await day.report(database)).total
    assert counted(figures, "waiting", "missed", "service_level") == (1, 0, None)
    day.later(1).work(c.SetPresence(agent="eve", state="available"))
    report = await day.report(database)
    assert counted(report.total, "waiting", "missed", "service_level") == (1, 1, 0.0)
    assert report.as_of_ms == day.core.now
    assert report.position == day.position


async def test_an_escalated_call_counts_once_in_each_queue(day: Day, database: Database) -> None:
    """Offered and answered by both, escalated by the first; each wait is that in its own queue."""
    core = day.core
    core.call("a")
    first = core.item("i-a").agent
    day.later(10).accept("a")
    day.later(100).work(c.EscalateItem(item="i-a", agent=first, reason="hard", note="n", queue="expert"))
    day.later(40).accept("a")
    day.later(7).work(c.CompleteItem(item="i-a", agent="eve", disposition="done"))
    report = await day.report(database, "queue")
    rows = {row.queue: row for row in report.rows}
    names = ("offered", "answered", "answered_in_target", "wait_max_ms", "handle_mean_ms", "escalated")
    assert counted(rows["help"], *names) == (1, 1, 1, 10_000, 100_000, 1)
    assert counted(rows["expert"], *names) == (1, 1, 1, 40_000, 7_000, 0)
    assert counted(report.total, "offered", "answered", "escalated", "wait_mean_ms") == (2, 2, 1, 25_000)
    assert (rows["help"].since_first_mean_ms, rows["expert"].since_first_mean_ms) == (10_000, 150_000)
    by_agent = {row.agent: row for row in (await day.report(database, "agent")).rows}
    assert counted(by_agent[first], "answered", "handled", "escalated") == (1, 1, 1)
    assert counted(by_agent["eve"], "answered", "handled", "escalated") == (1, 1, 0)


async def test_a_question_to_specialists_counts_nowhere(day: Day, database: Database) -> None:
    core = day.core
    core.call("a")
    agent = core.item("i-a").agent
    day.later(10).accept("a")
    day.work(c.ConsultItem(item="i-a", agent=agent, consult="q", note="n", queue="expert"))
    day.later(5).work(c.AcceptReservation(item="q", agent="eve"))
    day.later(5).work(c.AnswerConsult(item="q", agent="eve", note="n"))
    report = await day.report(database, "queue")
    assert [(row.queue, row.offered, row.answered) for row in report.rows] == [("help", 1, 1)]


async def test_a_transfer_goes_out_of_one_queue_and_into_another(day: Day, database: Database) -> None:
    """Moved on unanswered: the first queue has neither answered nor missed it, as its target still ran."""
    day.core.call("a")
    day.later(5).work(c.TransferItem(item="i-a", queue="expert"))
    rows = {row.queue: row for row in (await day.report(database, "queue")).rows}
    names = ("offered", "moved_on", "waiting", "missed", "transferred_in", "transferred_out", "service_level")
    assert counted(rows["help"], *names) == (1, 1, 0, 0, 0, 1, None)
    assert counted(rows["expert"], *names) == (1, 0, 1, 0, 1, 0, None)


async def test_abandoned_while_reserved_or_ringing_is_abandoned(day: Day, database: Database) -> None:
    """Reserved for somebody, or taken on the screen while the phone still rang: nobody has answered."""
    for call in ("a", "b"):
        day.core.call(call)
    day.later(2).accept("b")
    day.later(2).work(c.EndCall(call="a"), c.EndCall(call="b"))
    figures = (await day.report(database)).total
    assert counted(figures, "offered", "answered", "abandoned", "handled", "service_level") == (2, 0, 2, 0, 0.0)


async def test_an_accept_that_the_phone_undid_is_no_answer(day: Day, database: Database) -> None:
    """One wait, from the first entry to the accept that led to the customer."""
    day.core.call("a")
    first = day.core.item("i-a").agent
    day.later(3).accept("a").later(2).work(c.FailConnect(call="a", agent=first))
    other = day.core.item("i-a").agent
    assert other not in ("", first)
    day.later(4).accept("a")
    report = await day.report(database, "agent")
    (row,) = report.rows
    assert counted(row, "agent", "offered", "answered", "wait_max_ms") == (other, 1, 1, 9_000)


async def test_what_is_put_back_into_its_queue_is_not_offered_again(day: Day, database: Database) -> None:
    """A supervisor requeues an answered mail: still one entry, answered once; and two pieces of work."""
    day.work(day.core.message("m"))
    day.later(8).accept("m").later(20).work(c.RequeueItem(item="i-m"))
    day.later(5).accept("m").later(30).work(
        c.CompleteItem(item="i-m", agent=day.core.item("i-m").agent, disposition="done")
    )
    figures = (await day.report(database)).total
    names = ("offered", "answered", "wait_max_ms", "handled", "handle_mean_ms")
    assert counted(figures, *names) == (1, 1, 8_000, 2, 25_000)


async def test_a_customer_who_answers_is_offered_again(day: Day, database: Database) -> None:
    """Back from pending a new target runs: the mail is work once more."""
    day.work(day.core.message("m"))
    agent = day.core.item("i-m").agent
    day.later(8).accept("m").later(20).work(c.SetPending(item="i-m", agent=agent))
    day.later(600).work(day.core.message("n", conversation="c-m"))
    assert day.core.item("i-m").state == "reserved"
    day.later(3).accept("m")
    figures = (await day.report(database)).total
    assert counted(figures, "offered", "answered", "wait_mean_ms", "handled") == (2, 2, 5_500, 1)


async def test_a_day_ends_at_midnight_and_what_was_entered_before_it_stays_there(database: Database) -> None:
    """A call from 23:59:50 that is answered after midnight: yesterday's answer, today's work."""
    day = Day()
    day.at(MIDNIGHT - 60_000).core.sign_on("ann")
    day.at(MIDNIGHT - 10_000 - 1).core.call("a")
    day.at(MIDNIGHT + 5_000).accept("a")
    agent = day.core.item("i-a").agent
    day.later(30).work(c.EscalateItem(item="i-a", agent=agent, reason="hard", note="n", queue="expert"))
    day.at(MIDNIGHT + DAY_MS - 2).core.call("b", queue="expert")
    day.at(MIDNIGHT + DAY_MS - 1).core.call("c", queue="expert")
    before = (await day.report(database, "queue", from_ms=MIDNIGHT - DAY_MS, to_ms=MIDNIGHT)).rows
    assert [counted(row, "queue", "offered", "answered", "handled") for row in before] == [("help", 1, 1, 0)]
    today = (await day.report(database, "queue")).rows
    assert [counted(row, "queue", "offered", "handled", "escalated") for row in today] == [
        ("expert", 2, 0, 0),
        ("help", 0, 1, 1),
    ]
    after = (await day.report(database, from_ms=MIDNIGHT + DAY_MS, to_ms=MIDNIGHT + 2 * DAY_MS)).total
    assert after.offered == 1, "c came one tick later: at midnight"


@pytest.mark.parametrize("hours", [23, 25])
async def test_quarter_hours_count_from_midnight_also_when_the_clocks_change(database: Database, hours: int) -> None:
    """A day of 23 or 25 hours has 92 or 100 of them, told apart by the instant they begin."""
    day = Day()
    day.at(MIDNIGHT).core.sign_on("ann")
    last = MIDNIGHT + hours * 3_600_000
    for number, at in enumerate((MIDNIGHT + 10, MIDNIGHT + QUARTER_MS, last - QUARTER_MS, last - 1, last)):
        day.at(at - 1).core.call(f"k{number}")
    rows = (await day.report(database, "quarter", to_ms=last)).rows
    assert [(row.quarter, row.offered) for row in rows] == [
        (MIDNIGHT, 1),
        (MIDNIGHT + QUARTER_MS, 1),
        (last - QUARTER_MS, 2),
    ]


async def test_a_target_counts_from_when_it_was_set(day: Day, database: Database) -> None:
    """What was in time yesterday stays so when the queue's target is made shorter today."""
    day.core.call("a")
    day.later(15).accept("a")
    queue = Queue(id="help", target_ms={"phone": 5_000}, escalates_to="expert")
    seen = day.core.state.queues["help"].revision
    day.later(1).work(c.ApplyCentre(changes=(change(queue, seen=seen),)))
    day.core.call("b")
    day.later(15).accept("b")
    figures = (await day.report(database)).total
    assert counted(figures, "answered", "answered_in_target", "service_level") == (2, 1, 0.5)


async def test_only_what_the_asker_may_see_is_counted(day: Day, database: Database) -> None:
    """The entries of their queues, and the work of their agents wherever they did it."""
    for call, queue in (("a", "help"), ("b", "expert")):
        day.core.call(call, queue=queue)
        day.later(1).accept(call)
        agent = day.core.item(f"i-{call}").agent
        day.later(1).work(c.CompleteItem(item=f"i-{call}", agent=agent, disposition="done"))
    seen = await day.report(database, "queue", queues=frozenset({"help"}), agents=frozenset({"eve"}))
    assert [counted(row, "queue", "offered", "handled") for row in seen.rows] == [("expert", 0, 1), ("help", 1, 1)]
    one = await day.report(database, "queue", queue="expert")
    assert [counted(row, "queue", "offered", "handled") for row in one.rows] == [("expert", 1, 1)]
    none = await day.report(database, queues=frozenset())
    assert counted(none.total, "offered", "handled") == (0, 0)


async def test_a_report_that_is_asked_for_again_is_not_made_again_at_once(day: Day, sqlite_url: str) -> None:
    """For a time in proportion to what it cost; another question is another report, and each says what it knew."""
    database = await Database.open(sqlite_url)
    reports = SqlReports(database, again=1_000_000)
    asked = DayAsked(from_ms=MIDNIGHT, to_ms=MIDNIGHT + DAY_MS)
    first = await reports.day(asked)
    day.core.call("a")
    await day.report(database)
    assert await reports.day(asked) is first
    other = await reports.day(DayAsked(from_ms=MIDNIGHT, to_ms=MIDNIGHT + DAY_MS, queue="help"))
    assert (first.position, other.position, other.total.offered) == (0, day.position, 1)
    await database.close()


# -- random days --------------------------------------------------------------------------------------------


def played(seed: int) -> Day:
    """Some hundreds of random commands around a midnight."""
    chance, day = random.Random(seed), Day()
    day.at(MIDNIGHT - 1_200_000).core.sign_on("ann", "bob", "eve")
    for number in range(250):
        day.later(chance.choice((0.001, 1, 5, 19, 20, 21, 60)))
        _something(day, number, chance)
    return day


def _something(day: Day, number: int, chance: random.Random) -> None:
    core = day.core
    if number % 4 == 0:
        queue = chance.choice(("help", "help", "expert"))
        core.attempt(
            core.message(f"{number}", queue=queue, channel=chance.choice(("email", "chat")))
            if chance.random() < 0.4
            else c.OfferCall(
                call=f"k{number}",
                item=f"i-{number}",
                conversation=f"c-{number}",
                facts=core.message("x", queue=queue).facts,
            )
        )
        return
    items = [item for item in core.state.items.values() if item.state != "closed"]
    if not items:
        return
    item = chance.choice(items)
    agent = item.agent or "ann"
    commands: list[c.Command] = [
        c.AcceptReservation(item=item.id, agent=agent),
        c.AcceptReservation(item=item.id, agent=agent),
        c.AcceptReservation(item=item.id, agent=agent),
        c.DeclineReservation(item=item.id, agent=agent, reason="x"),
        c.EscalateItem(item=item.id, agent=agent, reason="x", note="n", queue="expert"),
        c.TransferItem(item=item.id, queue=chance.choice(("help", "expert"))),
        c.TransferItem(item=item.id, agent=agent, to_agent="eve"),
        c.RequeueItem(item=item.id),
        c.SetPending(item=item.id, agent=agent),
        c.ResumeItem(item=item.id, agent=agent),
        c.CompleteItem(item=item.id, agent=agent, disposition="x"),
        c.Pulse(),
    ]
    commands += [core.message(f"r{number}", conversation=item.conversation, channel=item.channel)] * 2
    if item.call:
        commands += [
            c.AnswerCall(call=item.call, agent=agent),
            c.FailConnect(call=item.call, agent=agent),
            c.EndCall(call=item.call),
        ]
    core.attempt(chance.choice(commands))
    for who in ("ann", "bob", "eve"):
        if core.state.presences[who].state != "available":
            core.attempt(c.SetPresence(agent=who, state="available"))


class Entry:
    """An item in a queue, as a naive reader of the events follows it."""

    def __init__(self, item: "Item", queue: str, at: int, reason: str) -> None:
        self.item, self.queue, self.at, self.reason = item, queue, at, reason
        self.until: int | None = None
        self.answer: tuple[int, str] | None = None
        self.abandoned = False


class Item:
    """What is known of an item so far."""

    def __init__(self, channel: str) -> None:
        self.channel = channel
        self.entries: list[Entry] = []
        self.accepted: tuple[int, str] | None = None
        self.wrapping: int | None = None
        self.parked = False
        self.over = False


def recounted(
    events: Sequence[e.Event], by: Sequence[str], start: int, end: int
) -> dict[tuple[Any, ...], dict[str, Any]]:
    """The day counted from its events, one after the other: slow, and without any SQL."""
    entries, works, moves = _told(events)
    now = events[-1].at
    found: dict[tuple[Any, ...], dict[str, Any]] = defaultdict(lambda: defaultdict(int, waits=[], times=[]))

    def row(at: int, queue: str, channel: str, agent: str) -> dict[str, Any]:
        place = {"quarter": start + (at - start) // QUARTER_MS * QUARTER_MS, "queue": queue}
        place |= {"channel": channel, "agent": agent}
        return found[tuple(place[name] for name in by)]

    for entry in entries:
        if start <= entry.at < end:
            _count(row(entry.at, entry.queue, entry.item.channel, entry.answer[1] if entry.answer else ""), entry, now)
    for at, queue, channel, agent, took in works:
        if start <= at < end:
            row(at, queue, channel, agent)["times"].append(took)
    for at, queue, channel, agent, name in moves:
        if start <= at < end:
            row(at, queue, channel, agent)[name] += 1
    return found


def _count(figures: dict[str, Any], entry: Entry, now: int) -> None:
    targets = {"help": {"phone": 20_000}, "expert": {"phone": 60_000}}
    target = targets[entry.queue].get(entry.item.channel, {"chat": 60_000}.get(entry.item.channel, 14_400_000))
    figures["offered"] += 1
    figures["transferred_in"] += entry.reason == "transferred"
    if entry.answer:
        figures["answered"] += 1
        figures["waits"].append(entry.answer[0] - entry.at)
        figures["answered_in_target"] += entry.answer[0] - entry.at <= target
    elif entry.abandoned:
        figures["abandoned"] += 1
    else:
        figures["waiting" if entry.until is None else "moved_on"] += 1
        figures["missed"] += (entry.until or now) - entry.at > target


def _told(events: Sequence[e.Event]) -> tuple[list[Entry], list[Any], list[Any]]:
    items: dict[str, Item] = {}
    works: list[Any] = []
    moves: list[Any] = []
    for event in events:
        item = items.get(getattr(event, "item", ""))
        match event:
            case e.ItemOpened():
                items[event.item] = Item(event.channel)
            case e.ReservationAccepted() | e.ItemResumed():
                assert item is not None
                item.accepted, item.wrapping, item.parked = (event.at, event.agent), None, False
            case e.WrapUpStarted():
                assert item is not None
                item.wrapping = event.at
            case e.ReservationEnded(outcome="connect_failed"):
                assert item is not None
                item.accepted = None
            case e.ItemQueued():
                assert item is not None
                _done(item, event.at, works)
                _entered(item, event)
                item.parked = False
            case e.ItemPending():
                assert item is not None
                _done(item, event.at, works)
                item.parked = True
            case e.ItemClosed():
                assert item is not None
                if event.outcome == "abandoned":
                    item.accepted = None
                _done(item, event.at, works)
                last = item.entries[-1]
                last.abandoned, last.until = event.outcome == "abandoned", event.at
            case e.ItemEscalated() | e.ItemTransferred():
                assert item is not None
                if isinstance(event, e.ItemEscalated) or event.from_queue != event.to_queue:
                    name = "escalated" if isinstance(event, e.ItemEscalated) else "transferred_out"
                    moves.append((event.at, event.from_queue, item.channel, event.agent, name))
            case _:
                pass
    for item in items.values():
        _answered(item)
    return [entry for item in items.values() for entry in item.entries], works, moves


def _done(item: Item, at: int, works: list[Any]) -> None:
    """The agent is done with it: it was an answer, if it was the first one of this entry."""
    _answered(item)
    if item.accepted is not None:
        began, agent = item.accepted
        works.append((at, item.entries[-1].queue, item.channel, agent, at - began))
        item.accepted = None


def _answered(item: Item) -> None:
    if item.accepted is not None and item.entries[-1].answer is None:
        item.entries[-1].answer = item.accepted


def _entered(item: Item, event: e.ItemQueued) -> None:
    last = item.entries[-1] if item.entries else None
    if last is None or last.queue != event.queue or event.reason in ("reopened", "due"):
        if last is not None:
            last.until = event.at
        item.entries.append(Entry(item, event.queue, event.at, event.reason))


def _sums(row: Figures) -> dict[str, Any]:
    return {name: getattr(row, name) for name in COUNTS} | {
        "wait_mean_ms": row.wait_mean_ms,
        "wait_max_ms": row.wait_max_ms,
        "wait_median_ms": row.wait_median_ms,
        "wait_p90_ms": row.wait_p90_ms,
        "handle_mean_ms": row.handle_mean_ms,
    }


def _expected(found: dict[str, Any]) -> dict[str, Any]:
    waits, times = sorted(found["waits"]), found["times"]
    return {name: found.get(name, 0) for name in COUNTS} | {
        "handled": len(times),
        "wait_mean_ms": round(fmean(waits)) if waits else None,
        "wait_max_ms": waits[-1] if waits else None,
        "wait_median_ms": waits[(len(waits) + 1) // 2 - 1] if waits else None,
        "wait_p90_ms": waits[-(-9 * len(waits) // 10) - 1] if waits else None,
        "handle_mean_ms": round(fmean(times)) if times else None,
    }


def _spans() -> Iterator[tuple[int, int]]:
    yield MIDNIGHT - DAY_MS, MIDNIGHT
    yield MIDNIGHT, MIDNIGHT + DAY_MS


@pytest.mark.parametrize("seed", range(3))
async def test_sql_counts_what_a_naive_reader_of_the_events_counts(database: Database, seed: int) -> None:
    """On both sides of midnight, by every dimension alone and by all together; and the sums of all of them agree."""
    day = played(seed)
    for start, end in _spans():
        totals = []
        for by in (("quarter",), ("queue",), ("channel",), ("agent",), ("quarter", "queue", "channel", "agent"), ()):
            report = await day.report(database, *by, from_ms=start, to_ms=end)
            expected = recounted(day.events, by, start, end)
            got = {tuple(getattr(row, name) for name in by): _sums(row) for row in report.rows}
            assert got == {key: _expected(found) for key, found in expected.items()}
            totals.append(report.total)
        assert totals == [totals[0]] * len(totals)
        one = totals[0]
        assert one.offered == one.answered + one.abandoned + one.waiting + one.moved_on
        assert one.offered > 5
