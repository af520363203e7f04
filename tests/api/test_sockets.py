"""The /agent namespace: whole view, then changes, in order; acks; who is let in and who is cut off."""

import asyncio
from typing import Any

import msgspec
import pytest
import socketio
from aiohttp import ClientSession

from queues.team import Membership
from router.api import limits
from router.api.metrics import PUSHER
from router.archive.accounts import SqlAccounts
from router.core import commands as c
from router.core.state import State
from router.core.views import agent_view
from tests.api.desk import Desk, desk
from tests.api.house import House
from tests.support import eventually


def fresh(house: House, agent: str) -> Any:
    """The agent's view as it is now, as JSON makes it."""
    return msgspec.json.decode(msgspec.json.encode(agent_view(house.domain.state, agent)))


async def same(house: House, one: Desk, agent: str) -> bool:
    """Whether old view + changes = fresh view, once everything is through."""
    await eventually(lambda: one.view == fresh(house, agent))
    return one.gaps == 0 and one.views == 1


async def test_the_first_message_is_the_whole_view_at_a_position(house: House) -> None:
    async with desk(house, "ann") as ann:
        assert ann.view["agent"]["id"] == "ann"
        assert ann.position > 0
        assert await same(house, ann, "ann")


async def test_a_call_is_pushed_worked_and_dropped_in_order_and_the_view_stays_true(house: House) -> None:
    async with desk(house, "ann") as ann:
        assert (await ann.act("presence", state="available"))["ok"]
        item = await house.phone_call()
        await eventually(lambda: ann.view["items"].get(item, {}).get("state") == "reserved")
        assert ann.view["agent"]["activity"] == "reserved"
        ack = await ann.act("accept", item=item)
        assert ack["ok"] and ack["item"] == item and ack["position"] > 0
        await ann.seen(ack["position"])
        assert ann.view["items"][item]["state"] == "active"
        ack = await ann.act("complete", item=item, disposition="solved")
        await ann.seen(ack["position"])
        assert ann.view["items"] == {}
        assert await same(house, ann, "ann")


def steps(item: str, call: str) -> dict[str, list[tuple[str, dict[str, Any]] | c.Command]]:
    """Ways through the life of an item: socket events, and commands that come from elsewhere."""
    take = ("accept", {"item": item})
    return {
        "decline": [("decline", {"item": item, "reason": "busy"})],
        "note": [take, ("note", {"item": item, "text": "a note"})],
        "category": [take, ("category", {"item": item, "category": "tax_question"})],
        "end": [take, ("end", {"item": item})],
        "complete": [take, ("complete", {"item": item, "disposition": "solved"})],
        "escalate": [take, ("escalate", {"item": item, "reason": "too_hard", "note": "too hard"})],
        "transfer": [take, ("transfer", {"item": item, "queue": "expert"})],
        "requeue": [take, c.RequeueItem(item=item)],
        "phone": [("phone", {"phone": "77"})],
        "presence": [("presence", {"state": "not_ready", "reason": "break"})],
        "skill": [c.SetAgentSkill(agent="ann", skill="tax", level=2)],
        "membership": [c.SetMembership(agent="ann", queue="help", membership=Membership(order=2))],
        "capacity": [c.SetCapacity(agent="ann", channel="chat")],
        "call": [c.AnswerCall(call=call, agent="ann"), c.HoldCall(call=call, held=True), c.EndCall(call=call)],
        "connect_failed": [c.FailConnect(call=call, agent="ann")],
        "abandon": [c.EndCall(call=call)],
    }


@pytest.mark.parametrize("way", steps("", ""))
async def test_old_view_and_changes_equal_a_fresh_view_for_calls(house: House, way: str) -> None:
    """For every command that an agent's view can hear of."""
    async with desk(house, "ann") as ann:
        await ann.act("presence", state="available")
        item = await house.phone_call("k")
        await eventually(lambda: item in ann.view["items"])
        before = len(ann.changes)
        for step in steps(item, "k")[way]:
            if isinstance(step, tuple):
                ack = await ann.act(step[0], **step[1])
                assert ack["ok"], ack
            else:
                await house.do(step)
        assert await same(house, ann, "ann")
        assert len(ann.changes) > before, "the command changed nothing"


