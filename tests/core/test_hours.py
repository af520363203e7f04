"""Opening hours in routing: a queue takes what comes in its hours, and what comes outside of them meets its rule."""

from typing import Any

import msgspec
import pytest

from queues.hours import Hours
from queues.queue import Fallback, Queue
from router.core import commands as c
from router.core import events as e
from router.core import limits
from router.core.due import next_deadline
from router.core.opened import closes_at, is_open, opens_at
from tests.core.world import World, change

HOUR = 3_600_000
DAY = 24 * HOUR
NEVER = ((),) * 7


def world_with(**rules: Any) -> World:
    """A world at nine, whose first queue opens at nine for eight hours, and again a day later."""
    world = World(now=9 * HOUR)
    hours = Hours(id="day", zone="UTC", weekly=NEVER)
    help = msgspec.structs.replace(world.state.queues["help"], hours="day", **rules)
    world.do(c.ApplyCentre(changes=(change(hours), change(help, seen=None))))
    tell(world, ((9 * HOUR, 17 * HOUR), (DAY + 9 * HOUR, DAY + 17 * HOUR)), through=3 * DAY)
    return world


def tell(world: World, spans: tuple[tuple[int, int], ...], through: int) -> list[e.Event]:
    revision = world.state.hours["day"].revision
    return world.do(c.SetCalendar(hours="day", spans=spans, through=through, revision=revision))


def at_night(**rules: Any) -> World:
    world = world_with(**rules)
    world.now = 20 * HOUR
    return world


def test_the_hours_are_those_of_the_calendar() -> None:
    world = world_with()
    queue = world.state.queues["help"]
    opened = {at: is_open(world.state, queue, at) for at in (9 * HOUR - 1, 9 * HOUR, 17 * HOUR - 1, 17 * HOUR)}
    assert list(opened.values()) == [False, True, True, False]
    assert opens_at(world.state, queue, 20 * HOUR) == DAY + 9 * HOUR
    assert opens_at(world.state, queue, 10 * HOUR) is None
    assert closes_at(world.state, queue, 10 * HOUR) == 17 * HOUR
    assert closes_at(world.state, queue, 20 * HOUR) is None
    assert opens_at(world.state, queue, 2 * DAY) is None, "nobody knows"


def test_outside_its_hours_callers_are_turned_away_and_mails_wait() -> None:
    world = at_night(when_closed=Fallback(message={"en": "Back at nine."}))
    call = world.call()
    assert (call.state, call.outcome, call.refused) == ("closed", "turned_away", "closed")
    world.do(world.message("chat", channel="chat"))
    assert world.item("i-chat").outcome == "turned_away"
    world.do(world.message("mail"))
    assert world.item("i-mail").state == "queued"
    world.now = DAY + 9 * HOUR
    assert world.call().state == "queued"


def test_outside_its_hours_what_comes_flows_over_and_says_what_it_passed() -> None:
    world = at_night(when_closed=Fallback(overflow="expert"))
    call = world.call(fr=2, tax=5)
    assert (call.queue, call.passed, call.requirement) == ("expert", ("help",), (("fr", 2),))


def test_outside_its_hours_a_caller_may_ask_to_be_called_back() -> None:
    world = at_night(when_closed=Fallback(callback=True))
    call = world.call("k")
    assert [event.why for event in world.log if isinstance(event, e.CallbackOffered)] == ["closed"]
    assert call.outcome == "turned_away"
    asked = c.AskCallback(item="b", conversation="c-b", facts=msgspec.structs.replace(FACTS, queue="help"), call="k")
    world.do(asked)
    back = world.item("b")
    assert (back.state, back.pending_until, back.related) == ("pending", DAY + 9 * HOUR, call.id)


FACTS = World().message("x").facts


def test_closing_by_hand_comes_before_the_hours() -> None:
    world = world_with(when_closed=Fallback(overflow="expert"))
    world.do(c.CloseQueue(queue="help", message={"en": "Strike."}))
    assert world.call().outcome == "turned_away", "the overflow of the night is not that of a strike"
    world.now = 20 * HOUR
    assert world.call().outcome == "turned_away"
    world.do(c.OpenQueue(queue="help"))
    assert world.call().queue == "expert", "opened by hand, its hours rule again"


