"""Exporting a centre and reading it back gives the same centre, whatever is in it."""

from hypothesis import given, settings
from hypothesis import strategies as st

from queues.callback import Callbacks
from queues.capacity import DEFAULT_ROOMS, Room
from queues.category import Category, Code
from queues.endpoint import Endpoint
from queues.entry_point import EntryPoint
from queues.hours import Hours, Span
from queues.queue import CHANNELS, Fallback, Queue
from queues.team import Membership, Team
from router.centre.diff import compare
from router.centre.export import export
from router.centre.parse import parse
from router.core.agent import Agent
from router.core.commands import CentreRecord
from skills import Skill, profile
from tests.centre.conftest import centre

words = st.text(st.sampled_from("aé ß:'\"#[]{}&*!|>%@`-,?0.~\\\t\n漢\u00a0\u2028🙂"), max_size=8)
names = st.dictionaries(st.sampled_from(["fr", "nl", "no", "en"]), words, max_size=3)
milliseconds = st.integers(1, 366 * 86_400_000)
channels = st.sampled_from(CHANNELS)
ids = st.sampled_from(["no", "1", "x.y"])
memberships = st.dictionaries(ids, st.builds(Membership, order=st.integers(1, 100), enabled=st.booleans()), max_size=3)
levels = st.dictionaries(ids, st.integers(1, 5), max_size=3).map(profile)
day = st.sampled_from([(), (Span(start=0, end=1440),), (Span(start=1, end=60), Span(start=61, end=1439))])


def everywhere(make: object) -> st.SearchStrategy[list[CentreRecord]]:
    """One record for each id, so that every reference leads somewhere."""
    return st.tuples(*(make(id) for id in ["no", "1", "x.y"])).map(list)  # type: ignore[operator]


def _hours(id: str) -> st.SearchStrategy[Hours]:
    return st.builds(
        Hours,
        id=st.just(id),
        zone=st.sampled_from(["Europe/Brussels", "UTC"]),
        weekly=st.tuples(*[day] * 7),
        exceptions=st.dictionaries(st.sampled_from(["2026-12-24", "2027-01-01"]), day),
        holidays=st.sampled_from(["", "BE", "NO"]),
    )


fallbacks = st.builds(
    Fallback,
    overflow=ids | st.just(""),
    callback=st.booleans(),
    message=st.dictionaries(st.sampled_from(["fr", "nl"]), words, max_size=2),
)


def _queue(id: str) -> st.SearchStrategy[Queue]:
    return st.builds(
        Queue,
        id=st.just(id),
        names=names,
        line=st.integers(1, 9),
        team=ids | st.just(""),
        requirement=levels,
        priority=st.integers(-1000, 1000),
        when_closed=fallbacks,
        waiting_max=st.none() | st.integers(0, 100),
        waiting_with=st.lists(ids, max_size=2, unique=True).map(tuple),
        when_full=fallbacks,
        wait_max_ms=milliseconds,
        when_late=fallbacks,
        callbacks=st.builds(Callbacks, attempts=st.integers(1, 20), retry_ms=milliseconds, delay_ms=milliseconds),
        pending_close_ms=milliseconds,
        target_ms=st.dictionaries(channels, milliseconds),
        reservation_ms=milliseconds,
        wrap_up_ms=st.dictionaries(channels, milliseconds),
        decline_memory_ms=milliseconds,
        knock_out_max=st.integers(1, 50),
        escalates_to=ids.filter(lambda other: other != id) | st.just(""),
        hours=ids | st.just(""),
    )


def _agent(id: str) -> st.SearchStrategy[Agent]:
    rooms = st.dictionaries(channels, st.builds(Room, maximum=st.integers(0, 100), weight=st.integers(0, 1000)))
    return st.builds(
        Agent,
        id=st.just(id),
        name=words,
        teams=st.lists(ids, max_size=2).map(tuple),
        skills=levels,
        memberships=memberships,
        rooms=rooms | st.just(DEFAULT_ROOMS),
        total=st.integers(0, 1000),
        phone=words,
        language=st.sampled_from(["", "fr", "no"]),
        disabled=st.booleans(),
    )


def _category(id: str) -> st.SearchStrategy[Category]:
    return st.builds(
        Category, id=st.just(id), names=names, queue=ids | st.just(""), requirement=levels, escalates_to=ids
    )


def _entry_point(id: str) -> st.SearchStrategy[EntryPoint]:
    return st.builds(
        EntryPoint,
        id=st.just(id),
        channel=st.sampled_from(["phone", "chat", "webhook"]),
        address=words.map(lambda text: f"{id}/{text}"),
        queue=ids,
        requirement=levels,
        language=st.sampled_from(["", "no"]),
        priority=st.integers(-1000, 1000),
        category=ids | st.just(""),
        overrides=st.lists(st.sampled_from(["queue", "skills"]), max_size=2).map(tuple),
        origins=st.lists(words, max_size=2).map(tuple),
    )


CENTRES = st.tuples(
    everywhere(lambda id: st.builds(Skill, id=st.just(id), names=names, kind=st.sampled_from(["skill", "language"]))),
    everywhere(_hours),
    everywhere(_queue),
    everywhere(
        lambda id: st.builds(Team, id=st.just(id), names=names, line=st.integers(1, 9), memberships=memberships)
    ),
    everywhere(_category),
    everywhere(lambda id: st.builds(Code, id=st.just(f"decline:{id}"), kind=st.just("decline"), names=names)),
    everywhere(_entry_point),
    everywhere(lambda id: st.builds(Endpoint, id=st.just(id), url=st.just("https://x.example"), secret=words)),
    everywhere(_agent),
).map(lambda kinds: [record for kind in kinds for record in kind])


@settings(max_examples=12, deadline=None)
@given(CENTRES)
def test_export_then_parse_then_compare_finds_no_difference(records: list[CentreRecord]) -> None:
    state = centre(records, revision=3)
    text = export(state)
    plan = compare(state, parse(text))
    assert plan.differences == ()
    assert export(centre(parse(text).records, revision=3)) == text
