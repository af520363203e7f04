"""A person's first hour, with a browser and the README only: `firstline init`, `firstline serve`, and a team works.

A real Dovecot and a real SMTP server stand for the outside; whoever types, reads and waits here knows no more than what
the screens say.
"""

import asyncio
import smtplib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.cli.test_init import ANN, Here, interviewed
from tests.email.conftest import dovecot
from tests.email.post import mail
from tests.email.servers import Dovecot, opensmtpd
from tests.support import eventually_true
from tests.web.person import Person

__all__ = ["dovecot"]
pytestmark = [pytest.mark.service, pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

NEW = "a sentence of my own"
MAIL_S = 30.0  # a letter goes through two servers
OUTER_MS = 30_000


@pytest.fixture
def relay(dovecot: Dovecot) -> Iterator[int]:
    """The port of the mail server of the outside."""
    with opensmtpd(dovecot.lmtp_port) as port:
        yield port


@asynccontextmanager
async def arrives(browser: Browser, url: str) -> AsyncIterator[Person]:
    """Somebody opens a browser."""
    person = await Person.open(browser, url)
    yield person
    await person.leave()


async def test_first_hour(browser: Browser, dovecot: Dovecot, relay: int, tmp_path: Path) -> None:
    """Mail: answered, escalated, answered by the specialist in a second browser; the customer sees one thread.
    Chat: to and fro, over a reload of the customer's page."""
    here = Here(tmp_path)
    desk, customer = dovecot.new_user(), dovecot.new_user()
    logins = await asyncio.to_thread(interviewed, here, dovecot, desk, relay)
    with here.served():
        async with arrives(browser, here.url) as ann, arrives(browser, here.url) as bob:
            await ann.sign_in("ann", ANN)
            await reads_english(ann)
            await ann.press("I am ready")
            send(relay, customer, desk)
            await first_line(ann)
            await chooses_a_password(bob, "bob", logins["bob"]["password"])
            await bob.press("I am ready")
            await specialist(bob)
            await asyncio.to_thread(eventually_true, lambda: dovecot.count(customer) == 2, MAIL_S)
            async with arrives(browser, here.url) as visitor:
                await chats(visitor, ann)
    first, second = letters(dovecot, customer)
    one_thread(first, second)


async def reads_english(person: Person) -> None:
    """A desk speaks the first language of its agent; each reader may choose another."""
    await person.page.locator("select:has(option[value=en])").first.select_option("en")


def send(relay: int, customer: str, desk: str) -> None:
    """The customer writes."""
    with smtplib.SMTP("127.0.0.1", relay) as out:
        said = mail(sender=f"{customer}@customer.example", To=f"{desk}@desk.example", Subject="My form")
        out.sendmail(f"{customer}@customer.example", [f"{desk}@desk.example"], said)


async def first_line(ann: Person) -> None:
    """What is offered is accepted, answered, and as it needs a specialist, escalated."""
    accept = ann.page.locator(".offer").get_by_role("button", name="Accept")
    await accept.click(timeout=OUTER_MS)
    await ann.page.get_by_label("Reply", exact=True).fill("I ask our specialist.")
    await ann.press("Send")
    await expect(ann.page.locator(".said.agent").last).to_contain_text("I ask our specialist.")
    await ann.press("Escalate")
    dialog = ann.page.get_by_role("dialog")
    await dialog.get_by_label("Reason").select_option(index=1)
    await dialog.get_by_label("Note for the specialists").fill("The form is of 1998.")
    await dialog.get_by_role("button", name="Escalate", exact=True).click()
    await ann.sees("You are ready")


async def chooses_a_password(person: Person, login: str, first: str) -> None:
    """A first password opens nothing but the choice of one's own."""
    await person.page.goto(person.url)
    await person.page.locator("input[autocomplete=username]").fill(login)
    await person.page.locator("input[autocomplete=current-password]").fill(first)
    await person.page.locator("button[type=submit]").click()
    new = person.page.locator("input[autocomplete=new-password]")
    await expect(new).to_have_count(2)
    await new.nth(0).fill(NEW)
    await new.nth(1).fill(NEW)
    await person.press("Save and go on")
    await person.page.wait_for_url(lambda url: url.endswith("/agent"))


async def specialist(bob: Person) -> None:
    """The specialist sees the whole story, answers and closes."""
    await bob.page.locator(".offer").get_by_role("button", name="Accept").click(timeout=OUTER_MS)
    await bob.sees("I ask our specialist.")
    await bob.sees("The form is of 1998.")
    await bob.page.get_by_label("Reply", exact=True).fill("Take the new form.")
    await bob.press("Send")
    await expect(bob.page.locator(".said.agent").last).to_contain_text("Take the new form.")
    await bob.page.get_by_role("combobox", name="About").select_option(index=1)
    await bob.page.get_by_role("combobox", name="Outcome").select_option(index=1)
    await bob.page.locator(".side").get_by_role("button", name="Close", exact=True).click()
    await bob.sees("You are ready")


async def chats(visitor: Person, ann: Person) -> None:
    """A customer chats with the first line, and reloads in the middle of it."""
    await visitor.page.goto(f"{visitor.url}/chat?site=desk.example")
    await visitor.press("Begin")
    await visitor.page.get_by_label("Your message").fill("Are you open on Sunday?")
    await visitor.page.keyboard.press("Enter")
    await ann.page.locator(".offer").get_by_role("button", name="Accept").click(timeout=OUTER_MS)
    await ann.sees("Are you open on Sunday?")
    await ann.page.get_by_label("Reply", exact=True).fill("Until noon.")
    await ann.press("Send")
    await visitor.sees("Until noon.")
    await visitor.page.reload()
    await expect(visitor.page.get_by_role("log")).to_contain_text("Are you open on Sunday?")
    await expect(visitor.page.get_by_role("log")).to_contain_text("Until noon.")
    await visitor.page.get_by_label("Your message").fill("Thank you!")
    await visitor.page.keyboard.press("Enter")
    await ann.sees("Thank you!")


def letters(dovecot: Dovecot, customer: str) -> list[EmailMessage]:
    """The customer's mailbox."""
    with dovecot.as_person(customer) as theirs:
        theirs.select()
        found = [theirs.fetch(str(number), "(RFC822)")[1][0] for number in (1, 2)]
    return [message_from_bytes(one[1], policy=policy.default) for one in found if isinstance(one, tuple)]


def one_thread(first: EmailMessage, second: EmailMessage) -> None:
    """Both answer the customer's own letter (mail programs go by that), under one subject with one reference."""
    assert first["In-Reply-To"] == second["In-Reply-To"] != ""
    assert first["In-Reply-To"] in first["References"]
    assert first["In-Reply-To"] in second["References"]
    assert first["Subject"] == second["Subject"]
    assert first["Subject"].startswith("Re: My form [")
    assert "I ask our specialist." in first.get_content()
    assert "Take the new form." in second.get_content()
