"""Callbacks by events of the phone system, through intake and the real engine."""

from typing import Any

from router.core import commands as c
from tests.phone.house import House

TO, FROM = "+32 2 555 00 01", "+32 470 12 34 56"
MINUTE = 60_000


async def request(house: House, **data: Any) -> None:
    await house.take("callback.requested", data)


async def test_who_waits_asks_and_hangs_up_and_keeps_their_place(house: House) -> None:
    item = await house.call()
    place = (item.due, item.seq)
    await request(house, call="c1")
    await house.take("call.ended", {"call": "c1"})
    assert (item.state, item.due, item.seq) == ("queued", *place)
    assert item.callback is not None and item.callback.number, "where the call came from"


async def test_the_whole_way_to_a_talk(house: House) -> None:
    item = await house.call()
    await request(house, call="c1", number="+32 470 00 00 01")
    await house.sign_on("ann")
    await house.do(c.AcceptReservation(item=item.id, agent="ann"))
    await house.take("callback.dialled", {"item": item.id, "call": "out1"})
    await house.take("call.ended", {"call": "c1"})
    await house.take("call.answered", {"call": "out1", "agent": "ann"})
    assert item.answered and not item.to_call
    await house.take("call.ended", {"call": "out1"})
    assert item.outcome == "completed"


async def test_nobody_answers(house: House) -> None:
    await request(house, callback="r1", to=TO, number=FROM)
    (item,) = house.state.items.values()
    await house.sign_on("ann")
    await house.do(c.AcceptReservation(item=item.id, agent="ann"))
    await house.take("callback.failed", {"item": item.id, "reason": "486"})
    assert (item.state, item.agent, item.callback and item.callback.attempts) == ("pending", "", 1)


async def test_a_request_is_known_by_its_own_id(house: House) -> None:
    for _ in range(2):
        await request(house, callback="r1", to=TO, number=FROM)
    assert len(house.state.items) == 1
    await request(house, callback="r2", to=TO, number=FROM)
    assert len(house.state.items) == 2


async def test_a_request_without_a_place_opens_an_item_of_the_entry_point(house: House) -> None:
    soon = house.clock.now_ms() + 60 * MINUTE
    windows = [{"start_at_ms": soon, "end_at_ms": soon + MINUTE}]
    await request(house, callback="r1", to=TO, number=FROM, name="Ada", windows=windows, attributes={"topic": "tax"})
    (item,) = house.state.items.values()
    assert (item.entry_point, item.queue, item.language) == ("number", "help", "fr")
    assert (item.state, item.pending_until, item.customer[:5]) == ("pending", soon, "cust_")


async def test_who_was_turned_away_asks_afterwards(house: House) -> None:
    await house.do(c.CloseQueue(queue="help", callback=True))
    item = await house.call()
    assert item.outcome == "turned_away"
    await request(house, call="c1")
    back = next(one for one in house.state.items.values() if one.id != item.id)
    assert (back.queue, back.state, back.related) == ("help", "queued", item.id)


async def test_somebody_who_cannot_be_called_is_refused(house: House) -> None:
    refused = await house.refused("callback.requested", {"to": TO})
    assert (refused.code, refused.pointer) == ("bad_event", "/data/number")
    refused = await house.refused("callback.requested", {"number": FROM})
    assert refused.code == "unknown_entry_point"


async def test_work_that_comes_by_an_event_may_begin_later(house: House) -> None:
    """A19: a form that is to be worked on tomorrow is in no line until then."""
    start = house.clock.now_ms() + 60 * MINUTE
    await house.take("webhook.received", {"to": "forms", "text": "for tomorrow", "start_at_ms": start})
    (item,) = house.state.items.values()
    assert (item.channel, item.state, item.pending_until, item.agent) == ("webhook", "pending", start, "")
    outcome = await house.take("webhook.received", {"to": "forms", "text": "x", "start_at_ms": 1 << 60})
    assert outcome.rejection == "bad_date"
