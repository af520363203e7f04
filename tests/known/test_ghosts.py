"""Ghosts: dead calls that ring, customers who were answered and gave up, ends that come twice (F31-F41)."""

import asyncio
import itertools
from collections import Counter
from pathlib import Path

import pytest

from channels.email.intake import MailIntake
from queues.team import Membership
from router.core import commands as c
from router.core import events as e
from router.core import limits
from router.core.facts import Facts
from router.core.item import WorkItem
from router.gateway import Receipt
from router.runtime.memory import World as Memory
from tests.core.world import CENTRE, World
from tests.email.post import HELP, Inline, Post, mail
from tests.known.test_races import nodes
from tests.phone.house import SECRET, House
from tests.runtime.conftest import do, offer, sign_on

LIFE: tuple[c.Command, ...] = (
    c.OfferCall(call="k", item="i-k", conversation="c-k", facts=Facts(queue="help")),
    c.AcceptReservation(item="i-k", agent="ann"),
    c.AnswerCall(call="k", agent="ann"),
    c.HoldCall(call="k", held=True),
    c.HoldCall(call="k", held=False),
    c.EndContact(item="i-k", agent="ann"),
)
REFUSALS: tuple[c.Command, ...] = (
    c.DeclineReservation(item="i-k", agent="ann"),
    c.FailConnect(call="k", agent="ann"),
    c.LoseClient(agent="ann", client="tab-ann"),
    c.SetPresence(agent="ann", state="not_ready", reason="x"),
    c.Pulse(),
)


def ended_once(world: World) -> str:
    """How the call ended, once its wrap-up is over: answered or abandoned, never both, and with nobody left busy."""
    world.attempt(c.Pulse(), after=5_000)
    (closed,) = [event for event in world.log if isinstance(event, e.ItemClosed)]
    answered = any(isinstance(event, e.CallAnswered) for event in world.log)
    assert (closed.outcome == "completed") == answered, closed
    assert world.state.holds == {}
    assert world.state.lines.class_of("i-k") is None
    return closed.outcome


@pytest.mark.parametrize("cut", range(1, len(LIFE) + 1))
def test_a_caller_who_hangs_up_at_any_step_is_answered_or_abandoned_and_never_both(cut: int) -> None:
    """F31, F32, F33, F36: what was on its way comes after the end, and changes nothing."""
    world = World()
    world.sign_on("ann")
    for command in LIFE[:cut]:
        world.do(command, after=1)
    world.attempt(c.EndCall(call="k"), after=1)
    for command in LIFE[1:]:
        world.attempt(command, after=1)
    assert ended_once(world) == ("completed" if cut > 2 else "abandoned")
    assert world.call().agent == "ann"


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: type(refusal).__name__)
@pytest.mark.parametrize("first", [True, False])
def test_a_caller_who_hangs_up_as_the_offer_fails_is_abandoned_once(refusal: c.Command, first: bool) -> None:
    """F31, F34, F38: the offer is declined, fails, lapses or loses its agent at the very instant of the hang-up."""
    world = World()
    world.sign_on("ann")
    world.do(LIFE[0])
    world.now += 20_000
    for command in (refusal, c.EndCall(call="k")) if first else (c.EndCall(call="k"), refusal):
        world.attempt(command)
    assert ended_once(world) == "abandoned"


async def test_answers_and_hang_ups_that_race_through_several_nodes_end_in_one_way(
    world: Memory, tmp_path: Path
) -> None:
    """F31, F33: each call is answered at one node and hung up at another at the same time; the log has one order."""
    async with nodes(world, tmp_path, 2) as (one, two):
        await do(one, CENTRE)
        await sign_on(one, "ann")
        for number in range(25):
            call = f"k{number}"
            await do(one, offer(call))
            answer, hang_up = c.AnswerCall(call=call, agent="ann"), c.EndCall(call=call)
            receipts = await asyncio.gather(one.submit(answer), two.submit(hang_up))
            outcomes = [await two.outcome(receipt, 5) for receipt in receipts]
            assert outcomes[0] is not None
            item = two.state.items[f"i-{call}"]
            refused = outcomes[0].rejection
            assert (item.state, item.outcome) == (("closed", "abandoned") if refused else ("wrapping", ""))
            if not refused:
                await do(one, c.CompleteItem(item=item.id, agent="ann", disposition="done"))


