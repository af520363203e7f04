"""Rules about what was promised to people: nothing acknowledged is lost or doubled, and what they are told is so."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Final

import msgspec

from router.core import commands as c
from router.core import events as e
from router.gateway import Content, Outcome
from router.simulate.evidence import Evidence

_content = msgspec.json.Decoder(Content)

TOLD: Final[dict[type, str]] = {
    e.ItemQueued: "item.queued",
    e.ReservationMade: "item.reserved",
    e.ReservationAccepted: "item.accepted",
    e.ReservationEnded: "reservation.ended",
    e.ItemEscalated: "item.escalated",
    e.ItemReturned: "item.returned",
    e.ItemOverdue: "item.overdue",
    e.ConsultOpened: "consult.opened",
    e.ConsultAnswered: "consult.answered",
    e.ConsultEnded: "consult.ended",
    e.ItemHandedOver: "item.handed_over",
    e.ItemTransferred: "item.transferred",
    e.ItemPending: "item.pending",
    e.ItemInterrupted: "item.interrupted",
    e.ItemContinued: "item.continued",
    e.ItemSilenced: "item.silenced",
    e.ItemWoken: "item.woken",
    e.ItemClosed: "item.closed",
    e.ItemSplit: "item.split",
    e.ConversationMerged: "conversation.merged",
    e.ConversationUnmerged: "conversation.unmerged",
    e.QuestionAsked: "question.asked",
    e.QuestionPassed: "question.passed",
    e.QuestionAnswered: "question.answered",
    e.MessageReceived: "message.received",
    e.ReplySent: "message.sent",
    e.CallHeld: "call.held",
    e.CallbackOffered: "callback.offered",
    e.CallbackAsked: "callback.asked",
    e.CallbackFailed: "callback.failed",
    e.AlarmRaised: "alarm.raised",
}
"""Which events integrators are to hear of, as the reference says."""


def acknowledged(evidence: Evidence) -> Iterator[str]:
    """Every acknowledged command came to an end."""
    keys = evidence.ledger.receipts.items()
    return (f"lost: {key}" for key, command in keys if command and evidence.outcome(key) is None)


def honest(evidence: Evidence) -> Iterator[str]:
    """What somebody was told is what the log has, and what the store would tell them again."""
    logged: dict[str, Outcome] = {}
    for key, outcome in evidence.handled():
        logged.setdefault(key, outcome)
    for key, outcome in evidence.ledger.told.items():
        if outcome not in (logged.get(key, outcome),) or outcome != evidence.outcome(key):
            yield f"{key} was told {outcome}, and it is {logged.get(key)} or {evidence.outcome(key)}"


def shown(evidence: Evidence) -> Iterator[str]:
    """No node ever showed what is not in the log."""
    log = evidence.ledger.log
    for position, versions in evidence.ledger.shown.items():
        if any(position not in log or log[position].data != data for data in versions):
            yield f"something else was shown at {position}"


def calls(evidence: Evidence) -> Iterator[str]:
    """Every call that was told of is one item, however often it was told, and none rings after it is over: what is left
    to do after the call was answered, or to call back, is another matter."""
    opened = Counter(event.call for event in evidence.events if isinstance(event, e.ItemOpened) and event.call)
    answered = {event.item for event in evidence.events if isinstance(event, e.WrapUpStarted | e.CallbackAsked)}
    for call, stage in evidence.ledger.calls.items():
        if opened[call] != 1:
            yield f"{call} opened {opened[call]} items"
        item = evidence.stored.items.get(evidence.stored.calls.get(call, ""))
        if stage == "over" and item is not None and item.state != "closed" and item.id not in answered:
            yield f"{call} is over, and {item.id} is {item.state}"


def callbacks(evidence: Evidence) -> Iterator[str]:
    """Nobody is called more often than their queue says, and who could not be reached was called that often."""
    failed = Counter(event.item for event in evidence.events if isinstance(event, e.CallbackFailed))
    most = evidence.stored.queues["help"].callbacks.attempts if evidence.stored.queues else 0
    for item, times in failed.items():
        if times > most:
            yield f"{item} was called {times} times"
    for event in evidence.events:
        if isinstance(event, e.ItemClosed) and event.outcome == "unreached" and failed[event.item] != most:
            yield f"{event.item} was given up after {failed[event.item]} calls"


def mails(evidence: Evidence) -> Iterator[str]:
    """Every mail in the inbox came in once, and left it."""
    received = Counter(content.message_id for _, content in _received(evidence))
    for mail in evidence.ledger.mails:
        if received[mail] != 1:
            yield f"{mail} came in {received[mail]} times"
    server = evidence.story.mail
    if server.inbox or server.failed:
        yield f"{len(server.inbox)} mails are left in the inbox, {len(server.failed)} were set aside"


def chats(evidence: Evidence) -> Iterator[str]:
    """Every chat message came in once, and in the order in which the customer wrote them."""
    came: dict[str, list[tuple[str, int]]] = {}
    for event, content in _received(evidence):
        came.setdefault(content.text, []).append((event.conversation, event.seq))
    for chat, said in evidence.ledger.chats.items():
        places = [came.get(text, []) for text in said]
        for text, found in zip(said, places, strict=True):
            if len(found) != 1:
                yield f"{text!r} came in {len(found)} times"
        flat = [found[0] for found in places if len(found) == 1]
        if len({conversation for conversation, _ in flat}) > 1 or [seq for _, seq in flat] != sorted(
            s for _, s in flat
        ):
            yield f"{chat}: {flat}"


def _received(evidence: Evidence) -> Iterator[tuple[e.MessageReceived, Content]]:
    for event in evidence.events:
        if isinstance(event, e.MessageReceived):
            text = evidence.text(event.message.content)
            yield event, _content.decode(text) if text is not None else Content()


def deeds(evidence: Evidence) -> Iterator[str]:
    """Every note and reply that was accepted is kept once."""
    kept = Counter(event.content for event in evidence.events if isinstance(event, e.NoteAdded))
    kept.update(event.message.content for event in evidence.events if isinstance(event, e.ReplySent))
    for key, command in evidence.ledger.commands.items():
        outcome = evidence.outcome(key)
        wanted = int(outcome is not None and not outcome.rejection)
        content = _text_of(command)
        if content and kept[content] != wanted:
            yield f"{content} of {key} was kept {kept[content]} times"


def _text_of(command: c.Command) -> str:
    match command:
        case c.AddNote():
            return command.content
        case c.SendReply():
            return command.message.content
        case _:
            return ""


def texts(evidence: Evidence) -> Iterator[str]:
    """What the log names lies beside it, in the store or in the archive."""
    for event in evidence.events:
        match event:
            case e.MessageReceived() | e.ReplySent():
                id = event.message.content
            case e.NoteAdded():
                id = event.content
            case e.QuestionAsked() | e.QuestionAnswered() | e.ConsultOpened() | e.ConsultAnswered() | e.ItemReturned():
                id = event.note
            case _:
                continue
        if id and evidence.text(id) is None:
            yield f"the text {id} is gone"


def consults(evidence: Evidence) -> Iterator[str]:
    """Each question to specialists is answered, or ended, once, and none outlives its item."""
    open: dict[str, str] = {}
    over: set[str] = set()
    for event in evidence.events:
        match event:
            case e.ConsultOpened():
                open[event.consult] = event.item
                if event.item in over:
                    yield f"{event.consult} was asked about {event.item}, which is closed"
            case e.ConsultAnswered() | e.ConsultEnded():
                if open.pop(event.consult, "") != event.item:
                    yield f"{event.consult} ended twice"
            case e.ItemClosed():
                over.add(event.item)
            case _:
                pass
    yield from (f"{consult} outlives {item}" for consult, item in open.items() if item in over)


def outbound(evidence: Evidence) -> Iterator[str]:
    """Each reply was sent, or visibly failed, or its end is visibly unknown; nobody gets it twice unless a person chose
    to send it again."""
    ends: dict[str, str] = {}
    choices: Counter[str] = Counter()
    for event in evidence.events:
        match event:
            case e.ReplySent() if event.delivery:
                ends[event.delivery] = "queued"
            case e.DeliveryStarted():
                ends[event.delivery] = "sending"
            case e.DeliveryEnded():
                ends[event.delivery] = event.state
            case e.DeliveryRetried():
                choices[event.delivery] += 1
                ends[event.delivery] = "queued"
            case _:
                pass
    for delivery, end in ends.items():
        submitted = evidence.ledger.submitted[delivery]
        if end not in ("sent", "failed", "unknown"):
            yield f"{delivery} is {end}"
        if submitted > 1 + choices[delivery] or (end == "sent" and not submitted):
            yield f"{delivery} is {end}, was chosen again {choices[delivery]} times and arrived {submitted} times"


def webhooks(evidence: Evidence) -> Iterator[str]:
    """Integrators hear of everything that they are to hear of, at least once, and of nothing else."""
    if not evidence.house.cast.webhooks:
        return
    due = Counter(TOLD[type(event)] for event in evidence.events if type(event) in TOLD)
    heard = Counter(type for _, type in evidence.ledger.webhooks)
    if due != heard:
        yield f"due {dict(due)}, heard {dict(heard)}"


PROMISE_RULES: Final[dict[str, Callable[[Evidence], Iterable[str]]]] = {
    "acknowledged": acknowledged,
    "honest": honest,
    "shown": shown,
    "calls": calls,
    "callbacks": callbacks,
    "mails": mails,
    "chats": chats,
    "deeds": deeds,
    "texts": texts,
    "consults": consults,
    "outbound": outbound,
    "webhooks": webhooks,
}
