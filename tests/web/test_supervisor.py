"""The leader's page: what somebody does who leads a team all day, at a browser, against the real server."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.async_api import Locator, expect

from router.api.limits import PAGE_DEFAULT
from tests.support import eventually
from tests.web.person import NARROW, WIDE, Person
from tests.web.place import Place

pytestmark = [
    pytest.mark.service,
    pytest.mark.slow,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.usefixtures("cleared"),
]

Arrive = Callable[..., Awaitable[Person]]


async def at(person: Person, where: str) -> Person:
    """Open a part of the page by its address."""
    await person.page.goto(f"{person.url}/supervisor#{where}")
    await expect(person.page.locator("main h2 >> visible=true").first).to_be_visible()
    return person


async def ready(arrive: Arrive, login: str) -> Person:
    """An agent at their desk who takes work."""
    person = await arrive(login)
    await person.press("Ready")
    await expect(person.page.get_by_role("button", name="Ready", exact=True)).to_have_attribute("aria-pressed", "true")
    return person


def dialog(person: Person) -> Locator:
    """The dialog that is open."""
    return person.page.get_by_role("dialog")


async def test_a_leader_adds_a_skill_and_the_waiting_item_moves(arrive: Arrive, place: Place) -> None:
    await place.call("DELETE", "/agents/lea/skills/housing")
    lea, leo = await ready(arrive, "lea"), await arrive("leo")
    item = await place.mail("My flat", "Hello")
    await leo.page.get_by_role("link", name="Housing").click()
    await leo.press("Why does it wait?")
    reason = leo.page.locator(".why > div", has_text="Lacks a skill")
    await reason.get_by_role("link", name="Léa Peeters").click()
    await leo.press("Add a skill")
    await dialog(leo).get_by_label("Skill").select_option("housing")
    await dialog(leo).get_by_label("For how long").select_option("hour")
    await dialog(leo).get_by_role("button", name="Save").click()
    await expect(lea.page.get_by_role("alertdialog")).to_contain_text("ada@customer.example")
    await expect(leo.page.locator(".rows li", has_text="Housing").first).to_contain_text("until")
    await place.until(item, state="reserved", agent="lea")
    await place.call("PUT", "/agents/lea/skills/housing", {"level": 4})


async def test_a_queue_is_closed_with_a_message_and_opened_again(arrive: Arrive, place: Place) -> None:
    """And while the form is open, what is typed outlives what comes in."""
    leo = await at(await arrive("leo"), "queues/law")
    await leo.press("Close now")
    english = dialog(leo).get_by_label("English")
    await english.type("Closed for the ")
    item = await place.chat("Anybody there?", visitor="waits")
    await place.call("POST", f"/items/{item}/transfer", {"queue": "law"})
    await expect(leo.page.locator("main tr.current td.number").first).to_have_text("1")
    await leo.page.keyboard.type("staff party.")
    await dialog(leo).get_by_role("button", name="Close now").click()
    await leo.sees("Closed by hand since")
    queues = await place.call("GET", "/queues")
    (law,) = [queue for queue in queues["rows"] if queue["id"] == "law"]
    assert law["closed"]["message"] == {"en": "Closed for the staff party."}
    await leo.press("Open again")
    await expect(leo.page.locator(".detail .badge").first).to_have_text("Open")


async def test_a_new_agent_chooses_a_password_at_the_first_sign_in(arrive: Arrive, place: Place) -> None:
    leo = await at(await arrive("leo"), "agents")
    await leo.press("New agent")
    await dialog(leo).get_by_label("Name", exact=True).fill("Zoë D'Hondt")
    await dialog(leo).get_by_label("Front desk").check()
    await dialog(leo).get_by_label("Housing").select_option("3")
    await dialog(leo).get_by_role("button", name="Create").click()
    password = await dialog(leo).locator("code").inner_text()
    await leo.press("I have noted it")
    await expect(leo.page.get_by_role("heading", name="Zoë D'Hondt")).to_be_visible()
    await leo.sees("first password")
    assert (await place.call("GET", "/agents/zoe-d-hondt"))["skills"] == {"housing": 3}
    zoe = await arrive()
    await zoe.page.goto(place.url)
    await zoe.page.locator("input[autocomplete=username]").fill("zoe-d-hondt")
    await zoe.page.locator("input[autocomplete=current-password]").fill(password)
    await zoe.page.locator("button[type=submit]").click()
    await zoe.sees("Choose one of your own")
    for words in (password, "my very own words"):
        for field in await zoe.page.locator("input[autocomplete=new-password]").all():
            await field.fill(words)
        await zoe.page.locator("button[type=submit]").click()
        if words == password:
            await zoe.sees("This is the password that you were given")
    await zoe.page.wait_for_url("**/agent")
    await zoe.sees("Zoë D'Hondt")


async def test_an_agent_is_copied_disabled_and_enabled_again(arrive: Arrive, place: Place) -> None:
    leo = await at(await arrive("leo"), "agents/tom")
    await leo.press("Copy …")
    await dialog(leo).get_by_label("Name", exact=True).fill("Tim")
    await dialog(leo).get_by_role("button", name="Create").click()
    await leo.press("I have noted it")
    await expect(leo.page.get_by_role("heading", name="Tim")).to_be_visible()
    tom, tim = [await place.call("GET", f"/agents/{id}") for id in ("tom", "tim")]
    assert (tim["skills"], tim["teams"]) == (tom["skills"], tom["teams"])
    await leo.press("New password")
    await dialog(leo).get_by_role("button", name="New password").click()
    password = await dialog(leo).locator("code").inner_text()
    assert (await place.call("POST", "/login", {"login": "tim", "password": password}))["must_change"]
    await leo.press("I have noted it")
    await leo.press("Disable")
    await dialog(leo).get_by_role("button", name="Disable").click()
    await leo.press("Enable")
    await expect(leo.page.get_by_role("button", name="Disable")).to_be_visible()
    assert (await place.call("GET", "/agents/tim"))["disabled"] is False


async def test_everything_of_an_absent_agent_is_moved_at_once(arrive: Arrive, place: Place) -> None:
    """Two mails in hand of somebody who is gone: the leader sees it in the list and gives them to a colleague."""
    lea = await ready(arrive, "lea")
    items = [await place.mail(f"Mail {number}", "Hello", sender=f"c{number}@customer.example") for number in (1, 2)]
    for item in items:
        await place.until(item, state="reserved", agent="lea")
        await place.call("POST", f"/items/{item}/accept", {"agent": "lea"})
    await lea.page.close()
    leo = await at(await arrive("leo"), "agents")
    row = leo.page.locator("tbody tr", has_text="Léa Peeters")
    await expect(row).to_contain_text("2")
    await row.get_by_role("link").click()
    await leo.press("Move all …")
    await dialog(leo).get_by_label("Where to").select_option("person")
    await dialog(leo).get_by_label("Person").select_option("tom")
    await dialog(leo).get_by_role("button", name="Move", exact=True).click()
    await leo.sees("0 items in hand or on hold")
    for item in items:
        await place.until(item, only="tom", agent="")


async def test_what_another_leader_changed_meanwhile_is_told_and_not_overwritten(arrive: Arrive, place: Place) -> None:
    leo = await at(await arrive("leo"), "agents/tom")
    await leo.press("Change Housing")
    await dialog(leo).get_by_label("Level").select_option("5")
    await place.call("PUT", "/agents/tom/skills/housing", {"level": 2})
    await dialog(leo).get_by_role("button", name="Save").click()
    await expect(dialog(leo).get_by_role("alert")).to_contain_text("Housing: 2")
    assert (await place.call("GET", "/agents/tom"))["skills"]["housing"] == 2
    await dialog(leo).get_by_role("button", name="Save").click()
    await expect(dialog(leo)).to_have_count(0)
    assert (await place.call("GET", "/agents/tom"))["skills"]["housing"] == 5


async def test_the_day_shows_what_was_just_done_and_saves_it_as_a_file(arrive: Arrive, place: Place) -> None:
    queue = {"names": {"en": "Just opened"}, "team": "front"}
    await place.call("PUT", "/queues/new", queue, status=201)
    item = await place.chat("Good day", visitor="today")
    await place.call("POST", f"/items/{item}/transfer", {"queue": "new"})

    async def archived() -> bool:
        return bool((await place.call("GET", "/reports/day?by=queue&queue=new"))["rows"])

    counted: bool = await eventually(archived)
    assert counted
    leo = await at(await arrive("leo"), "today/queue")
    figures = leo.page.locator("tbody tr", has_text="Just opened").locator("td")
    await expect(figures.first).to_have_text("1")
    assert (await figures.all_inner_texts())[:4] == ["1", "0", "0", "1"]
    async with leo.page.expect_download() as download:
        await leo.press("Save as CSV")
    lines = (await (await download.value).path()).read_text().splitlines()
    assert lines[0].startswith("queue,offered,answered,abandoned")
    assert any(line.startswith("new,1,0,0,1,") for line in lines)
    await leo.page.get_by_role("link", name="Quarter hour").click()
    await expect(leo.page.locator(".plot canvas")).to_be_visible()


async def test_who_did_what_shows_what_was_before_and_what_is_now(arrive: Arrive, place: Place) -> None:
    """The newest page at once, older ones on demand: down to how the agent was made."""
    leo = await arrive("leo")
    for number in range(PAGE_DEFAULT):
        await place.call("PUT", "/agents/eva/skills/de", {"level": 1 + number % 2}, login="leo")
    await place.call("PUT", "/agents/eva/skills/de", {"level": 5}, login="leo")
    await at(leo, "audit/eva")
    changes = leo.page.locator("ol > li")
    await expect(changes.first.locator(".difference")).to_contain_text("2 → 5")
    await expect(changes.first).to_contain_text("leo changed a skill · Agent Eva Schmitz")
    await leo.press("Older ones")
    await expect(changes.last).to_contain_text("admin made · Agent Eva Schmitz")
    await leo.page.get_by_label("Who (login)").fill("admin")
    await expect(changes).to_have_count(1)


async def test_the_age_is_told_and_what_is_shown_can_be_frozen(arrive: Arrive, place: Place) -> None:
    """Nothing is asked for while it is frozen; a server that does not answer is told, and forgotten when it does."""
    leo = await at(await arrive("leo"), "queues")
    await leo.press("Freeze")
    asked: list[str] = []
    leo.page.on("request", lambda request: asked.append(request.url))
    await leo.sees("0:04 old")
    assert asked == []
    await leo.press("Freeze")
    await leo.context.set_offline(True)
    await leo.sees("The server does not answer")
    await leo.context.set_offline(False)
    await expect(leo.page.locator(".banner")).to_have_count(0)


async def test_levels_are_changed_in_the_matrix_looked_at_and_saved_as_one(arrive: Arrive, place: Place) -> None:
    """What waits says why; the preview says who would get it; saved, they have it; the edits of others are not lost."""
    for agent in ("lea", "tom"):
        await place.call("DELETE", f"/agents/{agent}/skills/housing")
    lea, leo = await ready(arrive, "lea"), await arrive("leo")
    item = await place.mail("My flat", "Hello")
    await leo.page.get_by_role("link", name="Housing").click()
    await expect(leo.page.locator(".waiting").first).to_contain_text("Number 1")
    await leo.press("Why does it wait?")
    await expect(leo.page.locator(".waiting").first).to_contain_text("What would end the wait")
    await leo.page.get_by_role("link", name="Skills", exact=True).click()
    await leo.page.get_by_label("Léa Peeters: Housing").select_option("4")
    await leo.page.get_by_label("Tom Maes: Housing").select_option("2")
    await leo.sees("2 changes")
    await leo.press("What would it do?")
    await leo.sees("1 item would be offered at once")
    assert (await place.item(item))["state"] == "queued", "it was only looked at"
    await leo.press("Save as one change")
    await leo.sees("2 levels saved as one change")
    await expect(lea.page.get_by_role("alertdialog")).to_contain_text("ada@customer.example")
    assert (await place.call("GET", "/agents/tom"))["skills"]["housing"] == 2
    await leo.page.get_by_label("Tom Maes: Housing").select_option("5")
    await place.call("PUT", "/agents/tom/skills/housing", {"level": 1})
    await leo.press("Save as one change")
    await leo.sees("was changed by somebody else meanwhile")
    assert (await place.call("GET", "/agents/tom"))["skills"]["housing"] == 1
    await leo.press("Start over")
    await expect(leo.page.get_by_label("Tom Maes: Housing")).to_have_value("1")
    for agent, level in (("lea", 4), ("tom", 4)):
        await place.call("PUT", f"/agents/{agent}/skills/housing", {"level": level})


async def test_the_board_is_shown_as_it_was_and_nothing_in_it_can_be_changed(arrive: Arrive, place: Place) -> None:
    """By its address and by the keyboard; what waited then waits again, and says why; back to now by one button."""
    item = await place.chat("Anybody there?", visitor="then")
    reference = (await place.until(item, state="queued"))["reference"]
    then = datetime.fromtimestamp((await place.call("GET", "/board"))["at_ms"] / 1_000, UTC).isoformat()
    await place.call("POST", f"/items/{item}/transfer", {"queue": "law"})
    leo = await at(await arrive("leo"), f"queues/housing?at={then.replace('+00:00', 'Z')}")
    waiting = leo.page.locator(".waiting", has_text=reference)
    await expect(leo.page.get_by_text("This is how it was on")).to_be_visible()
    await waiting.get_by_role("button", name="Why does it wait?").click()
    await expect(waiting.locator(".why dt").first).to_be_visible()
    for button in ("Close now", "Move …", "Freeze"):
        await expect(leo.page.get_by_role("button", name=button)).to_have_count(0)
    assert await leo.axe() == []
    await leo.page.get_by_role("link", name="Agents").click()
    await leo.page.get_by_role("link", name="Léa Peeters").click()
    await expect(leo.page.locator(".detail")).to_contain_text("0 items")
    await expect(leo.page.get_by_role("button", name="New agent")).to_have_count(0)
    await leo.press("Back to now")
    await leo.page.get_by_role("link", name="Queues").click()
    await leo.page.get_by_role("link", name="Specialists").click()
    await expect(waiting).to_be_visible()
    await leo.press("Earlier …")
    await expect(leo.page.get_by_label("As it was at")).to_be_focused()
    await leo.page.get_by_label("As it was at").fill("2020-02-03T10:42")
    await leo.page.keyboard.press("Enter")
    await leo.sees("The archive does not go back that far.")
    await leo.page.go_back()
    await expect(waiting).to_be_visible()


@pytest.mark.parametrize(
    ("language", "size", "dark"), [("fr", WIDE, False), ("nl", NARROW, True), ("de", NARROW, False), ("en", WIDE, True)]
)
async def test_everything_fits_in_each_language_and_axe_finds_nothing(
    arrive: Arrive, place: Place, *, shots: Path, language: str, size: tuple[int, int], dark: bool
) -> None:
    """Axe reads the page twice, light and dark, wide and narrow: the other two languages matter to widths alone."""
    await place.chat("Bonjour", visitor=f"axe-{language}")
    leo = await arrive("leo", language=language, size=size, dark=dark)
    for where in ("queues", "queues/housing", "agents", "agents/lea", "skills", "today", "audit"):
        await at(leo, where)
        if where == "queues/housing":
            await leo.page.locator(".waiting button[aria-expanded]").first.click()
            await expect(leo.page.locator(".why dt").first).to_be_visible()
        if where == "skills":
            cell = leo.page.locator(".matrix select").first
            await cell.select_option("4" if await cell.input_value() == "5" else "5")
            await leo.page.locator(".matrix-bar button").nth(1).click()
            await expect(leo.page.locator("h3")).to_be_visible()
        await expect(leo.page.locator("main .soft", has_text="…")).to_have_count(0)
        await leo.picture(shots / f"{where.replace('/', '-')}.png")
        width = await leo.page.evaluate("document.documentElement.scrollWidth")
        assert (where, width) == (where, size[0])
        if language in ("fr", "nl"):
            assert await leo.axe() == []
