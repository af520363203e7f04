"""Virtual time: contacts come, agents work, patience ends, and the core decides all else.

The core is driven by the commands that it gets in production: a call is offered, its reservation accepted where the
queue does not do that by itself, the contact ended; a chat by its messages; what falls due comes as a pulse when the
state says that it does; what is closed is forgotten, as the archiver has it. Between two commands nothing moves. `now`
is in ticks.
"""

from collections.abc import Callable, Iterable
from heapq import heappop, heappush
from typing import NamedTuple, Protocol

from queues.queue import ChannelName
from router.core import commands as c
from router.core import events as e
from router.core.due import next_deadline
from router.core.facts import Facts, MessageFacts
from router.core.match import match, pending
from router.core.state import State
from router.core.step import step
from router.simulate.theory import limits
from router.simulate.theory.desk import Desk
from router.simulate.theory.policy import Policy, house
from router.simulate.theory.streams import BEGIN, Contact

ENDS, LEAVES, WRAPPED, CHAT_ENDS, COMMANDED = range(5)
NEVER = 1 << 62
INTERRUPTED_PARTS = 8
"""What part of its handling an interrupted item is tried again after."""


class Watcher(Protocol):
    """Is told all that happens to contacts."""

    def came(self, contact: Contact, now: int) -> None:
        """A contact comes; it is not said yet whether it waits."""

    def began(self, contact: Contact, now: int) -> None:
        """It has its agent (`contact.agent`, `contact.pool`)."""

    def talked(self, contact: Contact, now: int) -> None:
        """The exchange ends; the agent may still have work on it."""

    def ended(self, contact: Contact, now: int) -> None:
        """The agent is free of it."""

    def left(self, contact: Contact, now: int) -> None:
        """Its patience ended."""

    def blocked(self, contact: Contact, now: int) -> None:
        """There was no place to wait."""


class Work(Protocol):
    """How long things take, in ticks."""

    def handle(self, contact: Contact) -> int:
        """The handling of a contact by its agent."""

    def wrap_up(self, contact: Contact) -> int:
        """The agent's work after it."""


class Kind(NamedTuple):
    """A kind of contacts: what intake finds out of them, through which channel they come, whether their agent works
    on after the exchange."""

    facts: Facts
    channel: ChannelName
    wraps: bool


class House(NamedTuple):
    """What time is let run over: a domain, the kinds of contacts by their number, the pool of each agent, and by which
    codes an item is closed."""

    state: State
    kinds: list[Kind]
    pool_of: dict[str, int]
    disposition: str = "done"
    category: str = ""


def housed(policy: Policy) -> House:
    """The house of a policy. Raises Unsupported."""
    kinds = [Kind(Facts(queue=id), policy.medium, policy.wrap_up) for id in policy.classes]
    pool_of = {agent: at for at, agents in enumerate(policy.pools.values()) for agent in agents}
    return House(house(policy, BEGIN), kinds, pool_of)


