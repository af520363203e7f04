"""Intake: an integrator's CloudEvent becomes a command, durable before it is answered.

One table from type to shape and function; the channels do not know each other, only this module knows them all.
An event is recognised by its source and id for a day, and by what it is about (call id, message id) for ever.
"""

import base64
import binascii
import hashlib
from collections.abc import Awaitable, Callable
from email.message import EmailMessage
from typing import Annotated, Any, Final
from urllib.parse import quote

import msgspec
from msgspec import Meta

from channels import limits
from channels.arrival import Arrival, Draft
from channels.chat import events as chat
from channels.email.intake import MailIntake, MailRefused, UnknownAddress
from channels.entry import Address, Given
from channels.insight import BLIND
from channels.keyed import keyed
from channels.payload import read
from channels.phone import callback
from channels.phone import events as phone
from channels.webhook import events as webhook
from router.core.commands import EndCall, OfferCall
from router.gateway import CloudEvent, EventRefused, Gateway, History, Insight, Receipt

SPECVERSION: Final = "1.0"


class MailReceived(Given, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """`mail.received`: a mail came in, as its parts or whole (`raw`, base64 of the source)."""

    to: Address
    from_: Annotated[str, Meta(max_length=limits.ADDRESS_CHARS_MAX)] = ""
    subject: Annotated[str, Meta(max_length=limits.SUBJECT_CHARS_MAX)] = ""
    text: Annotated[str, Meta(max_length=limits.TEXT_CHARS_MAX)] = ""
    html: Annotated[str, Meta(max_length=limits.TEXT_CHARS_MAX)] = ""
    raw: str = ""


class _Kind(msgspec.Struct, frozen=True):
    shape: type[Any]
    draft: Callable[[Arrival, Any], Awaitable[Draft]]


_KINDS: Final[dict[str, _Kind]] = {
    "call.offered": _Kind(phone.CallOffered, phone.offered),
    "call.answered": _Kind(phone.CallAnswered, phone.answered),
    "call.held": _Kind(phone.CallHeld, phone.held),
    "call.transferred": _Kind(phone.CallTransferred, phone.transferred),
    "call.ended": _Kind(phone.CallEnded, phone.ended),
    "call.connect_failed": _Kind(phone.CallConnectFailed, phone.connect_failed),
    "callback.requested": _Kind(callback.CallbackRequested, callback.requested),
    "callback.dialled": _Kind(callback.CallbackDialled, callback.dialled),
    "callback.failed": _Kind(callback.CallbackFailed, callback.failed),
    "chat.message": _Kind(chat.ChatMessage, chat.message),
    "chat.left": _Kind(chat.ChatLeft, chat.left),
    "webhook.received": _Kind(webhook.WebhookReceived, webhook.received),
}

MAIL: Final = "mail.received"
TYPES: Final = (*_KINDS, MAIL)
"""Every event type that intake knows."""

EARLY: Final = "intake"
"""Who ends a call that was offered after its end."""
ENDED: Final = "call-ended"
"""Beginning of the key that says to every node that a call is over which nobody knew yet."""
AGAIN: Final = "call-ended-again"
"""Beginning of the key under which such a call is ended once it was offered."""


class EventIntake:
    """The `Intake` port. `secret` keys pseudonyms and derived ids; `mail` is the e-mail channel's; `insight` is what
    classification asks."""

    def __init__(
        self, gateway: Gateway, history: History, *, secret: bytes, mail: MailIntake, insight: Insight = BLIND
    ) -> None:
        self._gateway = gateway
        self._history = history
        self._secret = secret
        self._mail = mail
        self._insight = insight

    async def take(self, event: CloudEvent, *, by: str) -> Receipt:
        """Make the event durable; the same event again gives the first receipt.

        Raises EventRefused, KeyConflict (same source and id, other data) and StoreError.
        """
        _check_envelope(event)
        key = f"ce:{by}:{quote(event.source)}:{quote(event.id)}"
        if event.type == MAIL:
            return await self._take_mail(read(event.data, MailReceived), key, by)
        kind = _KINDS.get(event.type)
        if kind is None:
            raise EventRefused("unknown_event_type", f"known types are {', '.join(TYPES)}", "/type")
        arrival = Arrival(
            gateway=self._gateway,
            history=self._history,
            secret=self._secret,
            by=by,
            key=key,
            insight=self._insight,
        )
        draft = await kind.draft(arrival, read(event.data, kind.shape))
        if draft.known and await self._gateway.outcome_of(key) is None:
            raise EventRefused("duplicate", "history has this already, from another event", draft.known, 409)
        unknown = isinstance(draft.command, EndCall) and draft.command.call not in self._gateway.state.calls
        receipt = await self._gateway.submit(
            draft.command, key=key, by=by, contents=draft.contents, fingerprint=_fingerprint(event)
        )
        if isinstance(draft.command, EndCall) and (unknown or receipt.duplicate):
            await self._end(draft.command.call, ENDED)
        if isinstance(draft.command, OfferCall):
            await self._end_if_over(draft.command.call, receipt)
        return receipt

    async def _end_if_over(self, call: str, offered: Receipt) -> None:
        """A call whose end overtook its offer, on whichever node, must not ring for ever. Raises StoreError."""
        ended = await self._gateway.placed(f"{ENDED}:{call}")
        if ended is not None and ended < offered.command:
            await self._end(call, AGAIN)

    async def _end(self, call: str, why: str) -> None:
        await self._gateway.submit(EndCall(call=call), key=f"{why}:{call}", by=EARLY)

    async def _take_mail(self, data: MailReceived, key: str, by: str) -> Receipt:
        raw = _decoded(data) if data.raw else self._composed(data, key)
        try:
            return await self._mail.take(f"event:{by}", raw, rcpt=data.to, given=_given(data))
        except UnknownAddress:
            raise EventRefused("unknown_entry_point", "no mailbox of ours has this address", "/data/to", 422) from None
        except MailRefused as refused:
            raise EventRefused("mail_refused", str(refused), "/data", 422) from None

    def _composed(self, data: MailReceived, key: str) -> bytes:
        """The parts as a mail, the same bytes each time, so that they go the one way that all mails go."""
        if not (data.from_ and (data.text or data.html)):
            raise EventRefused("bad_event", "give from and text or html, or the whole mail as raw", "/data")
        mail = EmailMessage()
        try:
            mail["From"], mail["To"], mail["Subject"] = data.from_, data.to, data.subject
        except (ValueError, IndexError):
            raise EventRefused("bad_event", "from and subject cannot stand in a mail header", "/data") from None
        mail["Message-ID"] = f"<{keyed(self._secret, 'mail', key)}@events.invalid>"
        mail.set_content(data.text)
        if data.html:
            mail.add_alternative(data.html, subtype="html")
            mail.set_boundary(keyed(self._secret, "boundary", key))
        return mail.as_bytes()


def _check_envelope(event: CloudEvent) -> None:
    if event.specversion != SPECVERSION:
        raise EventRefused("bad_event", f"this speaks CloudEvents {SPECVERSION}", "/specversion")
    for name, value, longest in (
        ("id", event.id, limits.ID_CHARS_MAX),
        ("source", event.source, limits.SOURCE_CHARS_MAX),
    ):
        if not 0 < len(value) <= longest:
            raise EventRefused("bad_event", f"{name} has 1 to {longest} characters", f"/{name}")


def _given(data: MailReceived) -> Given:
    """What the event says beside the mail."""
    return Given(**{name: getattr(data, name) for name in Given.__struct_fields__})


def _decoded(data: MailReceived) -> bytes:
    try:
        return base64.b64decode(data.raw, validate=True)
    except binascii.Error:
        raise EventRefused("bad_event", "raw is not base64", "/data/raw") from None


def _fingerprint(event: CloudEvent) -> str:
    return hashlib.blake2b(
        msgspec.json.encode([event.type, event.data], order="deterministic"), digest_size=8
    ).hexdigest()
