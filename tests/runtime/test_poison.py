"""A command that makes us fail is set aside with its reason and an alarm; those around it go on."""

from router.core import commands as c
from router.core import events as e
from router.core.facts import MessageFacts
from router.runtime.batch import Batch
from router.wire.codec import Submission, decode_entry, encode
from tests.core.world import World

GOOD = Submission(command=c.SetAgentPhone(agent="bob", phone="42"), key="good", by="admin")
REPLY = c.SendReply(item="i-1", agent="ann", message=MessageFacts(id="m-r", content="t-r"), delivery="d-1")


def world() -> World:
    """Ann writes on a mail."""
    made = World()
    made.sign_on("ann")
    made.do(made.message("1"))
    made.do(c.AcceptReservation(item="i-1", agent="ann"))
    made.state.touched.clear()
    return made


def outcomes(batch: Batch) -> list[str]:
    return [outcome.rejection for _, outcome in batch.ended]


def poisoned(batch: Batch) -> list[e.CommandPoisoned]:
    """The commands that were set aside, each of them with its alarm."""
    events = decode_entry(batch.seal(1, "", 3).data).events
    found = [event for event in events if isinstance(event, e.CommandPoisoned)]
    alarms = [event.subject for event in events if isinstance(event, e.AlarmRaised)]
    assert alarms == [str(event.command) for event in found]
    return found


def test_bytes_that_are_no_command_are_set_aside() -> None:
    batch = Batch(world().state, 0, 2_000)
    batch.take(1, encode(GOOD))
    batch.take(2, b"\x81\xa3not a command")
    batch.take(3, encode(GOOD))
    assert outcomes(batch) == ["", "poisoned", ""]
    assert [event.command for event in poisoned(batch)] == [2]


def test_a_command_that_makes_decide_raise_has_changed_nothing() -> None:
    broken = world()
    broken.state.conversations.clear()
    batch = Batch(broken.state, 0, 2_000)
    batch.take(1, encode(Submission(command=REPLY, key="bad", by="ann")))
    assert broken.state.deliveries == {}
    batch.take(2, encode(GOOD))
    assert outcomes(batch) == ["poisoned", ""]
    assert "KeyError" in poisoned(batch)[0].reason


def test_a_command_that_killed_writers_is_not_tried_again() -> None:
    safe = world()
    batch = Batch(safe.state, 0, 2_000)
    batch.take(1, encode(Submission(command=REPLY, key="deadly", by="ann")), deadly=True)
    assert outcomes(batch) == ["poisoned"]
    assert safe.state.deliveries == {}
    assert "writers" in poisoned(batch)[0].reason
