"""Running the node from the command line: the event loop, and a node that lives for one command."""

import asyncio
import errno
import importlib
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from router import logs
from router.cli.client import reachable
from router.cli.console import say, show
from router.cli.options import settings_of, url_of
from router.cli.outcome import CommandError, Exit
from router.gateway import StoreError
from router.runtime.errors import StartError
from router.settings import Settings, prepare

if TYPE_CHECKING:
    from router.node.running import Running

T = TypeVar("T")


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run to the end on the fast loop where there is one. Raises CommandError for what the machine refuses."""
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            return runner.run(main)
    except OSError as error:
        raise _explained(error) from error
    except ExceptionGroup as group:
        raise _known(group) or group from group


class Place(NamedTuple):
    """Where a command works: on the server at `url`, or with `settings` on their data folder if no server runs."""

    url: str
    login: str
    settings: Settings | None


def place_of(url: str, login: str, data: Path | None = None) -> Place:
    """The place that these options name. Raises SettingsError."""
    return Place(url_of(url, data), login, None if url else settings_of(None, data))


@asynccontextmanager
async def here(place: Place) -> AsyncIterator["Running | None"]:
    """A node on the data folder of the settings here, for one command; None when a server runs (or was named).

    The first admin and the first centre are made this way, before anything listens.
    """
    if place.settings is None or await reachable(place.url):
        yield None
        return
    settings = await asyncio.to_thread(prepare, place.settings)
    say(f"No server answers at {place.url} (--url names another): working on the data folder {settings.data_dir}.")
    logs.configure(level="error", form=settings.log.form)
    from router.node.running import running

    async with running(settings) as node:
        yield node


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT. Raises CommandError."""
    try:
        run(_serve(settings))
    except CommandError as error:
        if error.details.get("errno") == errno.EADDRINUSE:
            raise CommandError(
                Exit.ENVIRONMENT,
                f"Port {settings.port} on {settings.host} is taken. Stop what listens there "
                f"('ss -ltnp sport = :{settings.port}' shows it), or choose another with --port.",
            ) from error
        raise


async def _serve(settings: Settings) -> None:
    """The private server first; the program is read while that reads its log."""
    from router.node.private import private_server

    async with private_server(settings) as begun:
        await asyncio.sleep(0)
        serving = await asyncio.to_thread(importlib.import_module, "router.node.serving")
        await serving.serve(settings, begun, lambda url: show(f"Firstline answers at {url}"))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def _known(group: ExceptionGroup[Exception]) -> Exception | None:
    """Of what ended a node's tasks, the first thing that has an explanation."""
    for error in group.exceptions:
        if isinstance(error, ExceptionGroup):
            if found := _known(error):
                return found
        elif isinstance(error, OSError):
            return _explained(error)
        elif isinstance(error, CommandError | StartError | StoreError):
            return error
    return None


def _explained(error: OSError) -> CommandError:
    if error.errno == errno.EADDRINUSE:
        return CommandError(Exit.ENVIRONMENT, f"A port is taken: {error}.", errno=error.errno)
    if error.errno == errno.ENOSPC:
        return CommandError(Exit.ENVIRONMENT, f"The disk is full: {error}. Nothing accepted was lost; make room.")
    where = f" ({error.filename})" if error.filename else ""
    return CommandError(Exit.ENVIRONMENT, f"The system refuses{where}: {error.strerror or error}.")