@pytest.mark.parametrize("accept_first", [True, False])
def test_of_an_accept_and_the_end_of_its_time_the_first_one_in_the_log_wins(accept_first: bool) -> None:
    """F34: both at the same instant. The writer takes what was sent before it lets time pass."""
    world = World()
    world.sign_on("ann")
    item = world.call("k")
    accept, lapse = c.AcceptReservation(item=item.id, agent="ann"), c.Pulse()
    world.now += 20_000
    if accept_first:
        world.do(accept)
        assert not any(isinstance(event, e.ReservationEnded) for event in world.do(lapse))
        assert item.state == "active"
    else:
        world.do(lapse)
        assert world.refuse(accept) == "not_reserved"
        assert item.state == "queued"


def test_a_customer_who_waits_is_never_thrown_out_by_time() -> None:
    """F34: there is no longest wait after which a customer is sent away; late is late, and shown as such."""
    world = World()
    item = world.call()
    world.do(world.message("m"))
    for _ in range(48):
        world.do(c.Pulse(), after=3_600_000)
    assert (item.state, world.item("i-m").state) == ("queued", "queued")


def offers(world: World, item: WorkItem) -> int:
    return sum(isinstance(event, e.ReservationMade) and event.item == item.id for event in world.log)


def three_agents() -> World:
    world = World()
    world.do(c.SetMembership(agent="eve", queue="help", membership=Membership()))
    world.sign_on("ann", "bob", "eve")
    return world


def test_a_phone_system_that_fails_every_connect_at_once_makes_no_storm_of_offers() -> None:
    """F38: each phone is tried once, and then left alone for a while, however fast the failures come."""
    world = three_agents()
    item = world.call("k")
    began = world.now
    while world.now < began + 10 * limits.CONNECT_RETRY_TICKS:
        if item.agent:
            world.do(c.FailConnect(call="k", agent=item.agent))
        else:
            world.do(c.Pulse(), after=500)
    assert 3 * 10 <= offers(world, item) <= 3 * 11


