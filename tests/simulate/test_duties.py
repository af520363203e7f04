"""Duties: shared fairly, taken over from the dead, given up by who was asleep. On virtual time."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from router.gateway import StoreError
from router.runtime import limits
from router.runtime.duties import Duties, Duty, Member, Work
from router.runtime.errors import NodesDisagree
from router.runtime.memory import MemoryStore, World
from router.simulate.loop import SimClock, SimLoop

MAIL = ("imap:a", "imap:b", "outbox:email")
SETTLED_S = 3 * limits.DUTY_LOOK_S
TAKEN_OVER_S = limits.DUTY_MS / 1000 + SETTLED_S


class Line(MemoryStore):
    """A node's connection, which may be cut."""

    cut = False

    def _up(self) -> World:
        if self.cut:
            raise StoreError("away")
        return super()._up()


class Place:
    """A world with nodes whose work is to be listed in `at_work`."""

    def __init__(self, loop: SimLoop) -> None:
        self.world = World(SimClock(loop))
        self.at_work: list[tuple[str, str]] = []
        self.jobs: dict[str, asyncio.Task[None]] = {}
        self.lines: dict[str, Line] = {}

    def node(
        self,
        name: str,
        *,
        life: str = "1",
        roles: tuple[str, ...] = ("mail",),
        secret: str = "s",
        history: str = "pg",
        own_blobs: bool = False,
    ) -> Duties:
        member = Member(roles=roles, shape=1, version="1", secret=secret, history=history, own_blobs=own_blobs)
        duties = [Duty(duty, "mail", self._work(name, duty)) for duty in MAIL]
        self.lines[name] = Line(self.world)
        decides = name == "n1"
        return Duties(self.lines[name], node=name, life=life, member=member, duties=duties, decides=lambda: decides)

    def _work(self, node: str, duty: str) -> Work:
        async def work() -> None:
            self.at_work.append((node, duty))
            try:
                await asyncio.Event().wait()
            finally:
                self.at_work.remove((node, duty))

        return work

    def start(self, duties: Duties, name: str) -> asyncio.Task[None]:
        return self.jobs.setdefault(name, asyncio.create_task(duties.run()))

    def held(self) -> list[str]:
        return sorted(duty for _, duty in self.at_work)

    def share(self, node: str) -> int:
        return sum(worker == node for worker, _ in self.at_work)


def virtually(story: Callable[[Place], Awaitable[None]]) -> None:
    """Play a story on virtual time."""
    with asyncio.Runner(loop_factory=lambda: SimLoop(1)) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, SimLoop)

        async def played() -> None:
            place = Place(loop)
            await story(place)
            for job in place.jobs.values():
                job.cancel()
            await asyncio.gather(*place.jobs.values(), return_exceptions=True)

        runner.run(played())


def test_one_node_does_everything_and_shares_with_who_comes() -> None:
    async def story(place: Place) -> None:
        place.start(place.node("n1"), "n1")
        await asyncio.sleep(SETTLED_S)
        assert place.held() == sorted(MAIL)
        place.start(place.node("n2"), "n2")
        place.start(place.node("n3"), "n3")
        await asyncio.sleep(2 * SETTLED_S)
        assert place.held() == sorted(MAIL)
        assert [place.share(node) for node in ("n1", "n2", "n3")] == [1, 1, 1]

    virtually(story)


def test_a_node_of_other_roles_takes_no_part() -> None:
    async def story(place: Place) -> None:
        place.start(place.node("n1", roles=("gateway",)), "n1")
        place.start(place.node("n2"), "n2")
        await asyncio.sleep(SETTLED_S)
        assert place.share("n1") == 0
        assert place.share("n2") == len(MAIL)

    virtually(story)


def test_what_a_dead_node_did_is_done_by_another_in_time() -> None:
    """Dead as by kill -9: nothing is given back."""

    async def story(place: Place) -> None:
        place.start(place.node("n1"), "n1")
        place.start(place.node("n2"), "n2")
        await asyncio.sleep(2 * SETTLED_S)
        assert place.share("n1") > 0
        place.lines["n1"].cut = True
        await asyncio.sleep(TAKEN_OVER_S)
        assert place.share("n2") == len(MAIL)
        assert place.share("n1") == 0, "who hears nothing for that long has lost its duties"

    virtually(story)


