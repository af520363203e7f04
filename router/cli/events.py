"""`firstline event send FILE`: post CloudEvents as an integrator does."""

import sys
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from router.cli import limits
from router.cli.client import UNAVAILABLE, Server, connected, told
from router.cli.console import emit, say, show
from router.cli.options import Json, Login, Url, url_of
from router.cli.outcome import CommandError, Exit
from router.cli.running import run

_BATCH = "application/cloudevents-batch+json"
_raw = msgspec.json.Decoder(msgspec.Raw)
_raws = msgspec.json.Decoder(list[msgspec.Raw])


class _Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the server said of one event: where it led to, the receipt that will say so, or why it was refused."""

    event: str
    status: int
    conversation: str = ""
    item: str = ""
    receipt: str = ""
    position: int = 0
    duplicate: bool = False
    problem: dict[str, Any] = {}


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(no_args_is_help=True, help="Events of integrators.")
    group.command()(send)
    group.callback()(lambda: None)
    app.add_typer(group, name="event")


def send(
    file: Annotated[Path, typer.Argument(help="The events; - is standard input.", show_default=False)],
    url: Url = "",
    login: Login = "",
    json: Json = False,
) -> None:
    """Send one CloudEvent, a list of them, or one per line, in their order; show each answer.

    An event that was sent before changes nothing and gets the same answer. Ends with 3 if any was refused.
    """
    events = _events(_read(file))
    answers = run(_send(events, url_of(url), login, json))
    away = sum(answer.status in UNAVAILABLE for answer in answers)
    refused = sum(answer.status >= HTTPStatus.BAD_REQUEST for answer in answers) - away
    if away:
        raise CommandError(
            Exit.UNREACHABLE,
            f"{away} of {len(events)} could not be taken now. Send the file again: the others are not taken twice.",
        )
    if refused:
        raise CommandError(Exit.REFUSED, f"{refused} of {len(events)} were refused.")


async def _send(events: list[bytes], url: str, login: str, json: bool) -> list[_Answer]:
    answers: list[_Answer] = []
    async with connected(url, login) as server:
        for batch in _batches(events):
            for answer in await _posted(server, batch):
                answers.append(answer)
                if json:
                    emit(answer)
                else:
                    show(_line(answer))
    return answers


async def _posted(server: Server, batch: list[bytes]) -> list[_Answer]:
    data = b"[" + b",".join(batch) + b"]"
    answer = await server.request("POST", "/api/v1/events", data=data, content_type=_BATCH, wait_s=limits.EVENTS_WAIT_S)
    results = zip(batch, answer.body["results"], strict=True)
    return [msgspec.convert({"event": _id(event), **result}, _Answer) for event, result in results]


def _id(event: bytes) -> str:
    """The id of an event, for telling answers apart; empty for something that has none."""
    found = msgspec.json.decode(event)
    return str(found.get("id", "")) if isinstance(found, dict) else ""


def _line(answer: _Answer) -> str:
    """An answer for a person: the event, then what it led to."""
    if answer.problem:
        return f"{answer.event}: refused {told(answer.problem)}"
    said = [f"conversation {answer.conversation}, item {answer.item}" if answer.item else f"receipt {answer.receipt}"]
    said += ["was sent before"] if answer.duplicate else []
    return f"{answer.event}: {', '.join(said)}"


def _read(file: Path) -> bytes:
    try:
        data = sys.stdin.buffer.read(limits.FILE_BYTES_MAX + 1) if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise CommandError(Exit.ENVIRONMENT, f"{file} cannot be read: {error.strerror}.") from error
    if len(data) > limits.FILE_BYTES_MAX:
        raise CommandError(Exit.USAGE, f"The file is larger than {limits.FILE_BYTES_MAX >> 20} MiB. Split it.")
    return data


def _events(data: bytes) -> list[bytes]:
    """The events of a file, each as its JSON. Raises CommandError, naming the line, for what is none."""
    text = data.removeprefix(b"\xef\xbb\xbf").strip()
    try:
        if text.startswith(b"["):
            return [bytes(part) for part in _raws.decode(text)]
        return [bytes(_raw.decode(text))]
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        lines = text.splitlines()
        if text.startswith(b"[") or len(lines) < 2 or lines[0].strip() == b"{":
            raise CommandError(Exit.FAILED, f"The file is not JSON: {error}. Nothing was sent.") from error
    return [_event(number, line) for number, line in enumerate(lines, start=1) if line.strip()]


def _event(number: int, line: bytes) -> bytes:
    try:
        return bytes(_raw.decode(line))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CommandError(Exit.FAILED, f"Line {number} is not JSON: {error}. Nothing was sent.") from error


def _batches(events: list[bytes]) -> Iterator[list[bytes]]:
    """The events in order, as many at once as the server takes."""
    batch: list[bytes] = []
    size = 0
    for event in events:
        full = len(batch) == limits.EVENTS_PER_REQUEST_MAX or size + len(event) > limits.EVENTS_BYTES_MAX
        if batch and full:
            yield batch
            batch, size = [], 0
        batch.append(event)
        size += len(event)
    if batch:
        yield batch
    else:
        say("There is no event in the file.")
