"""One Chromium per run, one server per module, one fresh browser context per test."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from argon2 import PasswordHasher
from playwright.async_api import Browser, async_playwright

from tests.web.person import Person
from tests.web.place import Place
from tests.web.small_centre import PASSWORD, PEOPLE

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium, without a window."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("Chromium is missing: apt-get install chromium")
    async with async_playwright() as driver:
        found = await driver.chromium.launch(executable_path=path, args=FLAGS)
        yield found
        await found.close()


@pytest.fixture(scope="session")
def password_hash() -> str:
    """Everybody's password, hashed once."""
    return PasswordHasher().hash(PASSWORD)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def place(tmp_path_factory: pytest.TempPathFactory, password_hash: str) -> AsyncIterator[Place]:
    """The module's server."""
    place = await Place.open(tmp_path_factory.mktemp("web") / "data", password_hash)
    yield place
    await place.close()


Arrive = Callable[..., Awaitable[Person]]


@pytest_asyncio.fixture(loop_scope="session")
async def cleared(place: Place) -> AsyncIterator[None]:
    """What a test leaves behind is offered to nobody in the next: it goes to those who are never there."""
    yield
    for row in (await place.call("GET", "/items?queue=housing&limit=200"))["rows"]:
        if row["state"] in ("queued", "reserved", "active", "pending"):
            await place.call("POST", f"/items/{row['id']}/transfer", {"queue": "law"})


@pytest_asyncio.fixture(loop_scope="session")
async def arrive(browser: Browser, place: Place) -> AsyncIterator[Arrive]:
    """Somebody opens a browser of their own: `await arrive("lea", language="fr", dark=True)`. "" signs nobody in.

    When the test ends they are offline at once, so that the next test's work is not offered to them.
    """
    people: list[Person] = []
    agents: set[str] = set()

    async def arrives(login: str = "", **how: object) -> Person:
        person = await Person.open(browser, place.url, **how)
        people.append(person)
        if login:
            await person.sign_in(login)
            agents.update(account.agent for account in PEOPLE if account.login == login and account.agent)
        return person

    yield arrives
    for person in people:
        await person.context.close()
    for agent in sorted(agents):
        await place.call("PUT", f"/agents/{agent}/presence", {"state": "offline"})
    for person in people:
        await person.leave()


@pytest.fixture
def shots(tmp_path: Path) -> Path:
    """Where pictures go: a folder of the test's own."""
    return tmp_path
