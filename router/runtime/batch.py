"""What one commit will hold: the writer runs commands through it, then seals it. No I/O and no clock in here.

A command that makes `decide` raise has changed nothing yet: it is set aside, with an event and an alarm, and the
others go on. When `evolve` or `match` raise, the state can no longer be trusted: `Crash` tells the writer to drop it.
"""

import traceback

import msgspec

from router.core.commands import Command, Pulse
from router.core.decide import decide
from router.core.effects import effects
from router.core.events import AlarmRaised, CommandPoisoned, Event
from router.core.evolve import evolve
from router.core.rejections import Rejection
from router.core.state import Ref, State
from router.core.step import refs, step
from router.gateway import Outcome
from router.runtime import limits
from router.runtime.store import Commit, Out
from router.wire import codec
from router.wire.codec import Entry, Handled, Submission

_body = msgspec.json.Encoder().encode


class Crash(Exception):
    """Our defect: this command left the state half changed. 0 is the writer's own pulse; `reason` names the place."""

    def __init__(self, command: int, reason: str) -> None:
        super().__init__(f"command {command}: {reason}")
        self.command = command
        self.reason = reason


class Sender(msgspec.Struct, frozen=True):
    """Whose command it is, as far as it can be read."""

    key: str = ""
    by: str = ""
    correlation: str = ""
    kind: str = ""


class Batch:
    """Commands decided at one instant, on top of `position`."""

    def __init__(self, state: State, position: int, at: int) -> None:
        self._state = state
        self._position = position
        self._at = at
        self._bytes = 0
        self._events: list[Event] = []
        self._handled: list[Handled] = []
        self._outbox: list[Out] = []
        self._touched: dict[Ref, None] = {}
        self.ended: list[tuple[int, Outcome]] = []
        """The outcome of each command so far, by its position in the command stream."""

    def __len__(self) -> int:
        return len(self._handled)

    @property
    def last(self) -> int:
        """The position of the last event so far."""
        return self._position + len(self._events)

    def full(self, size: int) -> bool:
        """Whether a command of this many bytes belongs into the next commit."""
        if not self._handled:
            return False
        return self._bytes + size > limits.COMMIT_SOFT_BYTES or len(self._events) >= limits.COMMIT_EVENTS_SOFT

    def take(self, command: int, data: bytes, *, deadly: bool = False) -> None:
        """Decide the command at this position. `deadly`: it has killed writers and is set aside. Raises Crash."""
        self._bytes += len(data)
        try:
            submission = codec.decode_submission(data)
        except (msgspec.ValidationError, msgspec.DecodeError) as error:
            self._set_aside(command, _unreadable(data), f"unreadable ({type(error).__name__})")
            return
        if deadly:
            self._set_aside(command, _sender(submission), f"made {limits.CRASHES_MAX} writers die")
            return
        self._step(command, submission)

    def pulse(self) -> None:
        """Let everything happen that is due, and match what is left to match. Raises Crash(0)."""
        try:
            done = step(self._state, Pulse(), self._at)
        except Exception as error:
            raise Crash(0, _where(error)) from error
        if done.events:
            self._record(done.events)
            self._handled.append(Handled(command=0, kind="Pulse", at=self._at, events=len(done.events)))

    def seal(self, epoch: int, before: str, command: int) -> Commit:
        """The commit: everything up to `command`, to follow an entry with digest `before`."""
        entry = Entry(
            first=self._position + 1,
            last=self.last,
            epoch=epoch,
            before=before,
            at=self._at,
            handled=tuple(self._handled),
            events=tuple(self._events),
        )
        data = codec.encode(entry) if self._events else b""
        puts: list[tuple[Ref, bytes]] = []
        drops: list[Ref] = []
        for ref in self._touched:
            record = self._state.get(ref)
            if record is None:
                drops.append(ref)
            else:
                puts.append((ref, codec.encode(record)))
        keys = [handled.key for handled in self._handled if handled.command]
        return Commit(
            epoch=epoch,
            expected=self._position,
            last=self.last,
            before=before,
            digest=codec.digest(before, data) if data else before,
            data=data,
            command=command,
            at=self._at,
            puts=puts,
            drops=drops,
            outcomes=[(key, outcome) for key, (_, outcome) in zip(keys, self.ended, strict=True) if key],
            outbox=self._outbox,
        )

    # -- one command ----------------------------------------------------------------------------------------

    def _step(self, command: int, submission: Submission) -> None:
        try:
            done = step(self._state, submission.command, self._at)
        except Exception as error:
            if self._state.touched or not _decide_raises(self._state, submission.command, self._at):
                raise Crash(command, _where(error)) from error
            self._set_aside(command, _sender(submission), _where(error))
            return
        self._record(done.events)
        about = refs(self._state, submission.command) if done.rejection is None else {}
        self._end(command, _sender(submission), len(done.events), done.rejection, about)

    def _set_aside(self, command: int, sender: Sender, reason: str) -> None:
        events: list[Event] = [
            CommandPoisoned(at=self._at, command=command, reason=reason),
            AlarmRaised(at=self._at, code="command_poisoned", subject=str(command)),
        ]
        for event in events:
            evolve(self._state, event)
        self._record(events)
        self._end(command, sender, len(events), Rejection(code="poisoned"), {})

    def _record(self, events: list[Event]) -> None:
        """Keep the events with what they send out and which records they changed."""
        for event in events:
            self._events.append(event)
            for channel, body in effects(self._state, event):
                self._outbox.append(Out(channel=channel, position=self.last, body=_body(body)))
        self._touched.update(self._state.touched)
        self._state.touched.clear()

    def _end(
        self, command: int, sender: Sender, events: int, rejection: Rejection | None, refs: dict[str, str]
    ) -> None:
        code, subject = (rejection.code, rejection.subject) if rejection else ("", "")
        self.ended.append((command, Outcome(position=self.last, rejection=code, subject=subject, refs=refs)))
        self._handled.append(
            Handled(
                command=command,
                key=sender.key,
                by=sender.by,
                correlation=sender.correlation,
                kind=sender.kind,
                at=self._at,
                events=events,
                rejection=code,
                subject=subject,
                refs=refs,
            )
        )


def _sender(submission: Submission) -> Sender:
    return Sender(submission.key, submission.by, submission.correlation, type(submission.command).__name__)


def _unreadable(data: bytes) -> Sender:
    """Who sent a command that this version cannot read."""
    try:
        return msgspec.msgpack.decode(data, type=Sender)
    except msgspec.DecodeError:
        return Sender()


def _decide_raises(state: State, command: Command, now: int) -> bool:
    """Whether it is the decision that fails, which changes nothing, and not what came after it."""
    try:
        decide(state, command, now)
    except Exception:
        return True
    return False


def _where(error: Exception) -> str:
    """Which error, and where: without its message and without locals, which might quote an address."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__} in " + " > ".join(f"{frame.name}:{frame.lineno}" for frame in frames[1:] or frames)
