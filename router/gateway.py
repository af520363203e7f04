"""The one seam that channels and the API use: submit a command, follow the events, read what lies beside.

Everything here is a port: `router.runtime` and `router.archive` provide it, `router.node` wires it by hand.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol, TypeAlias

import msgspec

from queues.hours import Hours
from router.core.commands import Command
from router.core.conversation import Side
from router.core.events import Event
from router.core.state import State
from router.wire.codec import Entry


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """Proof that a command is durable: its position in the command stream, and the key it is known by."""

    key: str
    command: int
    duplicate: bool = False


class Outcome(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a command ended: accepted with its event position (`rejection` is empty), or rejected with a code.

    `refs` names what it was about: `item`, `conversation`.
    """

    position: int
    rejection: str = ""
    subject: str = ""
    refs: dict[str, str] = {}


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """One entry that the follower has just applied: the state is exactly at `position` while it is handed out.

    `touched` are the records that changed, as (kind, id); `data` are the entry's bytes as they lie in the log.
    """

    position: int
    entry: Entry
    touched: tuple[tuple[str, str], ...]
    data: bytes


class StoreError(Exception):
    """The store cannot be reached or cannot take more; nothing was promised. Try again later."""


class Full(StoreError):
    """There is no room for more now: it was refused before anything was done. Try again in some seconds."""


class Unstorable(ValueError):
    """A value that a caller gave and no text or number of the data base holds, like a NUL in a name."""


class KeyConflict(Exception):
    """This idempotency key was used for another command."""


class Fenced(Exception):
    """Another writer has taken over: stop, drop everything, change nothing."""


class Listener(Protocol):
    """Called by the follower for each applied entry, in order, synchronously: it must be quick."""

    def __call__(self, applied: Applied, state: State) -> None: ...


class OutboxEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What an outbox holds: `id` is its place in the stream, `attempts` how often it was handed out before."""

    id: str
    position: int
    body: dict[str, Any]
    attempts: int = 0


class Outbox(Protocol):
    """One consumer of one outbox. Entries stay its own until acknowledged; after a restart they come again."""

    async def read(self, count: int, wait_s: float) -> Sequence[OutboxEntry]: ...

    async def done(self, ids: Sequence[str]) -> None: ...

    async def drop(self) -> None:
        """End the whole group: nobody reads on, and nothing is kept for it any more."""
        ...


class Gateway(Protocol):
    """What a channel or an API handler may do with the domain."""

    @property
    def state(self) -> State:
        """This node's followed state: read only, and only between two awaits."""
        ...

    @property
    def position(self) -> int:
        """The event position of `state`."""
        ...

    async def submit(
        self,
        command: Command,
        *,
        key: str = "",
        by: str = "",
        correlation: str = "",
        contents: Mapping[str, bytes] | None = None,
        fingerprint: str = "",
    ) -> Receipt:
        """Make a command durable, with the contents it names. Same key and command: the first receipt again.

        `fingerprint` tells requests under one key apart where the command cannot: it may hold new ids, or facts
        looked up in a state that has changed since. Empty: the command's own.
        Raises KeyConflict (same key, other fingerprint) and StoreError (not accepted, nothing promised).
        """
        ...

    async def outcome(self, receipt: Receipt, wait_s: float = 2.0) -> Outcome | None:
        """How the command ended, or None if that is not known in time."""
        ...

    async def outcome_of(self, key: str) -> Outcome | None:
        """How the command under this key ended, from the store: for a receipt asked about later."""
        ...

    async def placed(self, key: str) -> int | None:
        """Where in the log the command under this key lies, if there is one, decided or not. Raises StoreError."""
        ...

    def listen(self, listener: Listener) -> None:
        """Call `listener` for each entry from now on."""
        ...

    def on_reset(self, reset: Callable[[State, int], None]) -> None:
        """Call `reset` with state and position whenever the state was loaded anew: what was derived is void."""
        ...

    async def reached(self, position: int, wait_s: float = 2.0) -> bool:
        """Whether this node's state is at `position` or beyond, waiting for it if need be."""
        ...

    def outbox(self, channel: str, group: str) -> Outbox:
        """The outbox of a channel, as read by one consumer group."""
        ...

    async def outbox_groups(self, channel: str) -> list[str]:
        """The consumer groups of a channel; `state` then has all that they were made for. Raises StoreError."""
        ...

    async def contents(self, ids: Sequence[str]) -> list[bytes | None]:
        """Texts by content id, wherever they lie by now; None where there is none (any more)."""
        ...

    async def put_blob(self, data: bytes) -> str:
        """Keep a large content (over 64 KiB) and return the id to name it by."""
        ...

    async def blob(self, blob: str) -> bytes | None:
        """A large content by its id."""
        ...


