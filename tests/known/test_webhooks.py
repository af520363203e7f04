"""What integrators are told: one change once, in the order of the item (F112-F114)."""

from channels.webhook.sender import WebhookSender
from queues.endpoint import Endpoint
from router.core import commands as c
from router.core.effects import effects
from router.core.evolve import evolve
from router.core.state import State
from tests.core.test_walk import Walker
from tests.core.world import change
from tests.phone.house import House
from tests.support import eventually
from tests.webhook.conftest import Receiver, finished

HOOK = c.ApplyCentre(changes=(change(Endpoint(id="hook", url="https://x.example/h")),))


def test_an_event_of_the_log_is_one_webhook_or_none() -> None:
    """F113: over random walks; no two sentences of one change, and no change that is told by two events alike."""
    told = 0
    for seed in range(400, 406):
        walker = Walker(seed)
        walker.world.do(HOOK)
        walker.walk(300)
        state, before = State(), b""
        for event in walker.world.log:
            evolve(state, event)
            bodies = [body for outbox, body in effects(state, event) if outbox == "webhook"]
            assert len(bodies) <= 1
            if bodies:
                assert repr(bodies[0]).encode() != before
                before = repr(bodies[0]).encode()
                told += 1
    assert told > 300


async def test_what_comes_in_by_the_api_is_told_once_however_often_it_is_sent(
    house: House, sender: WebhookSender, receiver: Receiver
) -> None:
    """F112, F113: each event of the integrator three times; each of ours once, under an id of its own, in order."""
    await house.endpoint("pbx", receiver.url)
    await house.sign_on("ann")
    number = "+3225550001"
    sent = [
        ("call.offered", {"call": "c1", "to": number}),
        ("call.answered", {"call": "c1", "agent": "ann"}),
        ("call.held", {"call": "c1", "held": True}),
        ("call.ended", {"call": "c1"}),
        ("webhook.received", {"to": "forms", "text": "mon dossier", "id": "t1"}),
    ]
    for event_id, (type, data) in enumerate(sent):
        event = house.event(type, data, f"e{event_id}")
        for _ in range(3):
            await house.ended(await house.intake.take(event, by="pbx"))
    await eventually(lambda: "message.received" in receiver.types())
    await finished(house)
    (call,) = house.state.calls.values()
    assert receiver.types(call) == ["item.queued", "item.reserved", "item.accepted", "call.held", "item.closed"]
    assert sorted(set(receiver.types()) - set(receiver.types(call))) == ["message.received"]
    assert receiver.types().count("message.received") == 1
    assert len(set(receiver.ids)) == len(receiver.ids)
