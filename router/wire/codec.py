"""The codec of the log: msgpack by msgspec. Every stored shape carries `SHAPE`; older ones pass the upcasts."""

import hashlib
from typing import Any, Final, TypeAlias

import msgspec

from queues.calendar import Calendar
from queues.category import Category, Code
from queues.endpoint import Endpoint
from queues.entry_point import EntryPoint
from queues.hours import Hours
from queues.queue import Queue
from queues.rule import Rule
from queues.team import Team
from router.core.agent import Agent
from router.core.commands import Command
from router.core.conversation import Conversation, Delivery
from router.core.events import Event
from router.core.item import WorkItem
from router.core.meta import Meta
from router.core.pace import Pace
from router.core.presence import Presence
from skills import Skill

SHAPE: Final = 3
"""Version of all stored shapes. A node refuses to start on a newer one."""

RecordValue: TypeAlias = (
    Skill | Team | Queue | Category | Code | Hours | EntryPoint | Endpoint | Rule | Agent
    | Calendar | Presence | WorkItem | Conversation | Delivery | Meta | Pace
)  # fmt: skip

RECORD_TYPES: dict[str, type[Any]] = {
    "skill": Skill,
    "team": Team,
    "queue": Queue,
    "category": Category,
    "code": Code,
    "hours": Hours,
    "entry_point": EntryPoint,
    "endpoint": Endpoint,
    "rule": Rule,
    "agent": Agent,
    "calendar": Calendar,
    "presence": Presence,
    "item": WorkItem,
    "conversation": Conversation,
    "delivery": Delivery,
    "pace": Pace,
    "meta": Meta,
}


class Submission(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A command as it lies in the log: its idempotency key, who sent it, and what it belongs to."""

    command: Command
    key: str
    by: str = ""
    correlation: str = ""


class Handled(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One command decided in an entry: its outcome, and how many of the entry's events are its."""

    command: int
    """Its position in the command stream; 0 for a pulse of the writer itself."""
    key: str = ""
    by: str = ""
    correlation: str = ""
    kind: str = ""
    at: int = 0
    events: int = 0
    rejection: str = ""
    subject: str = ""
    refs: dict[str, str] = {}


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One committed batch: events at the positions `first` to `last` (none when last < first)."""

    first: int
    last: int
    epoch: int
    before: str
    """Digest of the entry before: a follower that has another one is on another history."""
    at: int
    handled: tuple[Handled, ...] = ()
    events: tuple[Event, ...] = ()
    shape: int = SHAPE


_encoder = msgspec.msgpack.Encoder()
_submission = msgspec.msgpack.Decoder(Submission)
_entry = msgspec.msgpack.Decoder(Entry)
_records = {kind: msgspec.msgpack.Decoder(shape) for kind, shape in RECORD_TYPES.items()}


def encode(value: Submission | Entry | RecordValue) -> bytes:
    """The bytes of anything that this module can read back."""
    return _encoder.encode(value)


def decode_submission(data: bytes) -> Submission:
    """A command read from the log. Raises msgspec.ValidationError for bytes that are none."""
    return _submission.decode(data)


def decode_entry(data: bytes) -> Entry:
    """A committed batch read from the log. Raises msgspec.ValidationError for bytes that are none."""
    return _entry.decode(data)


def decode_record(kind: str, data: bytes) -> RecordValue:
    """A record read from the store. Raises KeyError for an unknown kind."""
    record: RecordValue = _records[kind].decode(data)
    return record


def digest(before: str, data: bytes) -> str:
    """The digest of an entry with these bytes that follows one with digest `before` (16 hex digits)."""
    return hashlib.blake2b(data, key=before.encode(), digest_size=8).hexdigest()


def fingerprint(command: Command) -> str:
    """What tells two commands under one idempotency key apart (16 hex digits)."""
    return hashlib.blake2b(_encoder.encode(command), digest_size=8).hexdigest()
