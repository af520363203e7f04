"""Customers who write mails into the inbox; some write again in the same thread, some send a file."""

import asyncio
from email.message import EmailMessage

from tests.chaos import centre, limits
from tests.chaos.journal import Put
from tests.chaos.servers import Dovecot
from tests.chaos.stage import Stage


class Writers:
    """They hand their mails to the mail server itself, which keeps its word whatever happens to the nodes."""

    def __init__(self, stage: Stage, dovecot: Dovecot) -> None:
        self._stage = stage
        self._dovecot = dovecot

    async def write(self) -> None:
        """One customer: a mail, perhaps another one."""
        sender = f"{self._stage.mark('customer')}@customers.example"
        first = await self._send(sender)
        if first and self._stage.chances(limits.SHARES["follow_up"]):
            await self._stage.linger(limits.FOLLOW_UP_S)
            await self._send(sender, first)

    async def _send(self, sender: str, earlier: str = "") -> str:
        """Put a mail into the inbox; its Message-ID, or '' when the mail server did not say that it has it."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = sender, centre.MAILBOX, "My file"
        mail["Message-ID"] = id = f"<{self._stage.mark('mail')}@customers.example>"
        if earlier:
            mail["In-Reply-To"] = mail["References"] = earlier
        mail.set_content("Good day,\n\nI wrote to you last month and have heard nothing.\n")
        if self._stage.chances(limits.SHARES["file"]):
            data = self._stage.chance.randbytes(limits.FILE_BYTES)
            mail.add_attachment(data, maintype="application", subtype="pdf", filename="file.pdf")
        try:
            await self._dovecot.deliver(mail.as_bytes(), sender)
        except (OSError, asyncio.IncompleteReadError):
            self._stage.counts["mail not delivered"] += 1
            return ""
        self._stage.note(Put(message_id=id, sender=sender))
        self._stage.counts["mails"] += 1
        return id
