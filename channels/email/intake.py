"""A mail that came in, into one command: whatever dies in between, each incoming mail has exactly one effect.

All ids follow from the mail itself (keyed hashes), so that a mail taken twice proposes the same things under the same
key. What recognises a mail is its mailbox and its bytes, not its UID (a mailbox may renumber) and not its Message-ID
(it may be missing, used twice, or forged to suppress somebody's mail). A mail in two mailboxes is two mails: each
mailbox is a door of its own.
"""

import asyncio
import hashlib
from typing import Final, Protocol

import msgspec
import structlog

from channels.classified import Came, Classified, classified
from channels.customer import known_by, pseudonym
from channels.email.addresses import canonical, door
from channels.email.limits import (
    CONTENT_BYTES_MAX,
    HASH_BYTES_INLINE_MAX,
    KEEP_ADDRESSES_MAX,
    KEEP_REFERENCES_MAX,
    MAIL_BYTES_MAX,
    OUTCOME_S_MAX,
)
from channels.email.parse import Parsed, parse_headers
from channels.email.subject import reference_in
from channels.email.threads import issued, thread_keys
from channels.entry import Given, Party, customer_of, facts_of
from channels.insight import BLIND
from channels.keyed import keyed
from channels.message import own_key
from channels.quote import Quote, checked, quoted
from channels.thread import remembered
from queues.entry_point import EntryPoint
from router.core.commands import ReceiveMessage
from router.core.facts import Facts, MessageFacts
from router.gateway import Attachment, Content, Gateway, History, Insight, Receipt, Thread

_log = structlog.get_logger("email.intake")


NOTHING: Final = Given()
"""What a mail that came by itself says beside itself."""


class UnknownAddress(Exception):
    """No entry point of the centre has this address, and none is the default."""


class MailRefused(Exception):
    """The core would not have this mail. The code says why; the mail stays where it is."""


class MailParser(Protocol):
    """Parses in bounded time and memory, and never raises for what a mail holds."""

    async def parse(self, raw: bytes) -> Parsed: ...


