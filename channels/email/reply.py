"""What a reply is made of: the agent's words, the customer's address, and the mail that it answers.

Only reads. The mail answered is the customer's newest that the archive has; should it have none yet, the one that
opened the conversation, which lies with the address.
"""

from collections.abc import Mapping

import msgspec

from channels.email.addresses import canonical, domain_of
from channels.email.compose import Letter, Unsendable
from channels.email.footer import footed, footed_html
from channels.email.limits import MESSAGES_LOOKED_AT
from channels.email.settings import MailboxSettings
from channels.email.structure import File
from channels.email.subject import answer_subject, tagged
from channels.email.threads import issue
from router.core.conversation import Delivery
from router.gateway import Attachment, Clock, Content, Gateway, History

_content = msgspec.json.Decoder(Content)


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """A letter, and the mailbox through which it leaves."""

    letter: Letter
    mailbox: MailboxSettings


class Replies:
    """Makes letters of deliveries. `mailboxes` are those that send, by canonical address, the default one first."""

    def __init__(
        self,
        gateway: Gateway,
        history: History,
        clock: Clock,
        *,
        mailboxes: Mapping[str, MailboxSettings],
        secret: bytes,
    ) -> None:
        self._gateway = gateway
        self._history = history
        self._clock = clock
        self._mailboxes = mailboxes
        self._secret = secret

    async def outgoing(self, delivery: Delivery) -> Outgoing:
        """The letter of a delivery. Raises Unsendable with a code, and StoreError."""
        mailbox, address = self._mailbox(delivery)
        written = await self._read(delivery.content)
        if written is None:
            raise Unsendable("no_content")
        to, answered = await self._answered(delivery.conversation)
        reference, language = self._called(delivery.conversation)
        return Outgoing(
            mailbox=mailbox,
            letter=Letter(
                message_id=issue(self._secret, delivery.id, domain_of(address)),
                sender=(mailbox.title, address),
                to=to,
                subject=tagged(written.subject or answer_subject(answered.subject), reference),
                text=footed(await self._text(written.text, written.text_blob), reference, language),
                html=footed_html(await self._text(written.html, written.html_blob), reference, language),
                files=tuple([await self._file(attachment) for attachment in written.attachments]),
                answers=answered.message_id,
                references=answered.references,
                at_ms=self._clock.now_ms(),
            ),
        )

    def _mailbox(self, delivery: Delivery) -> tuple[MailboxSettings, str]:
        """The mailbox that sends, and the address that it sends as: that of the door the customer came through."""
        if not self._mailboxes:
            raise Unsendable("no_mail_server")
        state = self._gateway.state
        item = state.items.get(delivery.item)
        entry = state.entry_points.get(item.entry_point) if item is not None else None
        default = next(iter(self._mailboxes.values()))
        if entry is None or entry.channel != "email":
            return default, default.address
        return self._mailboxes.get(canonical(entry.address), default), entry.address

    def _called(self, conversation: str) -> tuple[str, str]:
        """The reference of a conversation, and the language in which it is held."""
        record = self._gateway.state.conversations.get(conversation)
        return (record.reference, record.language) if record is not None else ("", "")

    async def _answered(self, conversation: str) -> tuple[tuple[str, str], Content]:
        """(name, address) of the customer, and the mail of theirs that is answered."""
        record = self._gateway.state.conversations.get(conversation)
        opening = await self._read(record.address) if record is not None and record.address else None
        newest = await self._newest(conversation, opening)
        source = opening or newest
        if source is None or not source.address:
            raise Unsendable("no_address")
        return (source.name, source.address), newest or source

    async def _newest(self, conversation: str, opening: Content | None) -> Content | None:
        """The customer's newest mail in the archive; not what programs or others sent into the conversation."""
        rows = [row for row in await self._history.messages(conversation) if row["side"] == "customer"]
        contents = await self._gateway.contents([row["content"] for row in rows[-MESSAGES_LOOKED_AT:]])
        mails = [_content.decode(data) for data in reversed(contents) if data is not None]
        if not mails or opening is None:
            return mails[0] if mails else None
        theirs = (mail for mail in mails if canonical(mail.address) == canonical(opening.address))
        return next(theirs, mails[0])

    async def _read(self, id: str) -> Content | None:
        data = (await self._gateway.contents([id]))[0]
        return _content.decode(data) if data is not None else None

    async def _text(self, text: str, blob: str) -> str:
        if not blob:
            return text
        data = await self._gateway.blob(blob)
        if data is None:
            raise Unsendable("no_content")
        return data.decode("utf-8", "replace")

    async def _file(self, attachment: Attachment) -> File:
        data = await self._gateway.blob(attachment.blob)
        if data is None:
            raise Unsendable("no_attachment")
        return File(name=attachment.name, type=attachment.type, data=data)
