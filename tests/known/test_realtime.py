"""The line to agents' screens: whatever was missed is there after the next connect, and rights count at once (F58,
F95-F100, F102, F103)."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import socketio
from aiohttp import ClientSession

from queues.queue import Queue
from queues.team import Membership, Team
from router.api import limits
from router.archive.database import Database
from router.core import commands as c
from router.core.views import agent_view
from tests.api.desk import Desk, desk
from tests.api.house import CENTRE, House
from tests.core.world import change
from tests.support import eventually


def fresh(api: House, agent: str) -> Any:
    return msgspec.json.decode(msgspec.json.encode(agent_view(api.domain.state, agent)))


async def available(one: Desk) -> None:
    """The agent is available, and has heard of it."""
    await one.seen((await one.act("presence", state="available"))["position"])


async def vanish(one: Desk, api: House, agent: str) -> None:
    """The line is cut; the house knows that nobody is there."""
    await one.client.disconnect()
    await eventually(lambda: not api.domain.state.presences[agent].clients)


async def test_an_offer_from_while_the_line_was_down_is_shown_or_is_over(api: House) -> None:
    """F95, F96: held for the agent before the cut; lapsed meanwhile; made while nobody was there."""
    async with desk(api, "ann") as ann:
        await ann.act("presence", state="available")
        held = await api.phone_call("held")
        await eventually(lambda: held in ann.view["items"])
        await vanish(ann, api, "ann")
        meanwhile = await api.phone_call("meanwhile")
        assert api.domain.state.items[meanwhile].state == "queued", "nobody is rung who is not there"
    async with desk(api, "ann") as ann:
        assert set(ann.view["items"]) == {held}
        assert ann.view == fresh(api, "ann")
        assert (await ann.act("accept", item=held))["ok"]
        await ann.act("complete", item=held, disposition="solved")
        await eventually(lambda: set(ann.view["items"]) == {meanwhile})
        await vanish(ann, api, "ann")
        await api.do(c.EndCall(call="meanwhile"))
    async with desk(api, "ann") as ann:
        assert (ann.view["items"], ann.gaps) == ({}, 0)


async def test_whatever_happens_during_a_cut_the_next_screen_is_what_the_house_knows(api: House) -> None:
    """F95, F98, F99: calls, mails, edits and presence, forty times; no window after which something is not told."""
    async with desk(api, "ann") as ann:
        await ann.act("presence", state="available")
    for turn in range(40):
        await api.message(f"m{turn}")
        if turn % 4 == 0:
            await api.do(c.SetAgentPhone(agent="ann", phone=f"{turn}"))
    async with desk(api, "ann") as ann:
        await eventually(lambda: len(ann.view["items"]) == 2)
        await eventually(lambda: ann.position == api.domain.position or ann.view == fresh(api, "ann"))
        assert ann.view == fresh(api, "ann")
        assert ann.view["agent"]["state"] == api.domain.state.presences["ann"].state == "available"


async def test_an_answer_that_was_already_given_by_another_tab_is_refused_once_the_line_is_back(api: House) -> None:
    """F95: nobody answers twice because they had not seen that it was done."""
    async with desk(api, "ann") as ann:
        await ann.act("presence", state="available")
        item = await api.message("m1")
        await ann.act("accept", item=item)
        first = await ann.act("reply", item=item, text="once", key="tab-key")
    async with desk(api, "ann") as again:
        assert await again.act("reply", item=item, text="once", key="tab-key") == first
        await again.act("complete", item=item, disposition="solved")
        assert (await again.act("reply", item=item, text="late"))["code"] == "unknown_item"
    assert api.domain.state.conversations["conv-m1"].seq == 2


NARROWER = [
    {"grants": [{"role": "agent", "teams": ["second"]}], "agent": "ann"},
    {"grants": [{"role": "supervisor", "teams": ["first"]}], "agent": "ann"},
    {"grants": [], "agent": "ann"},
]


@pytest.mark.parametrize("rights", NARROWER, ids=["another team", "another role", "none"])
async def test_an_open_screen_hears_nothing_more_once_its_rights_changed(api: House, rights: dict[str, Any]) -> None:
    """F97: cut off in the moment of the change, and asked for its rights anew when it comes back."""
    async with desk(api, "ann") as ann:
        await available(ann)
        heard = len(ann.changes)
        answer = await api.call("PUT", "/api/v1/accounts/ann", "root", json=rights)
        assert answer.status == 200, answer
        await api.phone_call()
        await asyncio.wait_for(ann.gone.wait(), 3)
        assert ann.closing["code"] == "session_ended"
        assert len(ann.changes) == heard
    with pytest.raises(socketio.exceptions.ConnectionError):
        await Desk(api).connect({"token": await api.token("ann")})


async def test_a_skill_that_is_taken_away_counts_for_an_open_screen_at_once(api: House) -> None:
    """F97: so does a queue or a team that they serve no more; no new sign-in is needed for it."""
    async with desk(api, "ann") as ann:
        await ann.act("presence", state="available")
        waiting = await api.phone_call("waits", queue="expert")
        await api.do(c.SetAgentSkill(agent="ann", skill="nl", level=0))
        teamless = msgspec.structs.replace(api.domain.state.agents["ann"], teams=())
        await api.do(c.ApplyCentre(changes=(change(teamless, seen=None),)))
        item = await api.phone_call()
        assert api.domain.state.items[item].state == api.domain.state.items[waiting].state == "queued"
        assert ann.view["items"] == {}


async def test_nothing_is_told_that_did_not_change(api: House) -> None:
    """F100: said again, edited to what it was, edited elsewhere: no event for this screen, before and after a reload
    of the whole centre."""
    async with desk(api, "ann") as ann:
        await available(ann)
        heard = len(ann.changes)
        await ann.act("presence", state="available")
        await api.do(CENTRE_AGAIN)
        elsewhere = Team(id="second", line=2, memberships={"expert": Membership(order=2)})
        await api.do(c.ApplyCentre(changes=(change(Queue(id="other"), seen=None), change(elsewhere, seen=None))))
        await api.do(c.SetAgentPhone(agent="bob", phone="4711"))
        marker = await api.do(c.SetAgentPhone(agent="ann", phone="4712"))
        await ann.seen(marker.position)
        assert len(ann.changes) == heard + 1
        item = await api.phone_call()
        await eventually(lambda: item in ann.view["items"])
        assert (ann.gaps, ann.view) == (0, fresh(api, "ann"))


CENTRE_AGAIN = c.ApplyCentre(changes=tuple(msgspec.structs.replace(each, seen=None) for each in CENTRE.changes))


async def test_reading_waits_for_no_writer(api: House) -> None:
    """F58: while nothing can be decided, everything can be read: from memory, which nobody locks."""
    await api.sign_on("ann")
    item = await api.phone_call()
    reads = [f"/api/v1/items/{item}", "/api/v1/items", "/api/v1/agents", "/api/v1/queues", "/metrics"]
    await api.token("root")
    api.store.gate.clear()
    try:
        stuck = asyncio.create_task(api.do(c.EndCall(call="call-1")))
        async with asyncio.timeout(2):
            answers = await asyncio.gather(*(api.call("GET", path, "root") for path in reads))
        assert [answer.status for answer in answers] == [200] * len(reads)
        assert not stuck.done()
    finally:
        api.store.gate.set()
    await stuck


@pytest.fixture
async def impatient(empty_archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    """A house that misses a client's sign of life within half a second."""
    monkeypatch.setattr(limits, "PING_INTERVAL_S", 0.2)
    monkeypatch.setattr(limits, "PING_TIMEOUT_S", 0.2)
    database = await Database.open(f"sqlite:///{shutil.copy(empty_archive, tmp_path / 'history.db')}")
    async with House(tmp_path, database).open() as house:
        yield house
    await database.close()


async def test_a_client_that_gives_no_sign_of_life_is_gone_within_the_time_that_it_has(impatient: House) -> None:
    """F102, F103: presence is the connection and its pings, which the browser answers whatever tab is in front. The
    line is open here; nobody answers on it."""
    token = await impatient.token("ann")
    clients = impatient.domain.state.presences["ann"].clients
    async with ClientSession() as session:
        raw = await session.ws_connect(f"{impatient.url}/socket.io/?EIO=4&transport=websocket")
        await raw.receive_str()
        await raw.send_str(f'40/agent,{{"token":"{token}"}}')
        await eventually(lambda: clients)
        began = asyncio.get_running_loop().time()
        await eventually(lambda: not clients)
        assert asyncio.get_running_loop().time() - began < limits.PING_INTERVAL_S + limits.PING_TIMEOUT_S + 1
        await raw.close()


def test_the_time_without_a_sign_of_life_is_short() -> None:
    """F103: with what we ship."""
    assert limits.PING_INTERVAL_S + limits.PING_TIMEOUT_S <= 30