class Clock(Protocol):
    """Time from outside. `now_ms` is the wall clock (Unix ms), `monotonic_ms` never goes back."""

    def now_ms(self) -> int: ...

    def monotonic_ms(self) -> int: ...


class Ids(Protocol):
    """The only source of chance: ids that nobody can guess (at least 120 random bits), readable in logs."""

    def new(self, prefix: str) -> str: ...


class Thread(msgspec.Struct, frozen=True, kw_only=True):
    """What history knows of a closed conversation: whom it was with, and how often it was taken up again."""

    conversation: str
    item: str
    last_agent: str
    reopen_count: int
    seq: int
    """Its last message: the next one of the conversation is `seq` + 1."""
    customer: str = ""
    channel: str = ""
    reference: str = ""


class History(Protocol):
    """What intake asks of the archive: things that have left memory."""

    async def find_thread(self, thread_keys: Sequence[str]) -> Thread | None:
        """The closed conversation one of these thread keys belongs to, the newest first."""
        ...

    async def find_reference(self, reference: str) -> Thread | None:
        """The conversation that people call by this reference, in its one form."""
        ...

    def whose(self, key: str) -> str:
        """The customer whose address has this key, from memory: the one named after it, unless an agent said otherwise
        ('' if they said whose it is not)."""
        ...

    async def find_natural(self, natural_key: str) -> str | None:
        """The conversation that already has a message (or call) with this natural key."""
        ...

    async def knows(self, item: str) -> bool:
        """Whether there ever was an item with this id, as far as it is archived."""
        ...

    async def messages(self, conversation: str, after: int = 0) -> list[dict[str, Any]]:
        """Archived messages of a conversation in order: seq, side, agent, at_ms, content id."""
        ...


class Traits(msgspec.Struct, frozen=True, kw_only=True):
    """What classification asks of a customer's card."""

    tags: tuple[str, ...] = ()
    language: str = ""


class Insight(Protocol):
    """What intake asks beside state and history to classify a contact. It never fails: what cannot be found out in
    time is not known, and the contact comes in all the same."""

    async def open(self, hours: Sequence[Hours]) -> frozenset[str]:
        """Which of these hours it is now, by id."""
        ...

    async def traits(self, customer: str) -> Traits:
        """What a customer's card says; nothing of somebody without."""
        ...

    async def language(self, text: str, among: Sequence[str]) -> str:
        """Which of these languages a text is written in; '' when it is too short to tell, or reads like none."""
        ...


class AuditPage(msgspec.Struct, frozen=True, kw_only=True):
    """Who did what, the newest first, and the cursor that those before it are asked with ('' at the end).

    A row: at_ms, by, correlation, command, kind and subject (of what), before and after (None: was or is not there).
    """

    rows: list[dict[str, Any]]
    cursor: str = ""


