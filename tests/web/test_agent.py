"""The agent's page: what an agent does all day, done by one at a browser, against the real server."""

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import expect

from tests.web.person import NARROW, Person
from tests.web.place import Place
from tests.web.small_centre import NUMBER

pytestmark = [pytest.mark.service, pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

Arrive = Callable[..., Awaitable[Person]]


async def ready(arrive: Arrive, login: str = "lea", **how: object) -> Person:
    """Somebody who signed in and said that they are ready."""
    person = await arrive(login, **how)
    await person.press("Ready")
    await expect(person.page.get_by_role("button", name="Ready", exact=True)).to_have_attribute("aria-pressed", "true")
    return person


async def holding(arrive: Arrive, place: Place, item: str, login: str = "lea", **how: object) -> Person:
    """Somebody who accepted this item, with it open."""
    person = await ready(arrive, login, **how)
    await person.page.locator(".offer").get_by_role("button", name="Accept").click()
    await place.until(item, state="active", agent=login)
    await expect(person.page.locator(".said").first).to_be_visible()
    return person


async def write(person: Person, text: str) -> None:
    """Answer the customer and send it."""
    await person.page.get_by_label("Reply", exact=True).fill(text)
    await person.press("Send")
    await expect(person.page.locator(".said.agent").last).to_contain_text(text)


async def close(person: Person, place: Place, item: str) -> None:
    """Say what it was about and how it ended, and close it."""
    await person.page.get_by_role("combobox", name="About").select_option("question")
    await place.until(item, category="question")
    await person.page.get_by_role("combobox", name="Outcome").select_option("solved")
    await person.page.locator(".side").get_by_role("button", name="Close", exact=True).click()
    await place.until(item, state="closed", disposition="solved")


async def test_a_mail_is_accepted_answered_and_closed(arrive: Arrive, place: Place) -> None:
    item = await place.mail("My flat", "Hello, how far is my application?")
    lea = await holding(arrive, place, item)
    await lea.sees("how far is my application?")
    reference = (await place.item(item))["reference"]
    await expect(lea.page.locator(".reference")).to_contain_text(reference)
    await write(lea, "It is being looked at.")
    assert await place.said(item) == [
        ("customer", "Hello, how far is my application?"),
        ("agent", "It is being looked at."),
    ]
    await close(lea, place, item)
    await lea.sees("You are ready")


async def test_a_chat_goes_to_and_fro_over_a_reload(arrive: Arrive, place: Place) -> None:
    item = await place.chat("Bonjour !")
    lea = await holding(arrive, place, item)
    await write(lea, "Bonjour, que puis-je faire ?")
    await lea.page.reload()
    await expect(lea.page.locator(".said")).to_have_count(2)
    await place.chat("Où est mon dossier ?")
    await lea.sees("Où est mon dossier ?")
    await place.until(item, seen={"agent": 3})
    await close(lea, place, item)


async def test_an_offer_is_announced_and_leaves_the_half_typed_reply_alone(arrive: Arrive, place: Place) -> None:
    item = await place.mail("First", "The first letter.")
    lea = await holding(arrive, place, item)
    reply = lea.page.get_by_label("Reply", exact=True)
    await reply.type("Dear Ada, th")
    other = await place.mail("Second", "The second letter.", sender="bob@customer.example")
    await expect(lea.page.locator("[aria-live=assertive]")).to_contain_text("Press F2")
    await expect(lea.page.get_by_role("alertdialog")).to_contain_text("bob@customer.example")
    await lea.page.keyboard.type("ank you.")
    await expect(reply).to_have_value("Dear Ada, thank you.")
    await lea.page.keyboard.press("F2")
    await lea.page.keyboard.press("Enter")
    await place.until(other, state="active", agent="lea")
    await lea.sees("The second letter.")
    await lea.page.get_by_role("button", name="ada@customer.example").click()
    await expect(reply).to_have_value("Dear Ada, thank you.")
    await reply.fill("")
    for id in (item, other):
        await place.call("POST", f"/items/{id}/complete", {"agent": "lea", "disposition": "solved"})


async def test_an_escalation_needs_reason_and_note_and_brings_its_story(arrive: Arrive, place: Place) -> None:
    item = await place.mail("The law", "Is this allowed?", sender="cy@customer.example")
    lea = await holding(arrive, place, item)
    await lea.press("Escalate")
    dialog = lea.page.get_by_role("dialog")
    send = dialog.get_by_role("button", name="Escalate", exact=True)
    await expect(send).to_be_disabled()
    await dialog.get_by_label("Reason").select_option("legal")
    await expect(send).to_be_disabled()
    await dialog.get_by_label("Note for the specialists").fill("Article 12, I think.")
    await send.click()
    await place.until(item, queue="law")
    eva = await holding(arrive, place, item, "eva")
    await eva.sees("Is this allowed?")
    await eva.sees("Article 12, I think.")
    await eva.sees("Escalated by Léa Peeters, Housing → Specialists: Legal question")
    await write(eva, "It is.")
    await close(eva, place, item)


async def test_declining_gives_it_to_a_colleague(arrive: Arrive, place: Place) -> None:
    item = await place.mail("Not for me", "A letter.", sender="dee@customer.example")
    lea = await ready(arrive)
    await lea.press("Decline")
    await lea.press("Busy")
    await expect(lea.page.locator(".offer")).to_have_count(0)
    tom = await holding(arrive, place, item, "tom")
    await close(tom, place, item)


async def test_an_item_is_handed_to_a_colleague_by_name(arrive: Arrive, place: Place) -> None:
    item = await place.mail("For Tom", "A letter.", sender="gus@customer.example")
    lea = await holding(arrive, place, item)
    await lea.press("Hand over")
    dialog = lea.page.get_by_role("dialog")
    await dialog.get_by_label("To a colleague").select_option("tom")
    await dialog.get_by_role("button", name="Hand over", exact=True).click()
    await place.until(item, only="tom")
    tom = await holding(arrive, place, item, "tom")
    await close(tom, place, item)


async def test_a_pending_item_is_taken_up_again(arrive: Arrive, place: Place) -> None:
    item = await place.mail("Later", "A letter.", sender="ed@customer.example")
    lea = await holding(arrive, place, item)
    await lea.press("Put on hold")
    await lea.page.get_by_role("dialog").get_by_role("button", name="Put on hold").click()
    await place.until(item, state="pending")
    await expect(lea.page.get_by_label("Note", exact=True)).to_be_visible()
    await lea.press("Take up again")
    await place.until(item, state="active")
    await close(lea, place, item)


async def test_not_ready_after_this_item(arrive: Arrive, place: Place) -> None:
    item = await place.mail("The last one", "A letter.", sender="flo@customer.example")
    lea = await holding(arrive, place, item)
    await lea.press("Not ready")
    await expect(lea.page.get_by_label("Only when the work in hand is done")).to_be_checked()
    await lea.press("Break")
    await lea.sees("after this: Break")
    await close(lea, place, item)
    await lea.sees("Not ready · Break")


async def test_after_a_cut_line_the_screen_is_what_the_server_says(arrive: Arrive, place: Place) -> None:
    item = await place.mail("Meanwhile", "A letter.", sender="gil@customer.example")
    lea = await holding(arrive, place, item)
    await lea.context.set_offline(True)
    await lea.sees("The connection is lost.")
    await place.call("POST", f"/items/{item}/transfer", {"agent": "lea", "to_agent": "tom", "note": "Away"})
    await lea.context.set_offline(False)
    await expect(lea.page.locator(".banner")).to_have_count(0)
    await expect(lea.page.locator(".item:not(.followed .item)")).to_have_count(0)
    await lea.sees("gil@customer.example: no longer yours.")
    tom = await holding(arrive, place, item, "tom")
    await tom.sees("Away")
    await close(tom, place, item)


async def test_a_reply_that_met_a_cut_line_goes_out_once(arrive: Arrive, place: Place) -> None:
    item = await place.mail("Once", "A letter.", sender="hal@customer.example")
    lea = await holding(arrive, place, item)
    await lea.page.get_by_label("Reply", exact=True).fill("Only once.")
    await lea.context.set_offline(True)
    await lea.sees("The connection is lost.")
    await lea.press("Send")
    await lea.sees("No answer from the server.")
    await expect(lea.page.get_by_label("Reply", exact=True)).to_have_value("Only once.")
    await lea.context.set_offline(False)
    await expect(lea.page.locator(".banner")).to_have_count(0)
    await lea.press("Send")
    await expect(lea.page.locator(".said.agent")).to_have_count(1)
    assert [side for side, _ in await place.said(item)] == ["customer", "agent"]
    await close(lea, place, item)


async def test_going_home_says_what_becomes_of_each_item(arrive: Arrive, place: Place) -> None:
    kept = await place.mail("Keep", "A letter.", sender="ida@customer.example")
    lea = await holding(arrive, place, kept)
    given = await place.mail("Hand over", "A letter.", sender="jo@customer.example")
    await lea.page.locator(".offer").get_by_role("button", name="Accept").click()
    await place.until(given, state="active")
    await lea.press("Sign out")
    dialog = lea.page.get_by_role("dialog")
    go = dialog.get_by_role("button", name="Sign out")
    await expect(go).to_be_disabled()
    await dialog.get_by_label("ida@customer.example").select_option("keep")
    await expect(go).to_be_disabled()
    await dialog.get_by_label("jo@customer.example").select_option("tom")
    await go.click()
    await expect(lea.page.get_by_label("User name")).to_be_visible()
    assert (await place.item(kept))["agent"] == "lea"
    assert await lea.page.evaluate("sessionStorage.length + localStorage.length") == 0
    tom = await holding(arrive, place, given, "tom")
    await close(tom, place, given)
    await place.call("POST", f"/items/{kept}/complete", {"agent": "lea", "disposition": "solved"})


async def test_the_page_speaks_the_browsers_language_until_another_is_chosen(arrive: Arrive) -> None:
    lea = await arrive("lea", language="fr-BE")
    for language, says in (("fr", "Disponible"), ("nl", "Beschikbaar"), ("de", "Bereit"), ("en", "Ready")):
        if language != "fr":
            await lea.page.locator("header select").select_option(language)
        await expect(lea.page.get_by_role("button", name=says, exact=True)).to_be_visible()
        assert await lea.page.locator("html").get_attribute("lang") == language
    await lea.page.reload()
    await expect(lea.page.get_by_role("button", name="Ready", exact=True)).to_be_visible()


async def test_the_page_speaks_the_language_of_the_account_before_that_of_the_browser(arrive: Arrive) -> None:
    ina = await arrive("ina", language="en")
    await expect(ina.page.get_by_role("button", name="Bereit", exact=True)).to_be_visible()


async def test_axe_finds_nothing_in_light_and_dark(arrive: Arrive, place: Place) -> None:
    guest = await arrive()
    await guest.page.goto(place.url)
    await expect(guest.page.locator("form")).to_be_visible()
    assert await guest.axe() == []
    item = await place.mail("Axe", "A letter.", sender="kim@customer.example")
    lea = await ready(arrive)
    await expect(lea.page.locator(".offer")).to_be_visible()
    assert await lea.axe() == []
    await lea.page.locator(".offer").get_by_role("button", name="Accept").click()
    await expect(lea.page.locator(".said").first).to_be_visible()
    assert await lea.axe() == []
    await lea.page.emulate_media(color_scheme="dark")
    await lea.page.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
    await lea.press("Not ready")
    assert await lea.axe() == []
    await lea.page.keyboard.press("Escape")
    for opens in ("Escalate", "Sign out"):
        await lea.press(opens)
        assert await lea.axe() == [], opens
        await lea.page.keyboard.press("Escape")
    await place.call("POST", f"/items/{item}/complete", {"agent": "lea", "disposition": "solved"})


async def test_everything_is_reached_by_keyboard_and_the_focus_comes_back(arrive: Arrive, place: Place) -> None:
    item = await place.mail("Keys", "A letter.", sender="lou@customer.example")
    lea = await holding(arrive, place, item)
    button = lea.page.get_by_role("button", name="Escalate")
    await button.focus()
    await lea.page.keyboard.press("Enter")
    await expect(lea.page.get_by_role("dialog")).to_be_visible()
    await lea.page.keyboard.press("Escape")
    await expect(button).to_be_focused()
    await lea.page.get_by_label("Reply", exact=True).fill("By hand.")
    await lea.page.keyboard.press("Control+Enter")
    await expect(lea.page.locator(".said.agent")).to_contain_text("By hand.")
    await close(lea, place, item)


async def test_the_customer_is_corrected_and_another_one_linked(arrive: Arrive, place: Place) -> None:
    item = await place.mail("Who am I", "A letter.", sender="max@customer.example")
    lea = await holding(arrive, place, item)
    card = lea.page.locator(".side section").nth(1)
    await expect(card).to_contain_text("max@customer.example")
    await card.get_by_role("button", name="Edit").click()
    form = lea.page.get_by_role("dialog")
    await form.get_by_label("Name", exact=True).fill("Max Planck")
    await form.get_by_label("Identity checked: how?").fill("passport")
    await form.get_by_role("button", name="Save").click()
    await expect(card).to_contain_text("Max Planck")
    await expect(card).to_contain_text("checked: passport")
    await expect(lea.page.locator("#item-title")).to_have_text("Max Planck")
    await card.get_by_role("button", name="Link").click()
    await form.get_by_role("button", name="Somebody new").click()
    await form.get_by_label("Name", exact=True).fill("Marie Curie")
    await form.get_by_role("button", name="Remove this one").click()
    await form.get_by_role("button", name="Save").click()
    await expect(card).to_contain_text("Marie Curie")
    marie = (await place.item(item))["customer"]
    await card.get_by_role("button", name="Link").click()
    await form.get_by_label("Name, number or address").fill("planck")
    await form.get_by_role("button", name="Search").click()
    await form.get_by_role("button", name="It is this one").click()
    await expect(form).to_have_count(0)
    await expect(card).to_contain_text("Max Planck")
    assert (await place.item(item))["customer"] != marie
    await close(lea, place, item)


async def test_a_call_shows_who_calls_and_takes_notes(arrive: Arrive, place: Place) -> None:
    item = await place.event("call.offered", {"call": "call-1", "to": NUMBER, "from": "+32 470 00 00 07"})
    lea = await ready(arrive)
    await expect(lea.page.get_by_role("alertdialog")).to_contain_text("+32470000007")
    await lea.page.locator(".offer").get_by_role("button", name="Accept").click()
    await place.until(item, state="active")
    await lea.sees("You talk on the phone.")
    await lea.page.get_by_label("Note", exact=True).fill("Calls about the heating.")
    await lea.press("Keep note")
    await lea.sees("Note by Léa Peeters")
    await place.event("call.answered", {"call": "call-1", "agent": "lea"})
    await place.event("call.ended", {"call": "call-1"})
    await place.until(item, state="wrapping")
    await close(lea, place, item)


async def test_what_was_taken_back_is_told_to_who_comes_back(arrive: Arrive, place: Place) -> None:
    item = await place.chat("Il y a quelqu'un ?", visitor="nia")
    lea = await holding(arrive, place, item)
    await lea.page.goto("about:blank")
    await place.call("PUT", "/agents/lea/presence", {"state": "offline"})
    await place.until(item, state="queued")
    await lea.page.goto(f"{place.url}/agent")
    told = lea.page.locator(".mine .note")
    await expect(told).to_contain_text("this was taken back")
    await expect(told).to_contain_text("nia")
    await lea.press("Understood")
    await expect(told).to_have_count(0)
    tom = await holding(arrive, place, item, "tom")
    await close(tom, place, item)


async def test_who_gave_no_name_is_unknown_and_a_chat_in_hand_is_never_late(arrive: Arrive, place: Place) -> None:
    item = await place.chat("Hello?", visitor="visitor_4bq4mj2nlvmkvari4hqd7u6uuy")
    lea = await holding(arrive, place, item)
    mine = lea.page.locator("button.item", has_text="Unknown customer")
    await expect(mine).to_contain_text("In hand")
    await close(lea, place, item)


async def test_a_page_that_slept_renews_its_token_and_stays_signed_in(arrive: Arrive, place: Place) -> None:
    lea = await arrive()
    await lea.page.clock.install()
    await lea.sign_in("lea")
    await lea.press("Ready")
    await lea.sees("You are ready")
    async with lea.page.expect_response("**/api/v1/token/refresh") as renewed:
        await lea.page.clock.fast_forward("26:00")
    assert (await renewed.value).status == 200
    await expect(lea.page.locator(".banner")).to_have_count(0)
    item = await place.mail("Awake", "A letter.", sender="ola@customer.example")
    await expect(lea.page.get_by_role("alertdialog")).to_contain_text("ola@customer.example")
    await lea.page.locator(".offer").get_by_role("button", name="Accept").click()
    await place.until(item, state="active")
    await close(lea, place, item)
