"""A node compares what it said of waits with what came of them, and changes the method where another one is better."""

from prometheus_client import REGISTRY

from router.core import commands as c
from router.core.ask import Raw
from router.core.pace import Pace
from router.gateway import Applied
from router.runtime.waits import Measured, Predicted, Waits
from router.wire.codec import Entry
from tests.core.world import World


class At:
    """A clock that stands where the world stands."""

    def __init__(self, world: World) -> None:
        self.world = world

    def now_ms(self) -> int:
        return self.world.now

    def monotonic_ms(self) -> int:
        return self.world.now


class Node:
    """A world whose every event is heard."""

    def __init__(self) -> None:
        self.world = World()
        self.waits = Waits(lambda: self.world.state, At(self.world))
        self.told = 0

    def hear(self) -> None:
        """What happened since."""
        events = tuple(self.world.log[self.told :])
        self.told = len(self.world.log)
        entry = Entry(first=1, last=len(events), epoch=1, before="", at=self.world.now, events=events)
        self.waits(Applied(position=len(events), entry=entry, touched=(), data=b""), self.world.state)


def known(world: World) -> None:
    pace = Pace(id="help/phone", queue="help", channel="phone")
    for _ in range(600):
        pace.add_handled(60_000)
    world.state.paces[pace.id] = pace


def test_what_was_said_is_compared_with_the_wait_that_followed() -> None:
    node = Node()
    world = node.world
    known(world)
    world.sign_on("bob")
    first = world.call("a")
    world.do(c.AnswerCall(call="a", agent="bob"))
    second = world.call("b")
    node.hear()
    said = node.waits.of(second.id)
    assert first.agent == "bob" and said is not None and said.expected is not None
    assert node.waits.shown(second.id) == {
        "position": 1,
        "ahead": 0,
        "agents": 1,
        "low_ms": said.low,
        "expected_ms": said.expected,
        "high_ms": said.high,
        "confidence": 80,
        "method": "queue_length",
        "reason": "",
    }
    assert node.waits.prospect(Raw("help", "phone", 0, (), (), "", "", 0)) is not None
    world.do(c.EndCall(call="a"), after=30_000)
    world.do(c.Pulse(), after=5_000)
    world.do(c.AnswerCall(call="b", agent="bob"))
    node.hear()
    found = node.waits.measured()["help", "phone"]
    waited = world.now - second.entered_at
    assert (found.count, found.bias) == (1, said.expected - waited)
    assert (
        REGISTRY.get_sample_value("firstline_wait_estimate_bias_seconds", {"queue": "help", "channel": "phone"})
        == (said.expected - waited) / 1_000
    )
    assert node.waits.shown(second.id) is None, "who is answered waits no more"


def test_who_left_is_not_counted() -> None:
    node = Node()
    known(node.world)
    node.world.sign_on("bob")
    node.world.call("a")
    node.world.call("b")
    node.hear()
    node.world.do(c.EndCall(call="b"), after=10_000)
    node.hear()
    assert node.waits.measured() == {}


def test_the_head_of_the_line_takes_over_only_where_it_was_clearly_better() -> None:
    measured = Measured()
    for number in range(99):
        measured.add(Predicted(0, 0, 90_000, 120_000, 31_000), 30_000 + number)
    assert not measured.head_is_better(), "too few"
    measured.add(Predicted(0, 0, 90_000, 120_000, 31_000), 30_000)
    assert measured.head_is_better() and measured.within == 1.0
    assert measured.error is not None and measured.error > 1.9
    for number in range(600):
        measured.add(Predicted(0, 0, 30_000, 120_000, 31_000), 30_000 + number)
    assert not measured.head_is_better()