class Whose(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a mail is from (`sender` decides which threads it may join), and where to answer."""

    sender: Party
    answer: Party
    automatic: bool

    @property
    def answers_sender(self) -> bool:
        """Whether an answer goes to whoever wrote: a reference in a forged mail must not turn one aside."""
        return canonical(self.answer.address) == self.sender.address

    def pseudonym(self, secret: bytes) -> str:
        """Their address, as the log knows it: threads keep to it, whosever it is said to be."""
        return pseudonym(secret, self.sender.address)


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """The conversation of a mail; `before` is how far it has come, None for a new one."""

    conversation: str
    keys: tuple[str, ...]
    before: Thread | None = None


class MailIntake:
    """Takes mails in, from whatever brings them. `default` is the entry point for addresses that no other has."""

    def __init__(  # one collaborator each, wired once
        self,
        gateway: Gateway,
        history: History,
        parser: MailParser,
        *,
        secret: bytes,
        default: str = "",
        bytes_max: int = MAIL_BYTES_MAX,
        insight: Insight = BLIND,
    ) -> None:
        self._gateway = gateway
        self._history = history
        self._parser = parser
        self._secret = secret
        self._default = default
        self._bytes_max = bytes_max
        self._insight = insight

    def entry_point(self, rcpt: str) -> EntryPoint:
        """The entry point that a recipient's address belongs to. Raises UnknownAddress."""
        wanted = (canonical(rcpt), door(rcpt))
        points = self._gateway.state.entry_points
        for point in points.values():
            if point.channel == "email" and canonical(point.address) in wanted:
                return point
        default = points.get(self._default)
        if default is None or default.channel != "email":
            raise UnknownAddress
        return default

    async def take(self, mailbox: str, raw: bytes, *, rcpt: str, given: Given = NOTHING) -> Receipt:
        """Make a mail durable; the same mail again does nothing more. `given` is what an integrator says beside it.

        Raises UnknownAddress, MailRefused (the core's rejection) and StoreError (nothing promised).
        """
        natural = keyed(self._secret, "mail", mailbox, await _fingerprint(raw))
        if len(raw) > self._bytes_max:
            return await self._take(natural, raw, rcpt=rcpt, given=given, problem="too_large")
        return await self._take(natural, raw, rcpt=rcpt, given=given)

    async def take_headers(self, mailbox: str, head: bytes, *, size: int, rcpt: str, problem: str) -> Receipt:
        """An item for a mail that could not be had whole: its headers, its size in bytes, and a code for why.

        Raises as `take`.
        """
        natural = keyed(self._secret, "mail-head", mailbox, hashlib.sha256(head).hexdigest(), str(size))
        return await self._take(natural, head, rcpt=rcpt, given=NOTHING, problem=problem, whole=False)

    async def _take(
        self, natural: str, raw: bytes, *, rcpt: str, given: Given, problem: str = "", whole: bool = True
    ) -> Receipt:
        entry = self.entry_point(rcpt)
        key = f"mail:{natural}"
        if natural in self._gateway.state.naturals or await self._history.find_natural(natural):
            return Receipt(key=key, command=0, duplicate=True)
        parsed = parse_headers(raw, problem) if problem else await self._parser.parse(raw)
        whose = self._whose(parsed)
        reference = checked(given.reference) or reference_in(parsed.subject)
        quote = await quoted(self._gateway, self._history, reference)
        given = quote.noted(given) if given.reference else given
        said = self._with_language(entry, parsed, given)
        found_out = await self._classified(entry, parsed, whose, said, rcpt=rcpt)
        facts, contents = self._facts(natural, entry, parsed, whose, said, found=found_out)
        going_on = quote if whose.answers_sender and quote.going_on("email", facts.customer) else Quote()
        content = await self._content(parsed, raw, whole=whole)
        found = await self._find(natural, entry, parsed, whose, going_on)
        command = self._command(
            natural, whose=whose, found=found, facts=quote.marked(facts, found.conversation), size=len(content)
        )
        contents[command.message.content] = content
        receipt = await self._gateway.submit(
            command, key=key, by=f"email:{entry.id}", correlation=natural, contents=contents, fingerprint=natural
        )
        await self._check_taken(receipt, natural)
        return receipt

    async def _check_taken(self, receipt: Receipt, natural: str) -> None:
        outcome = await self._gateway.outcome(receipt, OUTCOME_S_MAX)
        if outcome is not None and outcome.rejection:
            _log.error("mail_refused", natural=natural, code=outcome.rejection, alarm=True)
            raise MailRefused(outcome.rejection)
        _log.info("mail_taken", natural=natural, duplicate=receipt.duplicate, **(outcome.refs if outcome else {}))

    def _whose(self, parsed: Parsed) -> Whose:
        points = self._gateway.state.entry_points.values()
        ours = {canonical(point.address) for point in points if point.channel == "email"}
        people = [pair for pair in (*parsed.reply_to, parsed.sender) if pair[1] and door(pair[1]) not in ours]
        name, address = people[0] if people else parsed.sender
        is_ours = door(parsed.sender[1]) in ours
        sender = (name, address) if is_ours else parsed.sender
        return Whose(
            sender=Party(address=canonical(sender[1]), name=sender[0]),
            answer=Party(address=address, name=name),
            automatic=parsed.automatic or not people or bool(issued(self._secret, parsed.message_id)),
        )

    async def _find(self, natural: str, entry: EntryPoint, parsed: Parsed, whose: Whose, going_on: Quote) -> Found:
        """Where the mail belongs: to what we issued and what this customer used before, the nearest first; else to
        the conversation of theirs that they quote."""
        reported = [id for id in parsed.reported if issued(self._secret, id)]
        ids = [*reported, *_nearest(parsed.references), *([parsed.message_id] if parsed.message_id else [])]
        keys = thread_keys(self._secret, ids, door=entry.id, customer=whose.pseudonym(self._secret))
        state = self._gateway.state
        sent = [delivery for id in ids if (delivery := issued(self._secret, id)) in state.deliveries]
        named = [state.deliveries[delivery].conversation for delivery in sent]
        known = [*named, *(state.threads[key] for key in keys if key in state.threads)]
        there = [conversation for conversation in known if conversation in state.conversations]
        if there:
            id = next((id for id in there if self._came_through(id, entry)), there[0])
            before = remembered(state, id)
            return self._found(before.conversation if before is not None else id, keys, before)
        asked = (*keys, *(own_key(self._secret, conversation) for conversation in named))
        before = await self._history.find_thread(asked) if asked else None
        if before is not None:
            return self._found(before.conversation, keys, before)
        return self._found(going_on.conversation or self._id("conv", natural), keys, going_on.before)

    def _came_through(self, conversation: str, entry: EntryPoint) -> bool:
        """Whether the conversation is this door's own: of a mail to two doors, each keeps its answer."""
        state = self._gateway.state
        item = state.items.get(state.conversations[conversation].item)
        return item is not None and item.entry_point == entry.id

    def _found(self, conversation: str, keys: tuple[str, ...], before: Thread | None = None) -> Found:
        return Found(conversation=conversation, keys=(*keys, own_key(self._secret, conversation)), before=before)

    def _command(self, natural: str, *, whose: Whose, found: Found, facts: Facts, size: int) -> ReceiveMessage:
        before = found.before
        return ReceiveMessage(
            channel="email",
            conversation=found.conversation,
            item=self._id("item", natural),
            message=MessageFacts(
                id=self._id("msg", natural),
                content=self._id("txt", natural),
                size=size,
                natural_key=natural,
                thread_keys=found.keys,
                automatic=whose.automatic,
            ),
            facts=facts,
            reopens=before.item if before else "",
            reopen_count=before.reopen_count + 1 if before else 0,
            last_agent=before.last_agent if before else "",
            last_seq=before.seq if before else 0,
            reference=before.reference if before else "",
        )

    def _facts(
        self,
        natural: str,
        entry: EntryPoint,
        parsed: Parsed,
        whose: Whose,
        given: Given,
        *,
        found: Classified,
    ) -> tuple[Facts, dict[str, bytes]]:
        """The facts. The address lies with what an answer must name, for when the archive lacks this mail yet."""
        facts, contents = facts_of(
            self._gateway.state,
            entry,
            given,
            party=whose.sender,
            secret=self._secret,
            whose=self._history.whose,
            key=natural,
            found=found,
        )
        if facts.address:
            contents[facts.address] = msgspec.json.encode(
                Content(
                    address=whose.answer.address,
                    name=whose.answer.name,
                    subject=parsed.subject,
                    message_id=parsed.message_id,
                    references=_kept(parsed.references),
                    known_by=known_by(self._secret, "email", whose.sender.address),
                )
            )
        return facts, contents

    def _with_language(self, entry: EntryPoint, parsed: Parsed, given: Given) -> Given:
        """What is said of the mail, with the language of its headers where the entry point has one and lets mail say
        another. Where it has none the headers count last: they are often those of the program only."""
        skill = self._gateway.state.skills.get(parsed.language)
        speaks = "language" in entry.overrides and skill is not None and skill.kind == "language"
        if not speaks or given.language or not entry.language:
            return given
        return msgspec.structs.replace(given, language=parsed.language)

    async def _classified(
        self, entry: EntryPoint, parsed: Parsed, whose: Whose, given: Given, *, rcpt: str
    ) -> Classified:
        """What the rules say of the mail."""
        came = Came(
            entry=entry,
            customer=customer_of(self._secret, self._history.whose, given, whose.sender),
            to=tuple(canonical(address) for address in (rcpt, *parsed.to, *parsed.cc)[:KEEP_ADDRESSES_MAX]),
            sender=whose.sender.address,
            text=f"{parsed.subject}\n{parsed.text}",
            form=given.attributes,
            said=given.language,
            hinted=parsed.language if "language" in entry.overrides else "",
        )
        return await classified(lambda: self._gateway.state, came, self._insight)

    async def _content(self, parsed: Parsed, raw: bytes, *, whole: bool) -> bytes:
        """What lies beside the log: small texts here, everything large in blobs."""
        blob = await self._gateway.put_blob(raw)
        files = [
            Attachment(
                name=file.name,
                type=file.type,
                size=len(file.data),
                blob=await self._gateway.put_blob(file.data),
                cid=file.cid,
            )
            for file in parsed.files
        ]
        if parsed.problem:
            name = "mail.eml" if whole else "headers.txt"
            kind = "message/rfc822" if whole else "text/plain"
            files.append(Attachment(name=name, type=kind, size=len(raw), blob=blob))
        content = Content(
            text=parsed.text,
            html=parsed.html,
            subject=parsed.subject,
            address=parsed.sender[1],
            name=parsed.sender[0],
            to=parsed.to[:KEEP_ADDRESSES_MAX],
            cc=parsed.cc[:KEEP_ADDRESSES_MAX],
            message_id=parsed.message_id,
            references=_kept(parsed.references),
            raw=blob,
            attachments=tuple(files),
            problem=parsed.problem,
        )
        encoded = msgspec.json.encode(content)
        return encoded if len(encoded) <= CONTENT_BYTES_MAX else await self._slim(content)

    async def _slim(self, content: Content) -> bytes:
        text = await self._gateway.put_blob(content.text.encode("utf-8", "replace")) if content.text else ""
        html = await self._gateway.put_blob(content.html.encode("utf-8", "replace")) if content.html else ""
        return msgspec.json.encode(msgspec.structs.replace(content, text="", html="", text_blob=text, html_blob=html))

    def _id(self, prefix: str, natural: str) -> str:
        return f"{prefix}_{keyed(self._secret, prefix, natural)}"


async def _fingerprint(raw: bytes) -> str:
    """What tells mails apart; a large one is hashed beside the event loop."""
    if len(raw) <= HASH_BYTES_INLINE_MAX:
        return hashlib.sha256(raw).hexdigest()
    return (await asyncio.to_thread(hashlib.sha256, raw)).hexdigest()


def _nearest(references: tuple[str, ...]) -> list[str]:
    """The ids a mail answers, the nearest first, not too many."""
    return list(reversed(_kept(references)))


def _kept(references: tuple[str, ...]) -> tuple[str, ...]:
    if len(references) <= KEEP_REFERENCES_MAX:
        return references
    return (references[0], *references[1 - KEEP_REFERENCES_MAX :])