class Timelines(History, Protocol):
    """What the API asks of the archive beside that: the story of things, whether or not they left memory."""

    async def position(self) -> int:
        """The event position up to which the archive has everything."""
        ...

    async def item(self, item: str) -> dict[str, Any] | None:
        """The last state of an item that left memory: id, conversation, channel, queue, agent, state, … as in
        its view; None when the archive has none."""
        ...

    async def conversation(self, conversation: str) -> dict[str, Any] | None:
        """A conversation: id, channel, reference, customer, language, items (their ids, the oldest first); None for
        none."""
        ...

    async def timeline(self, item: str) -> list[dict[str, Any]]:
        """What happened to an item so far, the oldest first: one `story_row` for each event that names it."""
        ...

    async def audit(
        self,
        *,
        kind: str = "",
        subject: str = "",
        by: str = "",
        from_ms: int | None = None,
        to_ms: int | None = None,
        before: str = "",
        limit: int,
    ) -> AuditPage:
        """Who changed what (of this kind, this subject, by this person, from `from_ms` up to but not at `to_ms`), the
        newest first, `limit` rows from where the cursor `before` stopped. Raises ValueError for no cursor of ours."""
        ...


Dimension: TypeAlias = Literal["quarter", "queue", "channel", "agent"]
"""What the figures of a report can be told apart by."""

QUARTER_MS = 15 * 60 * 1_000


class DayAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Which day, [from_ms, to_ms), told apart by what, and of which queue ('': all).

    `queues` and `agents` are those that the asker may see (None: everything): entries of these queues, and the work
    of these agents wherever they did it.
    """

    from_ms: int
    to_ms: int
    by: tuple[Dimension, ...] = ()
    queue: str = ""
    queues: frozenset[str] | None = None
    agents: frozenset[str] = frozenset()


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What a report counts. A ratio or a mean of nothing is null, never 0. Questions to specialists (consults) count
    nowhere: no customer waits in them.

    offered: entries, that is items that came into the queue: opened there, from another queue, or back from pending.
    Coming back to the queue that it is in (requeued, connection failed) is no new entry.
    answered: entries that an agent accepted; an accept that never led to the customer is none.
    abandoned: entries in which the customer left before that. waiting: nobody answered yet. moved_on: left the queue
    unanswered, for another or closed. offered = answered + abandoned + waiting + moved_on.
    answered_in_target: answered within the queue's target of then. missed: waiting or moved on, and the target passed.
    service_level: answered_in_target / (answered + abandoned + missed), which is that of what was offered but for
    entries whose target runs still, or that were moved on within it.
    wait_*: from entry to accept, of what was answered; the median and the 90th percentile are waits that occurred
    (nearest rank). since_first_mean_ms: the same from the first entry into the house, whichever queue that was.
    handled: legs, that is pieces of work from accept until the agent was done with it; handle_mean_ms: their time,
    talk (with hold) + wrap-up, / handled. escalated, transferred_out: handed over from this queue; transferred_in:
    entries by a transfer from another.
    """

    offered: int
    answered: int
    abandoned: int
    waiting: int
    moved_on: int
    answered_in_target: int
    missed: int
    service_level: float | None
    wait_mean_ms: int | None
    since_first_mean_ms: int | None
    wait_median_ms: int | None
    wait_p90_ms: int | None
    wait_max_ms: int | None
    handled: int
    handle_mean_ms: int | None
    talk_mean_ms: int | None
    wrap_up_mean_ms: int | None
    escalated: int
    transferred_in: int
    transferred_out: int


class ReportRow(Figures, frozen=True, kw_only=True, omit_defaults=True):
    """The figures of one quarter hour (by the instant it began), queue, channel, agent ('': nobody), as asked."""

    quarter: int | None = None
    queue: str | None = None
    channel: str | None = None
    agent: str | None = None


class DayReport(msgspec.Struct, frozen=True, kw_only=True):
    """Rows in the order of what they are told apart by, and all of it together.

    What was known: everything up to event `position`, the last of which happened at `as_of_ms`.
    """

    position: int
    as_of_ms: int
    rows: list[ReportRow]
    total: Figures