class Engine:
    """One domain on virtual time."""

    def __init__(self, house: House, work: Work, watcher: Watcher, *, desk: Desk | None = None) -> None:
        self.state = house.state
        self._house = house
        self._kinds = house.kinds
        self._pool_of = house.pool_of
        self._work = work
        self._watcher = watcher
        self._desk = desk
        self._heap: list[tuple[int, int, int, Contact | str | c.Command, int]] = []
        self._pushed = 0
        self._waiting: dict[str, Contact] = {}
        self._closed: list[str] = []
        self.commands = 0
        self.unresolved = 0
        self.log: Callable[[e.Event], None] | None = None

    def run(self, contacts: Iterable[Contact]) -> None:
        """Until all contacts have come and each that is counted is over."""
        coming = iter(contacts)
        contact = next(coming, None)
        heap, state = self._heap, self.state
        while contact is not None or self.unresolved:
            arrival = contact.at if contact is not None else NEVER
            event = heap[0][0] if heap else NEVER
            due = next_deadline(state) or NEVER
            if event <= arrival and event <= due:
                if event == NEVER:
                    return
                now, _, kind, about, version = heappop(heap)
                self._happens(kind, about, version, now)
            elif due <= arrival:
                self._do(c.Pulse(), due)
            elif contact is not None:
                self._comes(contact, arrival)
                contact = next(coming, None)

    def schedule(self, at: int, command: c.Command) -> None:
        """Somebody says this at that instant."""
        self._push(at, COMMANDED, command)

    # -- what happens ------------------------------------------------------------------------------------------

    def _comes(self, contact: Contact, now: int) -> None:
        if len(self._closed) >= limits.FORGOTTEN_AT_ONCE:
            self._forget(now)
        self._watcher.came(contact, now)
        self.unresolved += contact.batch >= 0
        self._waiting[contact.item] = contact
        self._do(self._offer(contact), now)
        if contact.began >= 0:
            return
        if self.state.items[contact.item].state == "closed":
            self._away(contact, now)
            self._watcher.blocked(contact, now)
        elif contact.until is not None:
            self._push(contact.until, LEAVES, contact)

    def _offer(self, contact: Contact) -> c.Command:
        facts, channel, _ = self._kinds[contact.cls]
        if channel == "phone":
            return c.OfferCall(
                call=f"c{contact.index}", item=contact.item, conversation=f"v{contact.index}", facts=facts
            )
        return c.ReceiveMessage(
            channel=channel,
            conversation=f"v{contact.index}",
            item=contact.item,
            message=MessageFacts(id=f"m{contact.index}", content=""),
            facts=facts,
            last_agent=contact.last,
        )

    def _happens(self, kind: int, about: Contact | str | c.Command, version: int, now: int) -> None:
        if isinstance(about, str):
            assert self._desk is not None
            contact = self._desk.finished(about, version, now)
            if contact is not None:
                self._over(contact, now)
                self._next_chat(about, now)
        elif not isinstance(about, Contact):
            self._do(about, now)
        elif kind == ENDS and self.state.items[about.item].interrupted:
            # its agent has something more urgent: it goes on for a while afterwards
            self._push(now + max(1, self._work.handle(about) // INTERRUPTED_PARTS), ENDS, about)
        elif kind == ENDS:
            self._over(about, now)
        elif kind == WRAPPED and self.state.items[about.item].state == "closed":
            self._watcher.ended(about, now)
            self._close(about)
        elif kind == WRAPPED:
            self._do(self._completed(about), now, ends=about)
        elif about.began < 0:
            self._away(about, now)
            self._watcher.left(about, now)

    def _over(self, contact: Contact, now: int) -> None:
        """The exchange ends; the item closes, unless the agent has something to do after it."""
        self._watcher.talked(contact, now)
        if self._kinds[contact.cls].wraps:
            self._do(c.EndContact(item=contact.item, agent=contact.agent), now)
            self._push(now + self._work.wrap_up(contact), WRAPPED, contact)
        else:
            self._do(c.EndContact(item=contact.item, agent=contact.agent), now, ends=contact)

    def _away(self, contact: Contact, now: int) -> None:
        """Nobody answered, and the customer is gone, or was sent away."""
        del self._waiting[contact.item]
        if self.state.items[contact.item].state != "closed":
            call = self._kinds[contact.cls].channel == "phone"
            gone = c.EndCall(call=f"c{contact.index}") if call else c.LeaveChat(conversation=f"v{contact.index}")
            self._do(gone, now)
        self._close(contact)

    def _completed(self, contact: Contact) -> c.Command:
        codes = self._house
        return c.CompleteItem(
            item=contact.item, agent=contact.agent, disposition=codes.disposition, category=codes.category
        )

    def _forget(self, now: int) -> None:
        """What is closed leaves memory."""
        closed, self._closed = tuple(self._closed), []
        self._do(c.Forget(items=closed), now)

    def _close(self, contact: Contact) -> None:
        self.unresolved -= contact.batch >= 0
        self._closed.append(contact.item)

    # -- the core ----------------------------------------------------------------------------------------------

    def _do(self, command: c.Command, now: int, ends: Contact | None = None) -> None:
        """One command, and the reservations that come of it, each accepted at once."""
        state = self.state
        if ends is not None:
            self._watcher.ended(ends, now)
            self._close(ends)
        done = step(state, command, now)
        if done.rejection is not None:
            raise AssertionError(f"the core refuses {command}: {done.rejection.code} {done.rejection.subject}")
        self.commands += 1
        made = done.events
        while pending(state):
            made += match(state, now)
        state.touched.clear()
        if self.log is not None:
            for event in made:
                self.log(event)
        for event in made:
            if type(event) is e.ReservationMade:
                self._begins(event, now)

    def _begins(self, made: e.ReservationMade, now: int) -> None:
        contact = self._waiting.pop(made.item)
        contact.began, contact.agent, contact.pool = now, made.agent, self._pool_of[made.agent]
        self._watcher.began(contact, now)
        if self.state.items[made.item].state == "reserved":
            self._do(c.AcceptReservation(item=made.item, agent=made.agent), now)
        if self._desk is None:
            self._push(now + self._work.handle(contact), ENDS, contact)
        else:
            self._desk.begins(contact, now)
            self._next_chat(made.agent, now)

    def _next_chat(self, agent: str, now: int) -> None:
        assert self._desk is not None
        coming = self._desk.next(agent, now)
        if coming is not None:
            self._push(coming[0], CHAT_ENDS, agent, coming[1])

    def _push(self, at: int, kind: int, about: Contact | str | c.Command, version: int = 0) -> None:
        self._pushed += 1
        heappush(self._heap, (at, self._pushed, kind, about, version))
