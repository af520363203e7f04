"""The agent's page: one mail as several matters, several as one, closing without an answer, a full desk."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.support import eventually
from tests.web.person import NARROW, Person
from tests.web.place import Place
from tests.web.test_agent import close, holding, write

pytestmark = [pytest.mark.service, pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

Arrive = Callable[..., Awaitable[Person]]


async def test_a_mail_is_split_and_whoever_gets_the_part_reads_it(arrive: Arrive, place: Place, shots: Path) -> None:
    item = await place.mail("Two things", "My flat is cold. And is the rent legal?", sender="ada@two.example")
    lea = await holding(arrive, place, item)
    await lea.press("Split or merge")
    await lea.press("Split this mail")
    dialog = lea.page.get_by_role("dialog")
    await dialog.get_by_label("To the queue").select_option("law")
    await dialog.get_by_label("Note for whoever gets it").fill("Only the rent.")
    await lea.picture(shots / "split.png")
    assert await lea.axe() == []
    await dialog.get_by_role("button", name="Split", exact=True).click()
    await lea.sees("Léa Peeters split off 1 matter")
    await expect(lea.page.get_by_role("region", name="Belongs together")).to_contain_text("Split off:")
    rows = (await place.call("GET", "/items?queue=law"))["rows"]
    (part,) = [row for row in rows if row["split_from"] == item]
    eva = await holding(arrive, place, part["id"], "eva")
    await eva.sees("And is the rent legal?")
    await eva.sees("Only the rent.")
    await eva.sees("the mail that this is part of")
    await eva.picture(shots / "part.png")
    assert await eva.axe() == []
    await write(eva, "It is.")
    await close(eva, place, part["id"])
    await write(lea, "The heating is on its way.")
    await close(lea, place, item)


async def test_two_mails_of_one_matter_are_merged_and_apart_again(arrive: Arrive, place: Place, shots: Path) -> None:
    sender = "bea@merge.example"
    first = await place.mail("My boiler", "It leaks.", sender=sender)
    lea = await holding(arrive, place, first)
    second = await place.mail("Boiler again", "It still leaks.", sender=sender)
    await place.until(second, state="reserved")
    reference = (await place.item(second))["reference"]
    customer = (await place.item(first))["customer"]

    async def known() -> bool:
        contacts = (await place.call("GET", f"/customers/{customer}"))["contacts"]
        return second in [contact["item"] for contact in contacts]

    await eventually(known)
    await lea.press("Split or merge")
    await lea.press("Merge with another mail")
    dialog = lea.page.get_by_role("dialog")
    option = dialog.get_by_role("option", name=reference)
    await expect(option).to_have_count(1)
    await dialog.get_by_label("With", exact=True).select_option(second)
    await lea.picture(shots / "merge.png")
    assert await lea.axe() == []
    await dialog.get_by_role("button", name="Merge", exact=True).click()
    await place.until(second, state="closed", outcome="merged")
    await lea.sees("It still leaks.")
    await lea.picture(shots / "merged.png")
    assert await lea.axe() == []
    await lea.press(f"Undo the merge of {reference}")
    await lea.sees(f"{reference} goes on by itself again.")
    (again,) = [row for row in (await place.call("GET", "/items?queue=housing"))["rows"] if row["reopens"] == second]
    await expect(lea.page.get_by_text("It still leaks.")).to_have_count(0)
    await close(lea, place, first)
    await place.call("POST", f"/items/{again['id']}/accept", {"agent": "lea"})
    await place.call("POST", f"/items/{again['id']}/complete", {"agent": "lea", "disposition": "solved"})


async def test_spam_is_closed_without_an_answer(arrive: Arrive, place: Place) -> None:
    item = await place.mail("Win a car", "Click here.", sender="spam@spam.example")
    lea = await holding(arrive, place, item)
    await lea.press("Without an answer")
    await lea.page.locator(".panel").get_by_role("button", name="Spam").click()
    await place.until(item, state="closed", outcome="dismissed", disposition="spam")
    await lea.sees("You are ready")


async def test_a_full_desk_says_so_and_a_mail_is_due_until_its_answer_is_on_its_way(
    arrive: Arrive, place: Place, shots: Path
) -> None:
    room = {"maximum": 1, "weight": 50}
    await place.call("PUT", "/agents/lea/capacity/email", room)
    item = await place.mail("Just one", "A letter.", sender="one@full.example")
    lea = await holding(arrive, place, item, size=NARROW)
    await lea.sees("Your desk is full for: Mail and Phone.")
    await expect(lea.page.locator(".head")).to_contain_text("due")
    await write(lea, "An answer.")
    await lea.sees("Not sent")
    await expect(lea.page.locator(".head")).to_contain_text("due")
    await lea.picture(shots / "full.png")
    assert await lea.axe() == []
    await close(lea, place, item)
    await place.call("PUT", "/agents/lea/capacity/email", {"maximum": 5, "weight": 20})
