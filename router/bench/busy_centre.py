"""A busy contact centre as commands: twenty queues, agents of many kinds, and as many open items as asked for. Pure.

It is what `bench durability` fills a store with before it kills the node: a big centre on its worst day, where nearly
everybody holds as much as they can and most items wait.
"""

from collections.abc import Iterator

from queues.entry_point import EntryPoint
from queues.queue import Queue
from queues.team import Membership, Team
from router.core import commands as c
from router.core.agent import Agent
from router.core.facts import Facts, MessageFacts
from router.core.state import State
from skills import Skill, requirement

PROBE = "probe"
"""The one agent, and the one queue, that nobody else has to do with: who is watched when the node is back."""

PROBE_NUMBER = "+32 2 000 99 99"
QUEUES = 20
LANGUAGES = ("fr", "nl", "de", "en")
CHANGES = 1_000  # records of one command: a commit of ten thousand would stop everybody else for a second
PATIENT_MS = 3_600_000  # a reservation lasts: nobody is there to answer it while the store is filled
TARGET_MS = 86_400_000
LEFT_RESERVED = 10  # of what is reserved, every tenth item is left so
PENDING = 3  # of what agents took up, every third item then waits for its customer
TEXT = b"The heating in the stairwell of number 14 has been cold since Monday. Can somebody come and look? " * 4


def agent_ids(agents: int) -> list[str]:
    """The ids of the agents, the probe aside."""
    return [f"agent-{number:05}" for number in range(agents)]


def centre(agents: int) -> Iterator[c.ApplyCentre]:
    """The centre, a bounded number of records at a time."""
    records: list[c.CentreRecord] = [
        *(Skill(id=language, kind="language") for language in LANGUAGES),
        *(Skill(id=_topic(place)) for place in range(QUEUES)),
        Queue(id=PROBE),
        *(_queue(place) for place in range(QUEUES)),
        *(Team(id=f"team-{place}", memberships=_serves(place)) for place in range(QUEUES)),
        EntryPoint(id=PROBE, channel="phone", address=PROBE_NUMBER, queue=PROBE),
        Agent(id=PROBE, memberships={PROBE: Membership()}),
        *(_agent(number, id) for number, id in enumerate(agent_ids(agents))),
    ]
    for start in range(0, len(records), CHANGES):
        yield c.ApplyCentre(
            changes=tuple(
                c.Change(kind=str(record.__struct_config__.tag), id=record.id, record=record, seen=0)
                for record in records[start : start + CHANGES]
            )
        )


def arrivals(agents: int, gateway: str) -> Iterator[c.Command]:
    """Everybody but the probe comes to work at this gateway."""
    for id in agent_ids(agents):
        yield c.ConnectClient(agent=id, client=f"client-{id}", gateway=gateway)
        yield c.SetPresence(agent=id, state="available")


def letters(items: int) -> Iterator[tuple[c.ReceiveMessage, dict[str, bytes]]]:
    """That many customers write, each once: the commands, with the contents that they name."""
    for number in range(items):
        place, turn = number % QUEUES, number // QUEUES
        language = LANGUAGES[turn % len(LANGUAGES)]
        known = f"{number:08x}"
        message = MessageFacts(
            id=f"message-{known}",
            content=f"content-{known}",
            size=len(TEXT),
            natural_key=f"bench:{known}:0123456789abcdef",
            thread_keys=(f"thread-{known}-0123456789",),
        )
        facts = Facts(
            queue=f"queue-{place}",
            requirement=requirement({language: 3 + turn % 2}),
            language=language,
            customer=f"customer-{known}",
            priority=turn % 3,
        )
        yield (
            c.ReceiveMessage(
                channel="email",
                conversation=f"conversation-{known}",
                item=f"item-{known}",
                message=message,
                facts=facts,
            ),
            {message.content: TEXT},
        )


def acceptances(state: State) -> list[c.Command]:
    """Most agents take up what is held for them."""
    reserved = [item for item in state.items.values() if item.state == "reserved"]
    return [
        c.AcceptReservation(item=item.id, agent=item.agent)
        for number, item in enumerate(reserved)
        if number % LEFT_RESERVED
    ]


def pauses(state: State) -> list[c.Command]:
    """Some of it then waits for the customer; its agent gets the next."""
    active = [item for item in state.items.values() if item.state == "active"]
    return [c.SetPending(item=item.id, agent=item.agent, reason="customer") for item in active[::PENDING]]


def _queue(place: int) -> Queue:
    return Queue(
        id=f"queue-{place}",
        requirement=requirement({_topic(place): 3}),
        reservation_ms=PATIENT_MS,
        target_ms={"email": TARGET_MS},
    )


def _agent(number: int, id: str) -> Agent:
    place, turn = number % QUEUES, number // QUEUES
    levels = {
        _topic(place): 3 + turn % 3,
        _topic((place + 1) % QUEUES): 3 + turn // 3 % 3,
        LANGUAGES[turn % 4]: 3 + turn // 4 % 3,
        LANGUAGES[(turn + 1) % 4]: 3 + turn // 12 % 3,
    }
    return Agent(
        id=id, name=f"Agent {number}", teams=(f"team-{place}",), skills=requirement(levels), phone=f"{100_000 + number}"
    )


def _serves(place: int) -> dict[str, Membership]:
    return {f"queue-{place}": Membership(order=1), f"queue-{(place + 1) % QUEUES}": Membership(order=2)}


def _topic(place: int) -> str:
    return f"topic-{place}"
