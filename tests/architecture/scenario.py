"""A scripted afternoon of a small centre, run through the core: prints a digest of every event and of the state after.

Run as a program, under different hash seeds (test_purity.py): whatever the order of a set or a hash leaks into, the
digest shows.
"""

import hashlib
import random
from collections.abc import Iterator

from queues.category import Category, Code
from queues.queue import Queue
from queues.team import Membership, Team
from router.core import commands as c
from router.core.agent import Agent
from router.core.facts import Facts, MessageFacts
from router.core.state import State
from router.core.step import step
from router.wire.codec import Entry, encode
from skills import Skill, profile

STEPS = 1_500
TICKS_MAX = 4_000
LANGUAGES = ("french", "dutch", "german", "english")
QUEUES = ("tax", "permits", "specialists")


def centre() -> c.ApplyCentre:
    """Four languages, two first-line queues and their specialists, twelve agents of mixed skill."""
    records: list[c.CentreRecord] = [Skill(id=language, kind="language") for language in LANGUAGES]
    records += [Queue(id="specialists", line=2)]
    records += [Queue(id=queue, escalates_to="specialists", wrap_up_ms={"phone": 5_000}) for queue in QUEUES[:2]]
    records += [Team(id=queue, memberships={queue: Membership()}) for queue in QUEUES]
    records += [Category(id="question"), Code(id="disposition:done", kind="disposition")]
    records += [Code(id="escalation:hard", kind="escalation"), Code(id="not_ready:pause", kind="not_ready")]
    for number in range(12):
        known = {language: 1 + (number + at) % 5 for at, language in enumerate(LANGUAGES) if (number + at) % 3}
        teams = tuple(QUEUES[at] for at in {number % 3, number % 2})
        records.append(Agent(id=f"a{number}", teams=tuple(sorted(teams)), skills=profile(known)))
    kind = {type(record): type(record).__struct_config__.tag for record in records}
    return c.ApplyCentre(
        changes=tuple(c.Change(kind=str(kind[type(record)]), id=record.id, record=record, seen=0) for record in records)
    )


def commands(state: State, chance: random.Random) -> Iterator[c.Command]:
    """First everybody comes in; then, for as long as it is asked, whatever may happen next."""
    yield centre()
    for agent in list(state.agents):
        yield c.ConnectClient(agent=agent, client=f"c-{agent}", gateway="g1")
        yield c.SetPresence(agent=agent, state="available")
    for number in range(STEPS):
        yield incoming(number, chance) if chance.random() < 0.3 else of_an_item(state, chance)


def incoming(number: int, chance: random.Random) -> c.Command:
    """A call or a mail that asks for a language."""
    facts = Facts(
        queue=chance.choice(QUEUES[:2]),
        requirement=((chance.choice(LANGUAGES), 2),),
        language=chance.choice(LANGUAGES),
        customer=f"customer-{chance.randrange(40)}",
    )
    item, conversation = f"i{number}", f"v{number}"
    if chance.random() < 0.5:
        return c.OfferCall(call=f"k{number}", item=item, conversation=conversation, facts=facts)
    message = MessageFacts(id=f"m{number}", content=f"x{number}", natural_key=f"n{number}", thread_keys=(f"t{number}",))
    return c.ReceiveMessage(channel="email", conversation=conversation, item=item, message=message, facts=facts)


def of_an_item(state: State, chance: random.Random) -> c.Command:
    """Something that an agent, the phone system or time does to an open item."""
    opened = [item for item in state.items.values() if item.state != "closed"]
    if not opened:
        return c.Pulse()
    item = chance.choice(opened)
    agent = item.agent or "a0"
    choices: list[c.Command] = [
        c.AcceptReservation(item=item.id, agent=agent),
        c.AcceptReservation(item=item.id, agent=agent),
        c.DeclineReservation(item=item.id, agent=agent, reason="busy"),
        c.EscalateItem(item=item.id, agent=agent, reason="hard", note="x"),
        c.TransferItem(item=item.id, agent=agent, queue=chance.choice(QUEUES)),
        c.SetPending(item=item.id, agent=agent),
        c.EndContact(item=item.id, agent=agent),
        c.CompleteItem(item=item.id, agent=agent, disposition="done", category="question"),
        c.EndCall(call=item.call),
        c.SetAgentSkill(agent=f"a{chance.randrange(12)}", skill=chance.choice(LANGUAGES), level=chance.randrange(6)),
        c.SetPresence(agent=f"a{chance.randrange(12)}", state="available"),
        c.Pulse(),
    ]
    return chance.choice(choices)


def run() -> tuple[str, int, int]:
    """(digest of all events and of the state at the end, number of events, number of rejections)."""
    state, chance, now = State(), random.Random(11), 1_000_000
    digest = hashlib.blake2b(digest_size=16)
    events = rejections = 0
    for command in commands(state, chance):
        now += chance.randrange(TICKS_MAX)
        done = step(state, command, now)
        events += len(done.events)
        rejections += done.rejection is not None
        digest.update(encode(Entry(first=0, last=0, epoch=0, before="", at=now, events=tuple(done.events))))
    return digest.hexdigest() + state.digest(), events, rejections


if __name__ == "__main__":
    print(*run())
