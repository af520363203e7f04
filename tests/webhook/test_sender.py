"""Outgoing webhooks against real HTTP receivers that fail in every way they do."""

import asyncio
from email.utils import formatdate
from typing import Any

import pytest
from aiohttp import web

from channels.webhook import limits
from channels.webhook.sender import WebhookSender
from queues.endpoint import Endpoint
from router.core.commands import ApplyCentre, Change
from tests.phone.house import House
from tests.support import eventually
from tests.webhook.conftest import HOOK_SECRET, Receiver, finished, left, sending


async def test_a_call_is_told_from_queue_to_end(house: House, sender: WebhookSender, receiver: Receiver) -> None:
    """Items 4 and 13: which agent to ring, at which phone, until when; and when to stop."""
    await house.endpoint("pbx", receiver.url)
    await house.sign_on("ann")
    item = await house.call()
    await house.take("call.answered", {"call": "c1", "agent": "ann"})
    await house.take("call.ended", {"call": "c1"})
    await eventually(lambda: "item.closed" in receiver.types(item.id))
    assert receiver.types(item.id) == ["item.queued", "item.reserved", "item.accepted", "item.closed"]
    reserved = receiver.heard[1]["data"]
    assert (reserved["call"], reserved["agent"], reserved["phone"]) == ("c1", "ann", "2001")
    assert reserved["reservation"]
    assert reserved["expires_at_ms"] > house.clock.now_ms()


async def test_hanging_up_while_it_rings_tells_to_stop_ringing(
    house: House, sender: WebhookSender, receiver: Receiver
) -> None:
    """Item 4."""
    await house.endpoint("pbx", receiver.url)
    await house.sign_on("ann")
    item = await house.call()
    await house.take("call.ended", {"call": "c1"})
    await eventually(lambda: "item.closed" in receiver.types(item.id))
    ended = next(body["data"] for body in receiver.heard if body["type"] == "reservation.ended")
    assert (ended["outcome"], ended["agent"], ended["call"]) == ("rescinded", "ann", "c1")
    assert receiver.heard[-1]["data"]["outcome"] == "abandoned"


async def test_no_webhook_holds_a_number_a_name_or_a_text(
    house: House, sender: WebhookSender, receiver: Receiver
) -> None:
    await house.endpoint("pbx", receiver.url)
    await house.call(from_name="Nora Secret")
    await house.take("webhook.received", {"to": "forms", "text": "mon dossier", "from": "nora@x.example"})
    await eventually(lambda: "message.received" in receiver.types())
    sent = repr(receiver.heard)
    assert "470123456" not in sent
    assert "Nora" not in sent
    assert "dossier" not in sent


async def test_an_endpoint_hears_only_what_it_asked_for(
    house: House, sender: WebhookSender, receiver: Receiver
) -> None:
    await house.endpoint("pbx", receiver.url, "item.reserved")
    await house.sign_on("ann")
    await house.call()
    await eventually(lambda: receiver.types() == ["item.reserved"])
    await finished(house)


