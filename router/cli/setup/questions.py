"""The questions of `firstline init`, asked on a terminal until the answers hold and the mail servers take them.

Everything is said on standard error, so that the result can be read from standard output. Ctrl-C ends it at any
question, and nothing was written.
"""

import unicodedata
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar, get_args

import msgspec
import typer

from channels.email.addresses import domain_of
from channels.email.probe import Code, Trouble, send_test_mail, try_imap, try_smtp
from channels.email.settings import Imap, Smtp
from router.cli.console import say
from router.cli.running import run
from router.cli.setup import answers as a
from router.cli.setup import guesses

_Server = TypeVar("_Server", Imap, Smtp)
_PORT_MAX: Final = 65_535

_CORRECTED: dict[Code, tuple[str, ...]] = {
    "host_unknown": ("host",),
    "port_closed": ("host", "port", "tls"),
    "no_answer": ("host", "port", "tls"),
    "certificate": ("host", "ca_file"),
    "ca_file": ("ca_file",),
    "tls": ("port", "tls"),
    "login_refused": ("user", "password"),
    "inbox": ("inbox",),
    "sender_refused": ("user", "password"),
    "mail_server": ("host", "port", "tls"),
}
"""What is asked again after which trouble."""

_FIRST = ("host", "port", "tls", "user", "password")
_LABELS = {
    "host": "Host",
    "port": "Port",
    "tls": "TLS",
    "user": "User",
    "password": "Password",
    "ca_file": "File with the certificate to trust (Enter for none)",
    "inbox": "Folder",
}


def ask() -> a.Answers:
    """Ask everything. Raises typer.Abort when the person goes away."""
    say("Firstline asks what it needs; Enter takes what stands in brackets, Ctrl-C leaves without a trace.\n")
    name = _text("Name of the service", "Service desk")
    languages = _text("Its languages (of fr, nl, de, en)", " ".join(a.LANGUAGES), _languages)
    mailbox = _mailbox(name)
    chat = _chat(domain_of(mailbox.address) if mailbox is not None else "")
    if mailbox is None and chat is None:
        say("Neither mail nor chat: only what other programs send as events will come in.")
        chat = a.Chat(site="desk.example")
    say("\nWho leads it? They see everything and may change everything.")
    leader = _person(a.Person(login="leader"), ())
    say("\nWho answers? First line takes everything first; specialists take what is escalated.")
    return a.Answers(
        name=name, languages=languages, mailbox=mailbox, chat=chat, leader=leader, agents=_agents(languages, leader)
    )


# -- mail ---------------------------------------------------------------------------------------------------


def _mailbox(service: str) -> a.Mailbox | None:
    address = _text("\nMail address of the service (Enter for none)", "", _or_nothing(_right(a.wrong_address)))
    if not address:
        return None
    title = _text("Name that customers see beside it", service)
    say("\nWhere is its mailbox (IMAP)? Each mail in it becomes work, and then moves to the folder Processed.")
    imap = _working(_server(run(guesses.imap_of(address)), guesses.imap_tls), _imap_found)
    say("\nThrough which server is its mail sent (SMTP)? Enter keeps the user and password of the mailbox.")
    smtp = _working(
        _server(run(guesses.smtp_of(address, imap)), guesses.smtp_tls), lambda smtp: _smtp_found(smtp, address)
    )
    _test_mail(smtp, address)
    return a.Mailbox(address=address, title=title, imap=imap, smtp=smtp)


def _server(guess: _Server, usual_tls: Callable[[int], str]) -> _Server:
    """All about a server; the kind of TLS that its port suggests is the default."""
    for field in _FIRST:
        if field == "tls":
            guess = msgspec.structs.replace(guess, tls=usual_tls(guess.port))
        guess = _asked(guess, field)
    return guess


def _asked(server: _Server, field: str) -> _Server:
    """The server with one thing asked again."""
    old = getattr(server, field)
    match field:
        case "user" if isinstance(server, Smtp):
            value = _text(f"{_LABELS[field]} (- for none)", old, lambda text: "" if text == "-" else text)
        case "password" if not server.user:
            value = ""
        case "password":
            value = _secret(_LABELS[field], old, a.wrong_secret)
        case "port":
            value = _text(_LABELS[field], str(old), _port)
        case "tls":
            kinds = _tls_of(server)
            label = f"{_LABELS[field]}: {', '.join(kinds)} (implicit: from the start)"
            value = _text(label, old, _one_of(kinds))
        case "ca_file":
            value = _text(_LABELS[field], old, str)
        case _:
            value = _text(_LABELS[field], old)
    return msgspec.structs.replace(server, **{field: value})


def _tls_of(server: Imap | Smtp) -> tuple[str, ...]:
    return ("implicit", "none") if isinstance(server, Imap) else ("implicit", "starttls", "none")


def _working(server: _Server, try_: Callable[[_Server], Coroutine[Any, Any, str]]) -> _Server:
    """The server once it works, or once the person wants to go on although it does not."""
    while True:
        say(f"Trying {server.host} ...")
        try:
            say(run(try_(server)))
        except Trouble as trouble:
            say(f"It does not work: {trouble}")
            if not typer.confirm("Correct it? (no: go on as it is)", default=True, err=True):
                return server
            for field in _CORRECTED[trouble.code]:
                server = _asked(server, field)
            continue
        return server


