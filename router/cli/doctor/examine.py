"""Everything the doctor looks at, in the order in which a person would."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from router.cli.doctor import database, kept, machine, mail, redis, secrets, server
from router.cli.doctor.finding import Finding
from router.settings import Settings, SettingsError


def without_settings(file: Path, error: SettingsError) -> list[Finding]:
    """What can be said while the settings cannot be used."""
    wrong = (Finding(check="settings", verdict="bad", what=problem.rstrip(".")) for problem in error.problems)
    return [*machine.python(), *wrong, *secrets.look(file)]


async def everything(settings: Settings, file: Path, *, offline: bool) -> list[Finding]:
    """All findings. `offline` leaves out what is asked over the network."""
    found = await asyncio.to_thread(lambda: [_settings(file), *machine.look(settings), *secrets.look(file)])
    found += [finding async for finding in server.look(settings)]
    if not await asyncio.to_thread(machine.is_anothers, settings.data_dir):
        found += [finding async for finding in _stores(settings, offline=offline)]
    found += [finding async for finding in mail.look(settings, offline=offline)]
    return found


async def _stores(settings: Settings, *, offline: bool) -> AsyncIterator[Finding]:
    """Redis and the data base, and what is in them when both can be asked."""
    found = [finding async for finding in redis.look(settings, offline=offline)]
    found += [finding async for finding in database.look(settings, offline=offline)]
    for finding in found:
        yield finding
    if not any(finding.check in ("redis", "database") and finding.verdict == "bad" for finding in found):
        async for finding in kept.look(settings, offline=offline):
            yield finding


def _settings(file: Path) -> Finding:
    return Finding(check="settings", verdict="good", what=str(file) if file.is_file() else f"all defaults, no {file}")