async def test_a_server_error_is_tried_again_under_the_same_id(
    house: House, sender: WebhookSender, receiver: Receiver
) -> None:
    async def twice_broken(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        return web.Response(status=500 if len(receiver.heard) < 3 else 200)

    receiver.answer = twice_broken
    await house.endpoint("pbx", receiver.url, "item.queued")
    await house.call()
    await eventually(lambda: len(receiver.heard) == 3)
    assert len(set(receiver.ids)) == 1
    assert receiver.heard[0] == receiver.heard[2]
    await finished(house)


async def test_a_lost_reply_is_tried_again_under_the_same_id(
    house: House, sender: WebhookSender, receiver: Receiver
) -> None:
    """The receiver had it and the connection broke: it hears it again and can tell."""

    async def lost(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        if len(receiver.heard) == 1:
            assert request.transport is not None
            request.transport.abort()
        return web.Response()

    receiver.answer = lost
    await house.endpoint("pbx", receiver.url, "item.queued")
    await house.call()
    await eventually(lambda: len(receiver.heard) == 2)
    assert len(set(receiver.ids)) == 1
    await finished(house)


async def test_a_redirect_is_not_followed(
    house: House, sender: WebhookSender, receiver: Receiver, second: Receiver
) -> None:
    async def elsewhere(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        return web.Response(status=307, headers={"Location": second.url})

    receiver.answer = elsewhere
    await house.endpoint("pbx", receiver.url, "item.queued")
    await house.call()
    await eventually(lambda: len(receiver.heard) == 4)
    await finished(house)
    assert second.heard == []


async def test_what_fails_to_the_end_of_the_schedule_is_given_up(
    house: House, sender: WebhookSender, receiver: Receiver
) -> None:
    async def broken(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        return web.Response(status=503)

    receiver.answer = broken
    await house.endpoint("pbx", receiver.url, "item.queued")
    await house.call()
    await finished(house)
    await eventually(lambda: len(receiver.heard) == 4)


async def test_a_slow_receiver_is_cut_off_and_tried_again(
    house: House, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "TIMEOUT_S", 0.05)
    let_go = asyncio.Event()

    async def slow(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        if len(receiver.heard) == 1:
            await let_go.wait()
        return web.Response()

    receiver.answer = slow
    await house.endpoint("pbx", receiver.url, "item.queued")
    async with sending(house):
        await house.call()
        await eventually(lambda: len(receiver.heard) == 2)
        await finished(house)
    let_go.set()


@pytest.mark.parametrize("form", ["seconds", "date", "nonsense"])
async def test_retry_after_is_honoured(house: House, receiver: Receiver, form: str) -> None:
    """RFC 9110: seconds or a date; what cannot be read changes nothing."""
    value = {"seconds": "7200", "date": formatdate(house.clock.now_ms() / 1000 + 7200), "nonsense": "later"}[form]

    async def busy(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        return web.Response(status=429 if len(receiver.heard) == 1 else 200, headers={"Retry-After": value})

    receiver.answer = busy
    await house.endpoint("pbx", receiver.url, "item.queued", "item.reserved")
    async with sending(house):
        await house.call()
        if form == "nonsense":
            await eventually(lambda: len(receiver.heard) == 2)
            return
        await eventually(lambda: len(receiver.heard) == 1)
        await house.sign_on("ann")
        await eventually(lambda: receiver.types() == ["item.queued", "item.reserved"])
        await eventually(lambda: left(house) == 1)  # the first one waits for its time, the second did not


async def test_one_that_fails_does_not_hold_up_others_nor_what_comes_after(
    house: House, receiver: Receiver, second: Receiver
) -> None:
    async def picky(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        return web.Response(status=500 if body["data"].get("call") == "c1" else 200)

    receiver.answer = picky
    async with sending(house, retry_s=(3_600.0,)):
        await house.endpoint("pbx", receiver.url, "item.queued")
        await house.endpoint("crm", second.url, "item.queued")
        await house.call("c1")
        await house.call("c2")
        await eventually(lambda: len(second.heard) == 2 and len(receiver.heard) == 2)
        await finished(house, "crm")
        assert left(house, "pbx") == 1


async def test_the_order_within_an_item_holds_and_other_items_do_not_wait(
    house: House, sender: WebhookSender, receiver: Receiver
) -> None:
    """F112: what follows for an item is held back until what came before it was answered."""
    answer_now = asyncio.Event()

    async def slow_for_the_first(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        if body["type"] == "item.queued" and body["data"]["call"] == "c1":
            await answer_now.wait()
        return web.Response()

    receiver.answer = slow_for_the_first
    await house.endpoint("pbx", receiver.url)
    await house.sign_on("ann", "bob")
    story = ["item.queued", "item.reserved", "item.accepted", "item.closed"]
    items = []
    for call in ("c1", "c2"):
        item = await house.call(call)
        items.append(item.id)
        await house.accept(item.id)
        await house.take("call.answered", {"call": call, "agent": item.agent})
        await house.take("call.ended", {"call": call})
    await eventually(lambda: receiver.types(items[1]) == story)
    assert receiver.types(items[0]) == ["item.queued"]
    answer_now.set()
    await eventually(lambda: receiver.types(items[0]) == story)


async def test_gone_disables_the_endpoint_in_the_centre(
    house: House, sender: WebhookSender, receiver: Receiver, second: Receiver
) -> None:
    """410 disables. The other endpoint goes on; enabled again, it hears what comes from then on."""

    async def gone(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        return web.Response(status=410)

    receiver.answer = gone
    await house.endpoint("pbx", receiver.url, "item.queued")
    await house.endpoint("crm", second.url, "item.queued")
    await house.call("c1")
    await eventually(lambda: house.state.endpoints["pbx"].disabled)
    await eventually(lambda: len(second.heard) == 1)
    await house.call("c2")
    await eventually(lambda: len(second.heard) == 2)
    assert len(receiver.heard) == 1
    receiver.answer = receiver.fine
    await house.endpoint("pbx", receiver.url, "item.queued")
    await house.call("c3")
    await eventually(lambda: [body["data"]["call"] for body in receiver.heard[1:]] == ["c3"])


async def test_a_new_endpoint_hears_nothing_of_before(
    house: House, sender: WebhookSender, receiver: Receiver, second: Receiver
) -> None:
    """Old reservations would ring phones for nobody."""

    async def broken(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        return web.Response(status=500)

    async with sending(house, retry_s=(3_600.0,)):
        receiver.answer = broken
        await house.endpoint("slow", receiver.url, "item.queued")
        await house.call("c1")
        await eventually(lambda: receiver.heard)
        await house.endpoint("pbx", second.url, "item.queued")
        await house.call("c2")
        await eventually(lambda: [body["data"]["call"] for body in second.heard] == ["c2"])


async def test_endpoints_come_change_and_go_while_it_runs(
    house: House, sender: WebhookSender, receiver: Receiver, second: Receiver
) -> None:
    await house.endpoint("pbx", receiver.url, "item.queued")
    await house.call("c1")
    await eventually(lambda: len(receiver.heard) == 1)
    await house.endpoint("pbx", second.url, "item.queued")
    await house.call("c2")
    await eventually(lambda: len(second.heard) == 1)
    await house.do(ApplyCentre(changes=(Change(kind="endpoint", id="pbx"),)))
    await house.call("c3")
    await house.endpoint("pbx", receiver.url, "item.queued")
    await house.call("c4")
    await eventually(lambda: [body["data"]["call"] for body in receiver.heard] == ["c1", "c4"])
    assert len(second.heard) == 1


async def test_what_was_not_acknowledged_comes_again_after_a_restart(house: House, receiver: Receiver) -> None:
    """At least once, under the same id."""

    async def broken(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        return web.Response(status=500)

    receiver.answer = broken
    await house.endpoint("pbx", receiver.url, "item.queued")
    async with sending(house, retry_s=(3_600.0,)):
        await house.call()
        await eventually(lambda: len(receiver.heard) == 1)
    receiver.answer = receiver.fine
    async with sending(house):
        await eventually(lambda: len(receiver.heard) == 2)
        await finished(house)
    assert len(set(receiver.ids)) == 1


async def test_what_was_delivered_does_not_come_again_after_an_orderly_stop(house: House, receiver: Receiver) -> None:
    await house.endpoint("pbx", receiver.url, "item.queued")
    async with sending(house):
        await house.call()
        await eventually(lambda: len(receiver.heard) == 1)
        await finished(house)
    async with sending(house):
        await house.call("c2")
        await eventually(lambda: len(receiver.heard) == 2)
    assert len(set(receiver.ids)) == 2


async def test_without_a_secret_nothing_is_sent_and_nothing_is_lost(house: House, receiver: Receiver) -> None:
    """An unsigned webhook is worse than a late one: it goes out once the operator has set the secret."""
    known: dict[str, str] = {}
    await house.endpoint("pbx", receiver.url, "item.queued")
    async with sending(house, secret_of=known.get, retry_s=(0.02,) * 200):
        await house.call()
        await eventually(lambda: left(house))
        assert receiver.heard == []
        known["hook"] = HOOK_SECRET
        await eventually(lambda: len(receiver.heard) == 1)


async def test_too_many_failures_give_up_the_oldest(
    house: House, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One dead receiver may not fill the store."""
    monkeypatch.setattr(limits, "RETRYING_MAX", 2)

    async def broken(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        return web.Response(status=500)

    receiver.answer = broken
    await house.endpoint("pbx", receiver.url, "item.queued")
    async with sending(house, retry_s=(3_600.0,)):
        for number in range(5):
            await house.call(f"c{number}")

        await eventually(lambda: len(receiver.heard) == 5 and left(house) == 2)


async def test_without_any_endpoint_in_use_the_outbox_stays_empty(
    house: House, sender: WebhookSender, receiver: Receiver
) -> None:
    await house.put(Endpoint(id="pbx", url=receiver.url, secret="hook", disabled=True))
    await house.call()
    await finished(house, "")
    await eventually(lambda: not house.world.outboxes.get("webhook"))
    assert receiver.heard == []


async def test_a_store_that_is_away_for_a_while_delays_and_doubles_nothing(
    house: House, sender: WebhookSender, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was delivered while it could not be acknowledged is not sent again by the same process."""
    monkeypatch.setattr(limits, "STORE_PAUSE_S", 0.01)
    await house.endpoint("pbx", receiver.url, "item.queued")
    await house.call("c1")
    await eventually(lambda: len(receiver.heard) == 1)
    house.line.broken = {"outbox_done", "outbox_read"}
    await house.call("c2")
    await house.call("c3")
    house.line.broken = {"outbox_done"}
    await eventually(lambda: len(receiver.heard) == 3)
    assert left(house) >= 2
    house.line.broken = set()
    await finished(house)
    assert len(set(receiver.ids)) == len(receiver.ids) == 3


@pytest.mark.parametrize("comes", [True, False])
async def test_an_endpoint_that_comes_or_goes_while_no_node_sends_leaves_nothing_behind(
    house: House, receiver: Receiver, comes: bool
) -> None:
    """Between two nodes that do the duty: for a reader who is gone, every later entry would be kept for ever."""
    if not comes:
        await house.endpoint("pbx", receiver.url, "item.queued")
    async with sending(house):
        await house.call("c1")
        await eventually(lambda: house.world.groups and not house.world.outboxes.get("webhook"))
    if comes:
        await house.endpoint("pbx", receiver.url, "item.queued")
    else:
        await house.do(ApplyCentre(changes=(Change(kind="endpoint", id="pbx"),)))
    async with sending(house):
        await house.call("c2")
        await eventually(lambda: len(house.world.groups) == 1 and not house.world.outboxes.get("webhook"))
    assert [body["data"]["call"] for body in receiver.heard] == [("c1", "c2")[comes]]


async def test_groups_that_could_not_be_ended_are_ended_later(house: House, receiver: Receiver) -> None:
    await house.endpoint("pbx", receiver.url, "item.queued")
    async with sending(house):
        await house.call("c1")
        await finished(house)
        house.line.broken.add("outbox_drop")
        await house.do(ApplyCentre(changes=(Change(kind="endpoint", id="pbx"),)))
        await eventually(lambda: ("webhook", "endpoint:") in house.world.groups)
        assert ("webhook", "endpoint:pbx") in house.world.groups
        house.line.broken.clear()
        await eventually(lambda: list(house.world.groups) == [("webhook", "endpoint:")])