def test_agents_who_decline_everything_at_once_make_no_storm_of_offers() -> None:
    """F38: a program that declines for its agent is asked once in each `decline_memory` of the queue."""
    world = three_agents()
    item = world.call()
    memory = world.state.queues["help"].decline_memory_ms
    for _ in range(1_000):
        if item.agent:
            world.do(c.DeclineReservation(item=item.id, agent=item.agent))
        else:
            world.do(c.Pulse(), after=memory // 100)
    assert offers(world, item) <= 3 * 11


def test_an_agent_who_comes_and_goes_during_offers_makes_no_loop_by_itself() -> None:
    """F38: nothing is offered again without a command of somebody or time that passes."""
    world = World()
    world.sign_on("ann")
    item = world.call()
    world.do(c.SetPresence(agent="ann", state="not_ready", reason="x"))
    quiet = [world.do(c.Pulse(), after=1) for _ in range(50)]
    assert quiet == [[]] * 50
    assert offers(world, item) == 1


LAST_WORDS: dict[str, c.Command] = {
    "answered": c.AnswerCall(call="k", agent="ann"),
    "held": c.HoldCall(call="k", held=True),
    "transferred": c.TransferCall(call="k", queue="expert"),
    "ended": c.EndCall(call="k"),
}


def test_what_comes_after_the_end_never_changes_the_reason() -> None:
    """F39: in every order of what the phone system says. A call that was never answered before it ended is abandoned,
    one that was is completed; what overtakes is refused and told, never half done."""
    found: Counter[str] = Counter()
    for order in itertools.permutations(LAST_WORDS):
        world = World()
        world.sign_on("ann")
        world.do(LIFE[0])
        for name in order:
            world.attempt(LAST_WORDS[name], after=1)
        for name in order:
            world.attempt(LAST_WORDS[name], after=1)
        world.do(c.Pulse(), after=5_000)
        (closed,) = [event for event in world.log if isinstance(event, e.ItemClosed)]
        in_time = order.index("answered") < order.index("ended")
        moved = in_time and order.index("answered") < order.index("transferred") < order.index("ended")
        assert closed.outcome == ("completed" if in_time and not moved else "abandoned"), order
        found[closed.outcome] += 1
    assert set(found) == {"completed", "abandoned"}


class Interrupted:
    """A gateway in which the archive has caught up, and closed items have left memory, before a command gets there."""

    def __init__(self, house: House) -> None:
        self._house = house

    def __getattr__(self, name: str) -> object:
        return getattr(self._house.domain, name)

    async def submit(self, *arguments: object, **more: object) -> Receipt:
        await self._house.archive()
        return await self._house.domain.submit(*arguments, **more)  # type: ignore[arg-type]


async def test_a_customer_who_comes_back_as_the_house_forgets_goes_on_where_they_were(post: Post) -> None:
    """F40: the item is closed and still in memory when the mail is looked at, and gone when it gets there. The new
    item is linked to it, and the numbers of the messages go on."""
    item = await post.take(mail(Message_ID="<one@example.org>"))
    agent = await post.with_agent(item)
    await post.house.close(item.id)
    intake = MailIntake(Interrupted(post.house), post.house.history, Inline(), secret=SECRET)  # type: ignore[arg-type]
    receipt = await intake.take("help", mail(References="<one@example.org>"), rcpt=HELP)
    outcome = await post.house.ended(receipt)
    again = post.house.state.items[outcome.refs["item"]]
    assert (again.conversation, again.reopens, again.last_agent) == (item.conversation, item.id, agent)
    assert post.house.state.conversations[again.conversation].seq == 2
    await post.house.archive()
    rows = await post.house.history.messages(item.conversation)
    assert [(row["seq"], row["item"]) for row in rows] == [(1, item.id), (2, again.id)]


async def test_a_text_that_comes_as_the_house_forgets_goes_on_too(house: House) -> None:
    """F40: the same for chats and texts of integrators."""
    said = {"site": "shop", "from": "nora", "conversation": "visit-1", "text": "one", "id": "m1"}
    first = await house.take("chat.message", said, "e1")
    await house.sign_on("ann")
    await house.accept(first.refs["item"])
    await house.close(first.refs["item"])
    intake = house.fresh_intake()
    intake._gateway = Interrupted(house)  # type: ignore[assignment]
    receipt = await intake.take(house.event("chat.message", said | {"text": "two", "id": "m2"}, "e2"), by="pbx")
    again = await house.ended(receipt)
    assert again.refs["conversation"] == first.refs["conversation"]
    assert house.state.conversations[again.refs["conversation"]].seq == 2
    await house.archive()
    rows = await house.history.messages(again.refs["conversation"])
    assert [row["seq"] for row in rows] == [1, 2]


@pytest.mark.parametrize(
    ("type", "said"),
    [
        ("call.offered", {"call": "c1", "to": "+3225550001"}),
        ("chat.message", {"site": "shop", "from": "nora", "conversation": "visit-1", "text": "one", "id": "m1"}),
    ],
)
async def test_what_is_told_again_as_the_house_forgets_it_is_not_new(
    house: House, type: str, said: dict[str, str]
) -> None:
    """F35, F40: in another event, long after its end, at the very moment at which it leaves memory."""
    item = (await house.take(type, said, "e1")).refs["item"]
    await house.sign_on("ann")
    await house.accept(item)
    await house.close(item)
    intake = house.fresh_intake()
    intake._gateway = Interrupted(house)  # type: ignore[assignment]
    again = await house.ended(await intake.take(house.event(type, said, "e2"), by="pbx"))
    assert (again.rejection, house.state.items) == ("", {})
    await house.archive()