async def _imap_found(imap: Imap) -> str:
    found = await try_imap(imap)
    waiting = f" {found.waiting} mails are in it: they become work at the first start." if found.waiting else ""
    pushes = "" if found.pushes else " Its server does not push, so new mail is seen within a minute."
    return f"The mailbox works.{waiting}{pushes}{_unprotected(imap)}"


async def _smtp_found(smtp: Smtp, address: str) -> str:
    await try_smtp(smtp, address)
    return f"Mail can be sent.{_unprotected(smtp)}"


def _unprotected(server: Imap | Smtp) -> str:
    open_ = server.tls == "none" and not guesses.is_local(server.host)
    return " Without TLS everybody on the way can read the password and the mail." if open_ else ""


def _test_mail(smtp: Smtp, address: str) -> None:
    rcpt = _text("Send a test mail to (Enter for nobody)", "", _or_nothing(_right(a.wrong_address)))
    if rcpt:
        ending = run(send_test_mail(smtp, address, rcpt))
        sent = ending.result == "sent"
        say("Sent: look whether it arrives." if sent else f"The server did not take it ({ending.code}).")


# -- chat and people ----------------------------------------------------------------------------------------


def _chat(domain: str) -> a.Chat | None:
    default = domain or "desk.example"
    site = _text(
        "\nChat: the host name of your web site (- for no chat)", default, _or_nothing(_right(a.wrong_site), "-")
    )
    if not site:
        return None
    origins = _text("Addresses of the pages that may open it", f"https://{site}", _origins)
    return a.Chat(site=site, origins=origins)


def _agents(languages: tuple[a.Language, ...], leader: a.Person) -> tuple[a.Agent, ...]:
    found: list[a.Agent] = []
    for number, login in enumerate(("first", "specialist")):
        say(f"\n{('First line', 'Specialist')[number]}:")
        found.append(_agent(a.Agent(login=login, line=(1, 2)[number]), languages, [leader, *found]))
    while typer.confirm("\nSomebody else?", default=False, err=True):
        line = _text("First line (1) or specialist (2)", "1", _one_of(("1", "2")))
        guess = a.Agent(login=f"agent{len(found) + 1}", line=1 if line == "1" else 2)
        found.append(_agent(guess, languages, [leader, *found]))
    for language in languages:
        if not any(language in agent.languages for agent in found if agent.line == 1):
            say(f"Nobody in the first line speaks {language}: what asks for it will wait. Correct centre.yaml later.")
    return tuple(found)


def _agent(guess: a.Agent, languages: tuple[a.Language, ...], others: list[a.Person]) -> a.Agent:
    person = _person(guess, [other.login for other in others])
    spoken = languages
    if len(languages) > 1:
        spoken = _text("Speaks", " ".join(languages), lambda text: _languages(text, among=languages))
    return a.Agent(login=person.login, name=person.name, password=person.password, line=guess.line, languages=spoken)


def _person(guess: a.Person, taken: list[str] | tuple[()]) -> a.Person:
    def free(text: str) -> str:
        if text in taken:
            raise typer.BadParameter("somebody has this login already")
        return _right(a.wrong_login)(text)

    name = _text("Name")
    login = _text("Login", _login_of(name) or guess.login, free)
    label = "First password (Enter to have one made)"
    password = _secret(label, "", lambda text: a.wrong_password(text, login) if text else "")
    return a.Person(login=login, name=name, password=password)


def _login_of(name: str) -> str:
    """The first name without accents, when that is a login."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    first = plain.strip().partition(" ")[0].lower()
    return "" if a.wrong_login(first) else first


# -- one question -------------------------------------------------------------------------------------------


def _text(label: str, default: str | None = None, check: Callable[[str], Any] | None = None) -> Any:
    """One answer, asked until it passes. Without a default it may not be empty."""
    shown = bool(default)
    return typer.prompt(label, default=default, show_default=shown, value_proc=check or _said, err=True)


def _secret(label: str, default: str, wrong: Callable[[str], str]) -> str:
    """An answer that is not shown; Enter keeps the default."""
    kept = f"{label} (Enter keeps it)" if default else label
    while True:
        given: str = typer.prompt(kept, default=default, show_default=False, hide_input=True, err=True)
        if not (said := wrong(given)):
            return given
        say(f"Error: {said}")


def _said(text: str) -> str:
    if not text.strip():
        raise typer.BadParameter("say something")
    return text.strip()


def _right(wrong: Callable[[str], str]) -> Callable[[str], str]:
    """The answer as it is, if nothing is wrong with it."""

    def check(text: str) -> str:
        if said := wrong(text):
            raise typer.BadParameter(said)
        return text

    return check


def _or_nothing(check: Callable[[str], str], nothing: str = "") -> Callable[[str], str]:
    return lambda text: "" if text.strip() == nothing else check(text.strip())


def _one_of(choices: tuple[str, ...]) -> Callable[[str], str]:
    def check(text: str) -> str:
        if text not in choices:
            raise typer.BadParameter(f"say one of {', '.join(choices)}")
        return text

    return check


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _PORT_MAX:
        raise typer.BadParameter("a port is a number, such as 993")
    return int(text)


def _languages(text: str, among: tuple[a.Language, ...] = get_args(a.Language)) -> tuple[a.Language, ...]:
    words = text.replace(",", " ").lower().split()
    found = tuple(language for language in among if language in words)
    if not found or len(found) != len(set(words)):
        raise typer.BadParameter(f"say one or more of {' '.join(among)}")
    return found


def _origins(text: str) -> tuple[str, ...]:
    found = tuple(text.replace(",", " ").split())
    for origin in found:
        _right(a.wrong_origin)(origin)
    return found
