"""`firstline doctor`: whether this machine can run a server with these settings, and what to do if not."""

import asyncio
import errno
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec
import typer

from router.cli import limits
from router.cli.client import reachable
from router.cli.console import emit, table
from router.cli.options import CLIENT_VARIABLES, Config, Data, Json, settings_of
from router.cli.outcome import CommandError, Exit
from router.runtime.embedded import find_server
from router.runtime.errors import ServerMissing
from router.settings import Settings, unknown_variables

Verdict: TypeAlias = Literal["good", "warning", "bad"]
_VERSION = re.compile(r"v=(\d+)\.(\d+)\.(\d+)")


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at. `bad` keeps a server from running; `what` says how it is and what to do."""

    check: str
    verdict: Verdict
    what: str


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(doctor)


def doctor(config: Config = None, data: Data = None, json: Json = False) -> None:
    """Look at Python, the data folder, the disk, the port, Redis and the settings. Changes nothing."""
    settings = settings_of(config, data)
    found = [finding for check in _CHECKS for finding in check(settings)]
    bad = sum(finding.verdict == "bad" for finding in found)
    if json:
        emit({"ok": not bad, "findings": found})
    else:
        table("Doctor", ["", "check", "what"], [[one.verdict, one.check, one.what] for one in found])
    if bad:
        raise CommandError(Exit.FAILED, f"{bad} of these would keep the server from running.")


def _python(_: Settings) -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    enough = sys.version_info[:2] >= limits.PYTHON_MIN
    least = ".".join(map(str, limits.PYTHON_MIN))
    said = version if enough else f"{version} is too old: use {least} or newer"
    yield Finding(check="python", verdict="good" if enough else "bad", what=said)


def _folder(settings: Settings) -> Iterator[Finding]:
    folder = settings.data_dir
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if not os.access(there, os.W_OK | os.X_OK):
        what = f"{there} cannot be written: give this user the right to, or name another folder with --data"
        yield Finding(check="data folder", verdict="bad", what=what)
    elif there == folder and folder.stat().st_mode & 0o077:
        yield Finding(check="data folder", verdict="warning", what=f"others may look into {folder}: chmod 700 {folder}")
    else:
        yield Finding(
            check="data folder", verdict="good", what=f"{folder}{'' if there == folder else ' (made at start)'}"
        )
    secret = folder / "secret"
    if secret.exists() and secret.stat().st_mode & 0o077:
        yield Finding(
            check="secret", verdict="bad", what=f"others may read {secret}: chmod 600 {secret}, then renew it"
        )


def _disk(settings: Settings) -> Iterator[Finding]:
    there = next(path for path in (settings.data_dir, *settings.data_dir.parents) if path.exists())
    free = shutil.disk_usage(there).free
    scarce = free < limits.DISK_FREE_MIN_BYTES
    what = f"{free / 2**30:.1f} GiB free" + (": make room, a full disk stops the intake" if scarce else "")
    yield Finding(check="disk", verdict="warning" if scarce else "good", what=what)


def _port(settings: Settings) -> Iterator[Finding]:
    where = f"{settings.host}:{settings.port}"
    try:
        with socket.create_server((settings.host, settings.port)):
            yield Finding(check="port", verdict="good", what=f"{where} is free")
            return
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        reason = "is taken" if taken else f"cannot be listened on ({error.strerror})"
    if taken and asyncio.run(reachable(f"http://{where}")):
        yield Finding(check="port", verdict="good", what=f"{where} answers: a server runs there")
    else:
        yield Finding(check="port", verdict="bad", what=f"{where} {reason}: choose another with --port")


def _redis(settings: Settings) -> Iterator[Finding]:
    if settings.redis_url:
        yield Finding(check="redis", verdict="good", what="yours (redis_url); the server says when it cannot reach it")
        return
    try:
        binary = find_server(settings.redis_binary)
    except ServerMissing as error:
        yield Finding(check="redis", verdict="bad", what=str(error))
        return
    version = _version(binary)
    least = ".".join(map(str, limits.REDIS_MIN))
    if version < limits.REDIS_MIN:
        what = f"{binary} is {'.'.join(map(str, version)) or 'no server'}: it takes {least} or newer (redis_binary)"
        yield Finding(check="redis", verdict="bad", what=what)
    else:
        yield Finding(check="redis", verdict="good", what=f"{binary.name} {'.'.join(map(str, version))}")


def _version(binary: Path) -> tuple[int, ...]:
    try:
        said = subprocess.run(  # noqa: S603 - the operator's own server binary
            [binary, "--version"], capture_output=True, text=True, timeout=limits.BINARY_WAIT_S, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ()
    found = _VERSION.search(said)
    return tuple(map(int, found.groups())) if found else ()


def _environment(_: Settings) -> Iterator[Finding]:
    for what in unknown_variables(os.environ, CLIENT_VARIABLES):
        yield Finding(check="environment", verdict="warning", what=what)


_CHECKS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (_python, _folder, _disk, _port, _redis, _environment)