@pytest.mark.parametrize("channel", ["email", "chat"])
async def test_old_view_and_changes_equal_a_fresh_view_for_messages(house: House, channel: str) -> None:
    async with desk(house, "ann") as ann:
        await ann.act("presence", state="available")
        item = await house.message("m1", channel)
        await eventually(lambda: item in ann.view["items"])
        assert (await ann.act("accept", item=item))["ok"]
        assert (await ann.act("reply", item=item, text="we look into it"))["ok"]
        await house.message("m2", channel, conversation="conv-m1")
        assert (await ann.act("seen", conversation="conv-m1", up_to=1))["ok"]
        assert (await ann.act("pending", item=item))["ok"]
        assert (await ann.act("resume", item=item))["ok"]
        await eventually(lambda: ann.view["items"][item]["messages"] == 3)
        assert await same(house, ann, "ann")
        for delivery in ann.view["items"][item]["deliveries"]:
            await house.do(c.StartDelivery(delivery=delivery, attempt=1))
            await house.do(c.EndDelivery(delivery=delivery, attempt=1, result="unknown"))
            await eventually(lambda: "unknown" in str(ann.view["items"][item]["deliveries"]))
            await house.do(c.RetryDelivery(delivery=delivery, agent="ann"))
        if channel == "chat":
            await house.do(c.LeaveChat(conversation="conv-m1"))
        assert await same(house, ann, "ann")


async def test_two_tabs_hear_the_same_and_each_change_fits_on(house: House) -> None:
    async with desk(house, "ann") as one:
        await one.act("presence", state="available")
        async with desk(house, "ann") as two:
            item = await house.phone_call()
            await eventually(lambda: item in one.view["items"] and item in two.view["items"])
            assert await same(house, one, "ann")
            assert await same(house, two, "ann")
        await eventually(lambda: len(house.domain.state.presences["ann"].clients) == 1)
        assert house.domain.state.presences["ann"].state == "available"


async def test_a_reconnect_gives_the_same_view(house: House) -> None:
    async with desk(house, "ann") as ann:
        await ann.act("presence", state="available")
        item = await house.phone_call()
        await eventually(lambda: item in ann.view["items"])
        await ann.act("accept", item=item)
        await eventually(lambda: ann.view["items"][item]["state"] == "active")
        before = ann.view
    async with desk(house, "ann") as again:
        await eventually(lambda: again.view == before)
        assert again.gaps == 0


async def test_nothing_of_one_agent_reaches_another(house: House) -> None:
    async with desk(house, "ann") as ann, desk(house, "bob") as bob:
        await ann.act("presence", state="available")
        item = await house.phone_call()
        ack = await ann.act("accept", item=item)
        await ann.seen(ack["position"])
        assert await same(house, bob, "bob")
        assert all(item not in change["set"].get("items", {}) for change in bob.changes)


async def test_many_calls_keep_their_order(house: House) -> None:
    """Events of one socket are handled one after the other, and positions only grow."""
    async with desk(house, "ann") as ann:
        await ann.act("presence", state="available")
        acks: list[dict[str, Any]] = []
        for turn in range(20):
            done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

            def acked(ack: dict[str, Any], done: asyncio.Future[None] = done) -> None:
                acks.append(ack)
                done.set_result(None)

            state = "not_ready" if turn % 2 == 0 else "available"
            data = {"state": state, "reason": "break" if state == "not_ready" else ""}
            await ann.client.emit("presence", data, namespace="/agent", callback=acked)
        await eventually(lambda: len(acks) == 20)
        positions = [ack["position"] for ack in acks]
        assert all(ack["ok"] for ack in acks)
        assert positions == sorted(positions)
        assert await same(house, ann, "ann")


async def test_a_refused_action_is_acked_with_its_problem(house: House) -> None:
    async with desk(house, "ann") as ann:
        ack = await ann.act("accept", item="nothing")
        assert (ack["ok"], ack["code"], ack["problem"]["status"]) == (False, "unknown_item", 404)
        ack = await ann.act("accept")
        assert (ack["ok"], ack["code"]) == (False, "invalid")
        ack = await ann.act("accept", item="x", colour="red")
        assert (ack["code"], ack["problem"]["errors"][0]["pointer"]) == ("invalid", "/colour")
        ack = await ann.act("dance")
        assert (ack["ok"], ack["code"]) == (False, "not_found")
        ack = await ann.act("on_connect")
        assert ack["code"] == "not_found"


@pytest.mark.parametrize("name", ["connect", "disconnect"])
async def test_an_event_of_a_reserved_name_is_not_taken_for_the_real_thing(house: House, name: str) -> None:
    """python-socketio itself would run the handler of that name, with whatever the client sent."""
    async with desk(house, "ann") as ann:
        await ann.client.eio.send(f'2/agent,["{name}",{{}},{{"token":"{await house.token("bob")}"}}]')
        await ann.client.eio.send("2/agent,7")
        assert (await ann.act("presence", state="available"))["ok"]
        assert house.domain.state.presences["ann"].clients
        assert not house.domain.state.presences["bob"].clients


