"""The short explanation that is kept with each reservation."""

import msgspec

from router.core import commands as c
from router.core import events as e
from router.core.why import Why
from router.wire.codec import Entry, decode_entry, encode
from tests.core.world import World, agent, change


def made(events: list[e.Event]) -> Why:
    (found,) = [event.why for event in events if isinstance(event, e.ReservationMade)]
    return found


def test_it_says_what_the_winner_had_and_whom_they_beat() -> None:
    world = World()
    world.do(c.ApplyCentre(changes=tuple(change(agent(f"x{n}", fr=1 + n % 2, nl=1)) for n in range(8))))
    world.sign_on("bob", "eve", *(f"x{n}" for n in range(8)))
    before = len(world.log)
    item = world.call()
    why = made(world.log[before:])
    assert item.agent == "bob"
    assert [(one.agent, one.free) for one in why.losers] == [("x0", 4), ("x1", 4)], "one for each class of equals"
    assert why.counts == {"beaten": 8, "unfit": 1, "not_free": 1}
    assert why.points < why.losers[0].points and why.idle == 10
    assert (why.waited, why.due_in, why.step) == (0, 20_000, 0)


def test_it_is_bounded_whatever_the_number_of_classes() -> None:
    world = World()
    skills = [{"fr": a, "nl": b, "tax": d} for a in range(1, 4) for b in range(1, 4) for d in range(1, 4)]
    world.do(c.ApplyCentre(changes=tuple(change(agent(f"x{n}", **levels)) for n, levels in enumerate(skills))))
    world.sign_on(*(f"x{n}" for n in range(len(skills))))
    before = len(world.log)
    world.call()
    why = made(world.log[before:])
    assert len(why.losers) == 5 and why.counts["beaten"] == len(skills) - 1
    assert len(msgspec.msgpack.encode(why)) < 400


def test_who_comes_free_and_takes_what_waits_beat_nobody() -> None:
    world = World()
    item = world.call()
    before = len(world.log)
    world.sign_on("ann")
    why = made(world.log[before:])
    assert item.agent == "ann" and why.losers == () and why.waited == 1
    assert why.counts == {"not_free": 2}


def test_explanations_of_older_logs_still_read() -> None:
    event = {"type": "ReservationMade", "at": 1, "item": "i", "agent": "a", "queue": "q", "reservation": "r1"}
    old = event | {"expires_at": 2, "why": {"waited": 7, "idle": 8, "due_in": 9}}
    entry = msgspec.msgpack.decode(encode(Entry(first=1, last=1, epoch=1, before="", at=1)))
    found = decode_entry(msgspec.msgpack.encode(entry | {"events": [old]})).events[0]
    assert isinstance(found, e.ReservationMade) and found.why == Why(waited=7, idle=8, due_in=9)