class Reports(Protocol):
    """Figures from the archive."""

    async def day(self, asked: DayAsked) -> DayReport:
        """What a day looked like. Raises StoreError when the archive is away."""
        ...


_INSTANTS = {
    "at": "at_ms",
    "expires_at": "expires_at_ms",
    "due": "due_at_ms",
    "until": "until_at_ms",
    "excepted_until": "excepted_until_at_ms",
}


def story_row(position: int, event: Event) -> dict[str, Any]:
    """An event as a row of a timeline: its position, type and fields; instants under their outer names."""
    row: dict[str, Any] = msgspec.to_builtins(event)
    message = row.pop("message", None)
    if message is not None:
        row.update(message=message["id"], content=message["content"], size=message.get("size", 0))
    return {"position": position, **{_INSTANTS.get(key, key): value for key, value in row.items()}}


class TypingListener(Protocol):
    """Called when a side begins (`on`) or stops to type; synchronously, so it must be quick."""

    def __call__(self, conversation: str, side: Side, on: bool) -> None: ...


class Typing(Protocol):
    """Who is typing: shown while it lasts, never kept. It may be lost; nothing depends on it."""

    async def typing(self, conversation: str, side: Side, on: bool) -> None:
        """Tell everybody who listens."""
        ...

    def subscribe(self, listener: TypingListener) -> None:
        """Call `listener` from now on."""
        ...


class Attachment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A file that came with a message; its bytes are the blob. `cid` is what a mail's HTML calls it (`cid:…`)."""

    name: str
    type: str
    size: int
    blob: str
    cid: str = ""


AddressKind: TypeAlias = Literal["phone", "email", "handle"]


class CustomerAddress(msgspec.Struct, frozen=True, kw_only=True):
    """What a customer is known by, in the one form in which it is compared. `key` is its pseudonym."""

    key: str
    kind: AddressKind
    address: str


class Addresses(Protocol):
    """Reads addresses as people write them. `channels` knows how."""

    def read(self, kind: AddressKind, text: str) -> CustomerAddress:
        """The address in its one form, with its key. Raises ValueError with what is wrong with it."""
        ...


class Content(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What lies beside the log under a content id: texts, names and addresses, as JSON.

    A message uses the text and mail fields; an address `address` and `name` (where to answer, and whom) and `known_by`
    (what the customer is known by; a mail may want its answer elsewhere); attributes only `attributes`.
    Over 64 KiB encoded, `text`/`html` move to the blobs `text_blob`/`html_blob`. `raw` is the blob of the mail as it
    came in.
    """

    text: str = ""
    html: str = ""
    text_blob: str = ""
    html_blob: str = ""
    subject: str = ""
    address: str = ""
    name: str = ""
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    message_id: str = ""
    references: tuple[str, ...] = ()
    raw: str = ""
    attachments: tuple[Attachment, ...] = ()
    problem: str = ""
    known_by: CustomerAddress | None = None
    attributes: dict[str, Any] = {}


class CloudEvent(msgspec.Struct, kw_only=True, rename={"content_type": "datacontenttype"}):
    """A CloudEvents 1.0 event as an integrator posts it. `source` + `id` recognise a duplicate."""

    specversion: str
    id: str
    source: str
    type: str
    subject: str = ""
    time: str = ""
    content_type: str = "application/json"
    data: Any = None


class EventRefused(Exception):
    """An event that intake will not take: a stable code, what is wrong, and where (a JSON pointer)."""

    def __init__(self, code: str, detail: str, pointer: str = "", status: int = 400) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.pointer = pointer
        self.status = status


class Intake(Protocol):
    """Turns an integrator's event into a command. Wired to the channels by the node, used by the API."""

    async def take(self, event: CloudEvent, *, by: str) -> Receipt:
        """Make the event durable. Raises EventRefused, KeyConflict, StoreError."""
        ...