async def test_the_same_key_is_the_same_action(house: House) -> None:
    async with desk(house, "ann") as ann:
        await ann.act("presence", state="available")
        item = await house.message("m1")
        await ann.act("accept", item=item)
        first = await ann.act("reply", item=item, text="hello", key="k1")
        assert await ann.act("reply", item=item, text="hello", key="k1") == first
        other = await ann.act("reply", item=item, text="another", key="k1")
        assert (other["ok"], other["code"]) == (False, "key_conflict")
        assert house.domain.state.conversations["conv-m1"].seq == 2


@pytest.mark.parametrize("auth", [None, {}, {"token": "nonsense"}, {"token": 7}, "text"])
async def test_nobody_comes_in_without_a_good_token(house: House, auth: Any) -> None:
    one = Desk(house)
    refused: list[Any] = []
    one.client.on("connect_error", refused.append, namespace="/agent")
    with pytest.raises(socketio.exceptions.ConnectionError):
        await one.connect(auth)
    assert refused[0]["message"] == "unauthenticated"
    assert refused[0]["data"]["status"] == 401


async def test_an_account_that_is_no_agent_is_refused(house: House) -> None:
    with pytest.raises(socketio.exceptions.ConnectionError):
        await Desk(house).connect({"token": await house.token("lea")})


@pytest.mark.parametrize(
    ("origin", "status"),
    [("https://evil.example", 400), ("https://desk.example", 101), ("http://127.0.0.1:{port}", 101), ("null", 400)],
)
async def test_only_pages_of_ours_may_open_sockets(house: House, origin: str, status: int) -> None:
    """An empty list would let everybody in."""
    port = house.url.rpartition(":")[2]
    headers = {
        "Origin": origin.format(port=port),
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    async with ClientSession() as session:
        answer = await session.get(f"{house.url}/socket.io/?EIO=4&transport=websocket", headers=headers)
        assert answer.status == status
        answer.close()


async def test_polling_is_refused(house: House) -> None:
    assert (await house.call("GET", "/socket.io/?EIO=4&transport=polling")).status == 400


async def test_a_changed_account_cuts_its_sockets_at_once(house: House) -> None:
    async with desk(house, "ann") as ann, desk(house, "bob") as bob:
        answer = await house.call(
            "PUT",
            "/api/v1/accounts/ann",
            "root",
            json={"agent": "ann", "grants": [{"role": "agent", "teams": ["first"]}], "disabled": True},
        )
        assert answer.status == 200
        await asyncio.wait_for(ann.gone.wait(), 3)
        assert ann.closing["code"] == "session_ended"
        assert not bob.gone.is_set()
        await eventually(lambda: not house.domain.state.presences["ann"].clients)


async def test_nothing_more_is_heard_after_another_node_changed_the_account(house: House) -> None:
    """As soon as this node has read it, whatever else happens."""
    async with desk(house, "ann") as ann:
        elsewhere = SqlAccounts(house.database)
        await elsewhere.start()
        account = elsewhere.account("ann")
        assert account is not None
        await elsewhere.put_account(account, act=None)
        changes = len(ann.changes)
        await house.accounts.catch_up()
        await house.do(c.SetPresence(agent="ann", state="available"))
        await asyncio.wait_for(ann.gone.wait(), 3)
        assert len(ann.changes) == changes
        assert ann.closing["code"] == "session_ended"


async def test_a_disabled_agent_is_cut_off(house: House) -> None:
    async with desk(house, "ann") as ann:
        record = await house.call("GET", "/api/v1/agents/ann", "root")
        body = {"name": "ann", "teams": ["first"], "skills": {"fr": 3}, "disabled": True}
        put = await house.call(
            "PUT", "/api/v1/agents/ann", "root", headers={"If-Match": record.headers["ETag"]}, json=body
        )
        assert put.status == 200, put
        await asyncio.wait_for(ann.gone.wait(), 3)
        assert ann.closing["code"] == "agent_disabled"


async def test_an_expired_token_ends_the_socket_and_a_fresh_one_keeps_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "TOKEN_MS", 700)
    async with desk(house, "ann") as ann, desk(house, "bob") as bob:
        monkeypatch.undo()
        fresh_one = await house.call("POST", "/api/v1/token/refresh", "ann")
        assert (await ann.act("token", token=fresh_one.body["access_token"]))["ok"]
        await asyncio.wait_for(bob.gone.wait(), 4)
        assert bob.closing["code"] == "session_ended"
        assert not ann.gone.is_set()