def test_who_leaves_gives_back_at_once() -> None:
    async def story(place: Place) -> None:
        leaving = place.start(place.node("n1"), "n1")
        place.start(place.node("n2"), "n2")
        await asyncio.sleep(2 * SETTLED_S)
        leaving.cancel()
        await asyncio.sleep(SETTLED_S)
        assert place.share("n2") == len(MAIL)
        assert list(place.world.nodes) == ["n2"]

    virtually(story)


def test_who_was_asleep_finds_its_duties_gone_and_stops() -> None:
    """As after SIGSTOP: others have taken over meanwhile."""

    async def story(place: Place) -> None:
        place.start(place.node("n1"), "n1")
        await asyncio.sleep(SETTLED_S)
        for duty in MAIL:
            place.world.duties[duty] = ("n2", place.world.clock.now_ms() + 60_000)
        await asyncio.sleep(SETTLED_S)
        assert place.held() == []

    virtually(story)


def test_a_work_that_ends_ends_the_node() -> None:
    async def story(place: Place) -> None:
        async def fails() -> None:
            raise ValueError("broken")

        member = Member(roles=("mail",), shape=1, version="1", secret="s", history="pg")
        failing = [Duty("d", "mail", fails)]
        duties = Duties(MemoryStore(place.world), node="n1", life="1", member=member, duties=failing, decides=bool)
        with pytest.raises(ValueError, match="broken"):
            await duties.run()

    virtually(story)


@pytest.mark.parametrize(
    ("secret", "history", "own_blobs", "said"),
    [
        ("other", "pg", False, "secret"),
        ("s", "sqlite", False, "PostgreSQL"),
        ("s", "pg", True, "blobs_url"),
        ("s", "pg", False, ""),
    ],
)
def test_nodes_that_cannot_be_one_system_do_not_join(secret: str, history: str, own_blobs: bool, said: str) -> None:
    async def story(place: Place) -> None:
        await place.node("n1").join()
        second = place.node("n2", secret=secret, history=history, own_blobs=own_blobs)
        if said:
            with pytest.raises(NodesDisagree, match=said):
                await second.join()
        else:
            await second.join()
            assert {name: member.duties for name, member in second.there.items()} == {"n1": ("writer",), "n2": ()}

    virtually(story)


def test_a_domain_without_a_writer_is_noticed_but_a_takeover_is_none() -> None:
    """Whatever version the writer is of: it has the lease."""

    async def story(place: Place) -> None:
        watching = place.node("n1")
        place.start(watching, "n1")
        place.world.lease = ("somebody", place.world.clock.now_ms() + 86_400_000)
        await asyncio.sleep(2 * limits.UNDECIDED_S)
        assert not watching.undecided()
        place.world.lease = None
        await asyncio.sleep(TAKEN_OVER_S)
        assert not watching.undecided()
        await asyncio.sleep(limits.UNDECIDED_S)
        assert watching.undecided()

    virtually(story)


def test_two_nodes_never_have_one_name() -> None:
    """A copied data folder: with one name, both would take each other's mails on their way for their own."""

    async def story(place: Place) -> None:
        first = place.node("n1")
        await first.join()
        running = place.start(first, "n1")
        with pytest.raises(NodesDisagree, match="delete the file 'node'"):
            await place.node("n1", life="2").join()
        assert not running.done()

    virtually(story)


def test_the_next_life_of_a_killed_node_waits_until_its_name_is_free() -> None:
    async def story(place: Place) -> None:
        await place.node("n1").join()
        next_life = place.node("n1", life="2")
        await next_life.join()
        place.start(next_life, "n1")
        await asyncio.sleep(SETTLED_S)
        assert place.held() == sorted(MAIL)

    virtually(story)


def test_a_node_that_wakes_up_and_finds_its_name_taken_ends() -> None:
    async def story(place: Place) -> None:
        asleep = place.node("n1")
        await asleep.join()
        running = place.start(asleep, "n1")
        await asyncio.sleep(SETTLED_S)
        place.world.duties["node:n1"] = ("2", place.world.clock.now_ms() + 60_000)
        await asyncio.sleep(SETTLED_S)
        with pytest.raises(NodesDisagree, match="name"):
            await running
        assert place.held() == []

    virtually(story)
