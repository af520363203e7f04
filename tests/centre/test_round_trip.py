"""Exporting a centre and reading it back gives the same centre, whatever is in it."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queues.callback import Callbacks
from queues.capacity import DEFAULT_ROOMS, Room
from queues.category import Category, Code
from queues.comparator import Comparator
from queues.endpoint import Endpoint
from queues.entry_point import EntryPoint
from queues.hours import Hours, Span
from queues.plan import RelaxStep
from queues.queue import CHANNELS, Fallback, Queue
from queues.rule import Rule, When
from queues.team import Membership, Team
from router.api.shapes import BODIES
from router.centre import document
from router.centre.diff import compare
from router.centre.export import export
from router.centre.parse import parse
from router.core.agent import Agent
from router.core.commands import CentreRecord
from router.core.state import CENTRE_KINDS
from router.wire.codec import RECORD_TYPES
from skills import Skill, profile
from tests.centre.conftest import centre

words = st.text(st.sampled_from("aé ß:'\"#[]{}&*!|>%@`-,?0.~\\\t\n漢\u00a0\u2028🙂"), max_size=8)
names = st.dictionaries(st.sampled_from(["fr", "nl", "no", "en"]), words, max_size=3)
milliseconds = st.integers(1, 366 * 86_400_000)
channels = st.sampled_from(CHANNELS)
ids = st.sampled_from(["no", "1", "x.y"])
memberships = st.dictionaries(
    ids,
    st.builds(
        Membership,
        order=st.integers(1, 100),
        enabled=st.booleans(),
        priority=st.integers(-1000, 1000),
        delay_ms=milliseconds | st.just(0),
        weight=st.integers(0, 1000),
    ),
    max_size=3,
)
levels = st.dictionaries(ids, st.integers(1, 5), max_size=3).map(profile)
terms = ids | st.sampled_from(["no|x.y", "!1", "!1|no"])
asked = st.dictionaries(terms, st.integers(1, 5), max_size=3).map(profile)
comparators = st.builds(
    Comparator,
    kind=st.sampled_from(["strict", "head_start", "slope"]),
    per_point_ms=milliseconds,
    base_ms=st.integers(-1_000_000, 1_000_000),
    per_s=st.integers(0, 10**12),
)
fallbacks = st.builds(Fallback, message=names, overflow=ids | st.just(""), callback=st.booleans())
steps = st.builds(
    RelaxStep,
    after_ms=milliseconds | st.just(0),
    drop=st.lists(terms, max_size=2).map(tuple),
    lower=st.dictionaries(terms, st.integers(1, 5), max_size=2),
    members=st.none() | st.integers(1, 100),
    teams=st.lists(ids, max_size=2).map(tuple),
    queues=st.lists(ids, max_size=2).map(tuple),
    priority=st.integers(-1000, 1000),
    overflow=ids | st.just(""),
    callback=st.booleans(),
    alert=st.sampled_from(["", "late"]),
)
whens = st.builds(
    When,
    channels=st.lists(channels, max_size=2).map(tuple),
    entry_points=st.lists(ids, max_size=2).map(tuple),
    to=st.lists(words, max_size=2).map(tuple),
    senders=st.lists(words, max_size=2).map(tuple),
    tags=st.lists(st.sampled_from(["vip", "no", "1"]), max_size=2).map(tuple),
    languages=st.lists(st.sampled_from(["no", "fr"]), max_size=2).map(tuple),
    keywords=st.lists(words, max_size=2).map(tuple),
    form=st.dictionaries(words, st.lists(words, max_size=2).map(tuple), max_size=2),
    hours=ids | st.just(""),
    outside=ids | st.just(""),
)
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


def _queue(id: str) -> st.SearchStrategy[Queue]:
    return st.builds(
        Queue,
        id=st.just(id),
        names=names,
        line=st.integers(1, 9),
        team=ids | st.just(""),
        requirement=asked,
        wishes=asked,
        priority=st.integers(-1000, 1000),
        target_ms=st.dictionaries(channels, milliseconds),
        reservation_ms=milliseconds,
        wrap_up_ms=st.dictionaries(channels, milliseconds),
        decline_memory_ms=milliseconds,
        knock_out_max=st.integers(1, 50),
        escalates_to=ids.filter(lambda other: other != id) | st.just(""),
        hours=ids | st.just(""),
        plan=st.lists(steps, max_size=3).map(tuple),
        prefer_ms=milliseconds | st.just(0),
        strategy=st.sampled_from(["least_flexible", "weighted", "random"]),
        idle_from=st.sampled_from(["available", "worked"]),
        comparator=comparators,
        reserve=st.dictionaries(ids | st.just("*"), st.integers(0, 1000), max_size=2),
        auto_accept=st.lists(channels, max_size=2).map(tuple),
        reservations_ms=st.dictionaries(channels, milliseconds),
        decline_until=st.sampled_from(["time", "others", "return"]),
        declines_max=st.integers(0, 1000),
        simultaneous=st.integers(1, 10),
        resolve_ms=st.dictionaries(channels | st.just("*"), milliseconds),
        reopens_max=st.integers(0, 50),
        escalate_declined=st.booleans(),
        when_closed=fallbacks,
        waiting_max=st.none() | st.integers(0, 100),
        waiting_with=st.lists(ids, max_size=2).map(tuple),
        when_full=fallbacks,
        wait_max_ms=milliseconds | st.just(0),
        when_late=fallbacks,
        callbacks=st.builds(Callbacks, attempts=st.integers(1, 5), retry_ms=milliseconds, delay_ms=milliseconds),
        pending_close_ms=milliseconds | st.just(0),
    )


def _rule(id: str) -> st.SearchStrategy[Rule]:
    return st.builds(
        Rule,
        id=st.just(id),
        place=st.integers(0, 1_000_000),
        names=names,
        when=whens,
        category=ids | st.just(""),
        queue=ids | st.just(""),
        requirement=asked,
        wishes=asked,
        priority=st.none() | st.integers(-1000, 1000),
        language=st.sampled_from(["", "no"]),
        go_on=st.booleans(),
        disabled=st.booleans(),
    )


GIVES_WAY: dict[str, tuple[str, ...]] = {
    "phone": (),
    "chat": ("phone",),
    "email": ("phone", "chat"),
    "webhook": ("phone",),
}


def _sound(rooms: dict[str, Room]) -> dict[str, Room]:
    """Rooms in which nothing gives way to what gives way to it."""
    return {
        channel: msgspec.structs.replace(
            room, interruptible_by=tuple(by for by in room.interruptible_by if by in GIVES_WAY[channel])
        )
        for channel, room in rooms.items()
    }


def _room() -> st.SearchStrategy[Room]:
    return st.builds(
        Room,
        maximum=st.integers(0, 100),
        weight=st.integers(0, 1000),
        alone=st.booleans(),
        interruptible_by=st.lists(channels, max_size=2).map(tuple),
        silent_ms=milliseconds | st.just(0),
    )


def _agent(id: str) -> st.SearchStrategy[Agent]:
    rooms = st.dictionaries(channels, _room()).map(_sound)
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
        Category,
        id=st.just(id),
        names=names,
        queue=ids | st.just(""),
        requirement=asked,
        escalates_to=ids,
        specialist=st.booleans(),
    )


def _entry_point(id: str) -> st.SearchStrategy[EntryPoint]:
    return st.builds(
        EntryPoint,
        id=st.just(id),
        channel=st.sampled_from(["phone", "chat", "webhook"]),
        address=words.map(lambda text: f"{id}/{text}"),
        queue=ids,
        requirement=asked,
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
        lambda id: st.builds(
            Team,
            id=st.just(id),
            names=names,
            line=st.integers(1, 9),
            memberships=memberships,
            comparator=st.none() | comparators,
        )
    ),
    everywhere(_category),
    everywhere(lambda id: st.builds(Code, id=st.just(f"decline:{id}"), kind=st.just("decline"), names=names)),
    everywhere(_entry_point),
    everywhere(_rule),
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


RENAMED = {"requirement": "skills", "memberships": "serves"}
LIVE = {"id", "revision", "closed", "temporary", "kind"}
"""What stands elsewhere in a file, or is set by hand while it runs."""


@pytest.mark.parametrize(
    ("record", "shape"),
    [
        (Queue, document.QueueShape),
        (Membership, document.ServeShape),
        (RelaxStep, document.StepShape),
        (Fallback, document.FallbackShape),
        (Callbacks, document.CallbacksShape),
        (Comparator, document.ComparatorShape),
        (Team, document.TeamShape),
        (Room, document.RoomShape),
        (Agent, document.AgentShape),
        (Category, document.CategoryShape),
        (EntryPoint, document.EntryPointShape),
        (Rule, document.RuleShape),
        (When, document.WhenShape),
        (Hours, document.HoursShape),
    ],
)
def test_no_field_of_a_record_is_missing_in_the_file(record: type[Any], shape: type[Any]) -> None:
    """What a file cannot say, applying it would take away."""
    fields = {RENAMED.get(name, name.removesuffix("_ms")) for name in record.__struct_fields__ if name not in LIVE}
    assert fields - {"kind"} == set(shape.__struct_fields__) - {"kind"}


@pytest.mark.parametrize("kind", [kind for kind in CENTRE_KINDS if kind != "endpoint"])
def test_no_field_of_a_record_is_missing_in_the_api(kind: str) -> None:
    record = RECORD_TYPES[kind]
    assert {name for name in record.__struct_fields__ if name not in LIVE - {"kind"}} == set(
        BODIES[kind].__struct_fields__
    )