async def test_a_client_that_does_not_read_is_cut_off_and_harms_nobody(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client opens a websocket by hand, and never reads from it again."""
    monkeypatch.setattr(limits, "SOCKET_BYTES_MAX", 200_000)
    token = await house.token("ann")
    async with ClientSession() as session, desk(house, "bob") as bob:
        raw = await session.ws_connect(f"{house.url}/socket.io/?EIO=4&transport=websocket", max_msg_size=0)
        await raw.receive_str()
        await raw.send_str(f'40/agent,{{"token":"{token}"}}')
        await eventually(lambda: house.domain.state.presences["ann"].clients)
        raw._response.connection.transport.pause_reading()  # type: ignore[union-attr]
        for turn in range(200):  # about 10 MB: more than the kernel and the client's buffers hold
            await house.do(c.SetAgentPhone(agent="ann", phone=f"{turn:0>50000}"))
            if not house.domain.state.presences["ann"].clients:
                break
        await eventually(lambda: not house.domain.state.presences["ann"].clients)
        assert (await bob.act("presence", state="available"))["ok"]


async def test_a_message_that_is_too_large_closes_the_connection(house: House) -> None:
    async with desk(house, "ann") as ann:
        await ann.client.emit("note", {"item": "x", "text": "x" * 2_100_000}, namespace="/agent")
        await asyncio.wait_for(ann.gone.wait(), 3)
    async with desk(house, "ann") as ann:
        ack = await ann.act("note", item="x", text="x" * 700_000)
        assert ack["code"] in ("too_large", "unknown_item")


async def test_typing_goes_both_ways_and_is_not_kept(house: House) -> None:
    heard: list[tuple[str, str, bool]] = []
    house.typing.subscribe(lambda conversation, side, on: heard.append((conversation, side, on)))
    async with desk(house, "ann") as ann:
        await ann.act("presence", state="available")
        item = await house.message("m1", "chat")
        await ann.act("accept", item=item)
        position = house.domain.position
        assert (await ann.act("typing", conversation="conv-m1", on=True))["ok"]
        assert heard == [("conv-m1", "agent", True)]
        await house.typing.typing("conv-m1", "customer", True)
        await eventually(lambda: ann.typing)
        assert ann.typing == [{"conversation": "conv-m1", "item": item, "on": True}]
        assert house.domain.position == position


async def test_when_the_follower_starts_over_the_view_comes_again(house: House) -> None:
    async with desk(house, "ann") as ann:
        state, position = house.domain.state, house.domain.position
        for reset in house.domain._follower._resets:
            reset(state, position)
        await eventually(lambda: ann.views == 2)
        assert ann.view == fresh(house, "ann")


async def test_who_is_no_agent_any_more_after_a_reset_is_cut_off_and_forgotten(house: House) -> None:
    async with desk(house, "ann") as ann:
        await ann.act("presence", state="available")
        item = await house.phone_call()
        await eventually(lambda: item in ann.view["items"])
        for reset in house.domain._follower._resets:
            reset(State(), house.domain.position)
        await asyncio.wait_for(ann.gone.wait(), 3)
        assert ann.closing["code"] == "agent_disabled"
        await eventually(lambda: not house.domain.state.presences["ann"].clients)
        assert house.app[PUSHER].clients() == []


async def test_clients_of_a_node_that_was_taken_for_dead_are_told_of_again(house: House) -> None:
    """It was cut off or asleep: its sockets live, and who sits there would get nothing any more."""
    async with desk(house, "ann") as ann:
        await ann.act("presence", state="available")
        receipt = await house.domain.submit(c.LoseGateway(gateway=house.domain.gateway_id))
        assert await house.domain.outcome(receipt) is not None
        await eventually(lambda: house.domain.state.presences["ann"].clients)
        item = await house.phone_call()
        await eventually(lambda: ann.view["items"].get(item, {}).get("state") == "reserved")


async def test_a_gone_client_is_reported_even_if_the_store_was_away(house: House) -> None:
    async with desk(house, "ann") as ann:
        house.store._closed = True
        await ann.client.disconnect()
        house.store._closed = False
        await eventually(lambda: not house.domain.state.presences["ann"].clients)
