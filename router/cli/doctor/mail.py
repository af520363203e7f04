"""Mailboxes and mail servers of the settings, tried out as `firstline init` tries them."""

from collections.abc import AsyncIterator

from channels.email.probe import Trouble, try_imap, try_smtp
from channels.email.settings import MailboxSettings, mailboxes
from router.cli.doctor.finding import Finding
from router.settings import Settings


async def look(settings: Settings, *, offline: bool) -> AsyncIterator[Finding]:
    """Each mailbox, reading and sending."""
    try:
        boxes = mailboxes(settings.mailboxes)
    except ValueError as error:
        yield Finding(check="settings", verdict="bad", what=str(error), mend="Correct it in firstline.toml")
        return
    for box in boxes if not offline else ():
        yield await _read(box)
        yield await _sent(box)


async def _read(box: MailboxSettings) -> Finding:
    if box.imap is None:
        return Finding(check="mailbox", verdict="good", what=f"{box.name} is not read")
    try:
        found = await try_imap(box.imap)
    except Trouble as trouble:
        return Finding(check="mailbox", verdict="bad", what=f"{box.name} [{trouble.code}]: {trouble}")
    pushes = "" if found.pushes else ", asked each minute (its server does not push)"
    return Finding(check="mailbox", verdict="good", what=f"{box.name} can be read, {found.waiting} waiting{pushes}")


async def _sent(box: MailboxSettings) -> Finding:
    if box.smtp is None:
        what = f"{box.name} sends nothing: replies leave through another mailbox, if there is one"
        return Finding(check="mail_server", verdict="warning", what=what, mend="Give it an smtp table")
    try:
        await try_smtp(box.smtp, box.address)
    except Trouble as trouble:
        return Finding(check="mail_server", verdict="bad", what=f"{box.name} [{trouble.code}]: {trouble}")
    return Finding(check="mail_server", verdict="good", what=f"{box.name} can send")
