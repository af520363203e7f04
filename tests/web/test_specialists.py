"""The way to the specialists and back on the desk: who is there, the three ways, consults from both sides, followed."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.web.person import NARROW, Person
from tests.web.place import Place
from tests.web.test_agent import close, holding, ready

pytestmark = [pytest.mark.service, pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

Arrive = Callable[..., Awaitable[Person]]


async def take(person: Person, place: Place, item: str, login: str, accept: str = "Accept") -> None:
    """Accept what is offered."""
    await person.page.locator(".offer").get_by_role("button", name=accept).click()
    await place.until(item, state="active", agent=login)


async def test_a_question_is_asked_answered_and_told(arrive: Arrive, place: Place, shots: Path) -> None:
    item = await place.mail("The rent", "Is this rise lawful?", sender="law@ask.example")
    lea = await holding(arrive, place, item)
    eva = await ready(arrive, "eva")
    await lea.press("Consult")
    dialog = lea.page.get_by_role("dialog")
    await dialog.get_by_label("Your question").fill("May they raise it twice a year?")
    await lea.picture(shots / "consult.png")
    assert await lea.axe() == []
    await dialog.get_by_role("button", name="Ask them").click()
    await lea.sees("offered to Eva Schmitz")
    consult = (await place.item(item))["consultations"][0]["id"]
    await take(eva, place, consult, "eva")
    await lea.sees("Eva Schmitz is on it")
    await eva.sees("Is this rise lawful?")
    await eva.sees("May they raise it twice a year?")
    await eva.sees("question of Léa Peeters")
    await expect(eva.page.get_by_role("button", name="Escalate")).to_have_count(0)
    for person, name in ((lea, "asker"), (eva, "asked")):
        await person.picture(shots / f"{name}.png")
        assert await person.axe() == []
    await eva.page.get_by_label("Your answer to Léa Peeters").fill("Once a year, by law.")
    await eva.press("Send the answer")
    await lea.sees("Your question was answered: law@ask.example")
    await lea.sees("Once a year, by law.")
    await expect(lea.page.locator("#consultations-title")).to_have_count(0)
    await close(lea, place, item)


async def test_before_escalating_one_sees_who_is_there_and_after_it_how_it_goes_on(
    arrive: Arrive, place: Place, shots: Path
) -> None:
    item = await place.mail("The law", "Who is right?", sender="follow@ask.example")
    lea = await holding(arrive, place, item)
    eva = await ready(arrive, "eva")
    await lea.press("Escalate")
    dialog = lea.page.get_by_role("dialog")
    await expect(dialog.get_by_role("radio", name="Specialists")).to_be_checked()
    await expect(dialog).to_contain_text("open · 1 there, 1 free")
    await dialog.get_by_label("Reason").select_option("legal")
    await dialog.get_by_label("Note for the specialists").fill("The contract is from 1998.")
    await lea.picture(shots / "escalate.png")
    assert await lea.axe() == []
    await dialog.get_by_role("button", name="Escalate", exact=True).click()
    followed = lea.page.locator(".followed")
    await expect(followed).to_contain_text("Offered to an agent")
    await take(eva, place, item, "eva")
    await expect(followed).to_contain_text("Eva Schmitz")
    await eva.sees("first contact")
    await eva.press("Give back")
    dialog = eva.page.get_by_role("dialog")
    await dialog.get_by_role("textbox", name="The answer").fill("The tenant is right.")
    await eva.picture(shots / "give-back.png")
    assert await eva.axe() == []
    await dialog.get_by_role("button", name="Give back").click()
    await take(lea, place, item, "lea")
    await lea.sees("Given back by Eva Schmitz to Housing: With the answer")
    await lea.sees("The tenant is right.")
    await close(lea, place, item)


async def test_the_end_of_what_one_follows_is_told_until_it_is_read(arrive: Arrive, place: Place, shots: Path) -> None:
    item = await place.mail("The end", "When?", sender="end@ask.example")
    lea = await holding(arrive, place, item)
    body = {"agent": "lea", "reason": "legal", "note": "n"}
    await place.call("POST", f"/items/{item}/escalate", body)
    await expect(lea.page.locator(".followed")).to_contain_text("Waiting")
    eva = await ready(arrive, "eva")
    await take(eva, place, item, "eva")
    await place.call("POST", f"/items/{item}/complete", {"agent": "eva", "disposition": "referred"})
    await lea.sees("It has ended: end@ask.example")
    await expect(lea.page.locator(".followed")).to_contain_text("Referred")
    await lea.picture(shots / "followed.png")
    assert await lea.axe() == []
    await lea.page.locator(".followed").get_by_role("button", name="Understood").click()
    await expect(lea.page.locator(".followed")).to_have_count(0)


async def test_warm_the_specialist_gets_the_customer(arrive: Arrive, place: Place, shots: Path) -> None:
    item = await place.chat("Bonjour, c’est urgent", visitor="warm")
    lea = await arrive("lea", language="fr", size=NARROW, dark=True)
    await lea.page.get_by_role("button", name="Disponible", exact=True).click()
    await take(lea, place, item, "lea", "Accepter")
    ina = await arrive("ina", language="de")
    await ina.page.get_by_role("button", name="Bereit", exact=True).click()
    await lea.press("Escalader")
    dialog = lea.page.get_by_role("dialog")
    await dialog.get_by_label("Mettre en relation maintenant").check()
    await dialog.get_by_label("Raison").select_option("legal")
    await dialog.get_by_label("Note pour les spécialistes").fill("Il est au bout du fil.")
    await lea.picture(shots / "connect-narrow-dark.png")
    assert await lea.axe() == []
    await dialog.get_by_role("button", name="Escalader", exact=True).click()
    await lea.sees("proposée à Ina Vogt")
    consult = (await place.item(item))["consultations"][0]["id"]
    await take(ina, place, consult, "ina", "Annehmen")
    await lea.picture(shots / "hand-over.png")
    assert await lea.axe() == []
    await lea.press("Remettre à Ina Vogt")
    await place.until(item, state="active", agent="ina", queue="law")
    await ina.sees("Eskaliert von Léa Peeters")
    await ina.picture(shots / "handed-over.png")
    assert await ina.axe() == []
    await place.call("POST", f"/items/{item}/complete", {"agent": "ina", "disposition": "solved"})