def test_what_waits_when_the_queue_closes_is_served_on() -> None:
    world = world_with()
    waiting = world.call()
    world.now = 20 * HOUR
    world.sign_on("ann")
    assert waiting.agent == "ann"


def test_an_overflow_that_leads_round_ends() -> None:
    world = at_night(when_closed=Fallback(overflow="expert"))
    expert = msgspec.structs.replace(
        world.state.queues["expert"], hours="day", when_closed=Fallback(overflow="help", message={"en": "Nobody."})
    )
    world.do(c.ApplyCentre(changes=(change(expert, seen=None),)))
    assert (world.call().queue, world.call().outcome) == ("expert", "turned_away")


def test_hours_that_nobody_knows_are_open_and_raise_an_alarm() -> None:
    """Once: a centre whose nodes cannot tell its hours goes on, and its leaders hear of it."""
    world = world_with(when_closed=Fallback(overflow="expert"))
    world.now = 3 * DAY
    world.do(c.Pulse())
    alarms = [event for event in world.log if isinstance(event, e.AlarmRaised)]
    assert [(alarm.code, alarm.subject) for alarm in alarms] == [("hours_unknown", "day")]
    assert world.state.calendars == {}
    assert world.call().queue == "help"
    assert next_deadline(world.state) is None


def test_new_hours_are_open_until_a_node_has_said_when() -> None:
    world = World()
    hours = Hours(id="new", zone="UTC", weekly=NEVER)
    queue = Queue(id="q", hours="new")
    world.do(c.ApplyCentre(changes=(change(hours), change(queue))))
    assert is_open(world.state, queue, world.now)
    assert next_deadline(world.state) == world.now + limits.HOURS_GRACE_TICKS
    world.do(c.SetCalendar(hours="new", spans=(), through=world.now + DAY, revision=world.state.hours["new"].revision))
    assert not is_open(world.state, queue, world.now)


def test_edited_hours_are_the_old_ones_until_a_node_has_said_when() -> None:
    world = at_night()
    edited = msgspec.structs.replace(world.state.hours["day"], zone="Europe/Brussels")
    world.do(c.ApplyCentre(changes=(change(edited, seen=None),)))
    assert world.call().outcome == "turned_away"
    stale = c.SetCalendar(hours="day", spans=(), through=world.now + DAY, revision=edited.revision)
    assert world.refuse(stale) == "stale_revision"


def test_dropped_hours_take_their_calendar_with_them() -> None:
    world = world_with()
    free = msgspec.structs.replace(world.state.queues["help"], hours="")
    drop = c.Change(kind="hours", id="day", record=None, seen=None)
    world.do(c.ApplyCentre(changes=(change(free, seen=None), drop)))
    assert world.state.calendars == {} and next_deadline(world.state) is None


def test_saying_it_again_changes_nothing() -> None:
    world = world_with()
    known = world.state.calendars["day"]
    assert tell(world, known.spans, known.through) == []


@pytest.mark.parametrize(
    ("spans", "through", "code"),
    [
        (((5, 5),), 2 * DAY, "bad_value"),
        (((5, 9), (9, 12)), 2 * DAY, "bad_value"),
        (((9, 12), (5, 7)), 2 * DAY, "bad_value"),
        ((), 0, "bad_date"),
        ((), 1_000 * DAY, "bad_date"),
    ],
    ids=["empty", "touching", "out of order", "over already", "too far"],
)
def test_a_calendar_that_is_none_is_refused(spans: tuple[tuple[int, int], ...], through: int, code: str) -> None:
    world = world_with()
    revision = world.state.hours["day"].revision
    assert world.refuse(c.SetCalendar(hours="day", spans=spans, through=through, revision=revision)) == code
    assert world.refuse(c.SetCalendar(hours="no", spans=(), through=2 * DAY, revision=0)) == "unknown_hours"


def test_the_state_with_calendars_loads_as_it_was() -> None:
    world = world_with()
    world.reload()
