"""What `firstline init` has to know, whether a person answered its questions or a file did.

It asks nothing and writes nothing. Passwords may be left out: they are then made up. In a file they may be written
`env:NAME` or `file:PATH`, like in `firstline.toml`.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import msgspec
import yaml
from msgspec import Meta

from channels.email.addresses import is_address
from channels.email.settings import Imap, MailboxSettings, Smtp
from router.api.passwords import check_password
from router.api.problems import Problem
from router.cli.accounts import LOGIN
from router.cli.outcome import CommandError, Exit
from router.settings import resolved

Language: TypeAlias = Literal["fr", "nl", "de", "en"]
LANGUAGES: tuple[Language, ...] = ("fr", "nl", "de", "en")
SITE = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
ORIGIN = re.compile(r"https?://[^/\s?#]+")


class _Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class Mailbox(_Answer, frozen=True, kw_only=True):
    """The mailbox of the service: read by IMAP, answered from by SMTP. `title` is what customers see beside it."""

    address: str
    title: str = ""
    imap: Imap
    smtp: Smtp

    def settings(self) -> MailboxSettings:
        """As in `firstline.toml`, under a name made of the address."""
        name = re.sub(r"[^a-z0-9]+", "-", self.address.partition("@")[0].lower()).strip("-") or "mailbox"
        return MailboxSettings(name=name, address=self.address, title=self.title, imap=self.imap, smtp=self.smtp)


class Person(_Answer, frozen=True, kw_only=True):
    """Somebody who logs in. Without a password one is made up."""

    login: str
    name: str = ""
    password: str = ""


class Agent(Person, frozen=True, kw_only=True):
    """Somebody who answers: in the first line (1) or as a specialist behind it (2). No languages named means all."""

    line: Literal[1, 2] = 1
    languages: tuple[Language, ...] = ()


class Chat(_Answer, frozen=True, kw_only=True):
    """The chat of a site. Pages on these `origins` may open it, and those of Firstline itself."""

    site: str
    origins: tuple[str, ...] = ()


class Answers(_Answer, frozen=True, kw_only=True):
    """Everything. `mailbox` or `chat` may be left out, not both."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    languages: Annotated[tuple[Language, ...], Meta(min_length=1)] = LANGUAGES
    mailbox: Mailbox | None = None
    chat: Chat | None = None
    leader: Person
    agents: Annotated[tuple[Agent, ...], Meta(min_length=1)]

    @property
    def people(self) -> tuple[Person, ...]:
        """Everybody who logs in."""
        return (self.leader, *self.agents)


def read(file: Path, environ: Mapping[str, str] = os.environ) -> Answers:
    """The answers of a YAML file. Raises CommandError with what is wrong."""
    try:
        plain = yaml.safe_load(file.read_bytes())
        answers = msgspec.convert(resolved(plain, environ), Answers)
    except OSError as error:
        raise CommandError(Exit.ENVIRONMENT, f"{error.filename or file} cannot be read: {error.strerror}.") from error
    except yaml.YAMLError as error:
        raise CommandError(Exit.FAILED, f"{file} is not YAML: {error}") from error
    except ValueError as error:
        raise CommandError(Exit.FAILED, f"{file}: {error}. See 'firstline init --help'.") from error
    if wrong := problems(answers):
        raise CommandError(Exit.FAILED, "\n".join(f"{file}: {problem}" for problem in wrong), problems=wrong)
    return answers


def problems(answers: Answers) -> list[str]:
    """What is wrong with the answers as a whole, and each of them."""
    wrong = [said for person in answers.people for said in (wrong_login(person.login), _wrong_password(person)) if said]
    logins = [person.login for person in answers.people]
    wrong += [f"the login {login} is given twice" for login in sorted(set(logins)) if logins.count(login) > 1]
    spoken = {language for agent in answers.agents for language in agent.languages or answers.languages}
    wrong += [f"nobody speaks {language}" for language in answers.languages if language not in spoken]
    wrong += [f"{language} is not a language of the service" for language in sorted(spoken - set(answers.languages))]
    if answers.mailbox is not None:
        wrong += _wrong_mailbox(answers.mailbox)
    if answers.chat is not None:
        found = (wrong_site(answers.chat.site), *(wrong_origin(origin) for origin in answers.chat.origins))
        wrong += [said for said in found if said]
    if answers.mailbox is None and answers.chat is None:
        wrong.append("there is neither a mailbox nor a chat: nothing would come in")
    return wrong


def wrong_login(login: str) -> str:
    """What is wrong with a login; empty if nothing is."""
    if login == "me":
        return "'me' is what everybody calls themselves: take another login"
    return "" if LOGIN.fullmatch(login) else f"'{login}' is no login: at most 64 characters, a-z, 0-9 and . _ @ + -"


def wrong_password(password: str, login: str) -> str:
    """What is wrong with a first password; empty if nothing is."""
    try:
        check_password(password, login)
    except Problem as problem:
        return problem.detail.rstrip(".")
    return ""


def wrong_address(address: str) -> str:
    """What is wrong with a mail address; empty if nothing is."""
    return "" if is_address(address) else f"'{address}' is no mail address: write it like help@desk.example"


def wrong_secret(secret: str) -> str:
    """Why a mail password cannot be kept in a file; empty if it can."""
    plain = secret == secret.strip() and "\n" not in secret
    return "" if plain else "a mail password cannot begin or end with a space"


def wrong_site(site: str) -> str:
    """What is wrong with the address of a chat site; empty if nothing is."""
    return "" if SITE.fullmatch(site) else f"'{site}' is no site: write the name of its host, like desk.example"


def wrong_origin(origin: str) -> str:
    """What is wrong with the origin of a page; empty if nothing is."""
    return "" if ORIGIN.fullmatch(origin) else f"'{origin}' is no origin: write it like https://desk.example"


def _wrong_password(person: Person) -> str:
    said = wrong_password(person.password, person.login) if person.password else ""
    return f"{person.login}: {said}" if said else ""


def _wrong_mailbox(mailbox: Mailbox) -> list[str]:
    found = (wrong_address(mailbox.address), wrong_secret(mailbox.imap.password), wrong_secret(mailbox.smtp.password))
    return [said for said in found if said]
