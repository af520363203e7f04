"""Rules of classification in intake: what comes through each channel is asked about, and what they say counts."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from channels.classified import Came, classified
from channels.intake import EventIntake
from queues.category import Category
from queues.entry_point import EntryPoint
from queues.hours import Hours, Span
from queues.queue import Queue
from queues.rule import Rule, When
from router.core.item import WorkItem
from router.core.state import State
from router.core.views import item_view
from router.gateway import Traits
from router.node.insight import Knowledge
from router.runtime.system import SystemClock
from router.wire.codec import encode
from skills import Skill
from tests.phone.house import RECORDS, SECRET, House

OFFICE = Hours(id="office", zone="Europe/Brussels", weekly=((Span(start=540, end=1020),), *((),) * 6))


class Seer:
    """An insight that knows what a test says, and notes what it was asked."""

    def __init__(self, *, tags: tuple[str, ...] = (), card: str = "", text: str = "", open: Sequence[str] = ()) -> None:
        self.known = Traits(tags=tags, language=card)
        self.guess = text
        self.hours = frozenset(open)
        self.asked: list[str] = []

    async def open(self, hours: Sequence[Hours]) -> frozenset[str]:
        self.asked.append("open")
        return frozenset(one.id for one in hours) & self.hours

    async def traits(self, customer: str) -> Traits:
        self.asked.append("traits")
        return self.known

    async def language(self, text: str, among: Sequence[str]) -> str:
        self.asked.append("language")
        assert text.strip()
        return self.guess if self.guess in among else ""


def see(house: House, **known: Any) -> Seer:
    """Let the house's intake know this."""
    seer = Seer(**known)
    house.intake = EventIntake(house.domain, house.history, secret=SECRET, mail=house.mail, insight=seer)
    return seer


async def chat(house: House, text: str = "Goeiedag, een vraag", **more: Any) -> WorkItem:
    data = {"site": "shop", "from": "kim@shop.example", "text": text, "id": f"m{len(house.state.items)}", **more}
    outcome = await house.take("chat.message", data)
    assert not outcome.rejection, outcome
    return house.state.items[outcome.refs["item"]]


async def form(house: House, **more: Any) -> WorkItem:
    outcome = await house.take("webhook.received", {"to": "forms", "text": "Please help me", **more})
    assert not outcome.rejection, outcome
    return house.state.items[outcome.refs["item"]]


# -- what each channel lets rules look at -----------------------------------------------------------------------


async def test_a_call_is_classified_by_what_was_dialled_and_who_calls(house: House) -> None:
    when = When(channels=("phone",), to=("+32 2*", "+322555*"), senders=("+32470*",), entry_points=("number",))
    await house.put(Rule(id="vip", when=when, queue="expert", requirement=(("tax", 2),), priority=7))
    item = await house.call()
    assert (item.queue, item.priority, item.rules) == ("expert", 7, ("vip",))
    assert item.requirement == (("fr", 3), ("tax", 2))
    assert item_view(house.state, item.id)["rules"] == ["vip"]
    assert (await house.call("c2", "+32 2 555 00 02")).rules == ()


async def test_a_form_is_classified_by_its_fields_and_words(house: House) -> None:
    when = When(form={"topic": ("déménagement",)}, keywords=("please",))
    await house.put(Rule(id="moving", when=when, category="tax_question", wishes=(("tax", 1),)))
    item = await form(house, attributes={"topic": "Demenagement"})
    assert (item.category, item.wishes, item.rules) == ("tax_question", (("tax", 1),), ("moving",))
    assert (await form(house, attributes={"topic": "Other"})).rules == ()


async def test_a_category_brings_its_queue_and_skills_or_those_above_it(house: House) -> None:
    await house.put(
        Category(id="money", queue="expert", requirement=(("tax", 3),)),
        Category(id="refund", parent="money"),
        Rule(id="refunds", when=When(keywords=("refund",)), category="refund"),
    )
    item = await form(house, text="A refund, please")
    assert (item.queue, item.category, item.requirement) == ("expert", "refund", (("tax", 3),))


async def test_what_the_event_says_counts_more_than_a_rule(house: House) -> None:
    await house.put(
        Rule(id="all", queue="expert", category="tax_question", requirement=(("tax", 1),), priority=5, language="nl")
    )
    item = await house.call("c1", "+32 2 555 00 02", queue="help", skills={"tax": 4}, priority=0, language="fr")
    assert (item.queue, item.priority, item.language) == ("help", 0, "fr")
    assert item.requirement == (("fr", 2), ("tax", 4))
    other = await house.call("c2", "+32 2 555 00 02")
    assert (other.queue, other.priority, other.language) == ("expert", 5, "nl")
    assert other.requirement == (("nl", 2), ("tax", 1)), "the rule's language is asked in place of the number's"


async def test_tags_of_the_customer_and_the_hour(house: House) -> None:
    await house.put(
        OFFICE,
        Rule(id="vip", place=1, when=When(tags=("vip",)), priority=9, go_on=True),
        Rule(id="night", place=2, when=When(outside="office"), queue="expert"),
        Rule(id="day", place=3, when=When(hours="office"), category="tax_question"),
    )
    seer = see(house, tags=("vip", "gold"))
    item = await house.call()
    assert (item.rules, item.priority, item.queue) == (("vip", "night"), 9, "expert")
    assert seer.asked == ["traits", "open"]
    see(house, open=["office"])
    assert (await house.call("c2")).rules == ("day",)


async def test_nothing_is_asked_that_no_rule_needs(house: House) -> None:
    seer = see(house)
    await house.call()
    assert seer.asked == []


async def test_what_rules_look_at_is_not_in_the_log(house: House) -> None:
    await house.put(Rule(id="words", when=When(keywords=("geheim",), senders=("kim@*",)), priority=1))
    item = await chat(house, "Dit is GEHEIM")
    assert item.rules == ("words",)
    logged = b"".join(encode(record) for _, record in house.state.records() if not isinstance(record, Rule))
    assert b"kim@" not in logged and b"GEHEIM" not in logged


async def test_a_queue_that_a_live_edit_takes_away_meanwhile_is_left_out(house: House) -> None:
    await house.put(Rule(id="all", queue="expert", category="tax_question", requirement=(("tax", 1),)))
    before, after = house.state, State()
    for record in RECORDS:
        if record.id not in ("expert", "tax_question", "tax"):
            after.put(record.__struct_config__.tag, record.id, record)
    states = iter([before, after])
    found = await classified(lambda: next(states), Came(entry=before.entry_points["number"]))
    assert found.verdict.rules == ("all",)
    assert (found.verdict.queue, found.verdict.category, found.verdict.requirement) == ("", "", ())


# -- the language ----------------------------------------------------------------------------------------------


async def test_a_chat_asks_for_the_language_of_its_first_message(house: House) -> None:
    seer = see(house, text="nl")
    item = await chat(house)
    assert (item.language, item.requirement) == ("nl", (("nl", 1),))
    await chat(house, "Merci, c'est tout", id="later")
    assert seer.asked.count("language") == 1, "afterwards the conversation has its language"


async def test_a_rule_sees_the_language_and_asks_more_of_it(house: House) -> None:
    await house.put(Rule(id="dutch", when=When(languages=("nl",)), requirement=(("nl", 3),)))
    see(house, text="nl")
    item = await chat(house)
    assert (item.rules, item.requirement) == (("dutch",), (("nl", 3),))


@pytest.mark.parametrize("card", ["nl", "nl-BE", "NL"])
async def test_the_customers_card_counts_more_than_the_text(house: House, card: str) -> None:
    seer = see(house, card=card, text="fr")
    item = await chat(house)
    assert (item.language, item.requirement, seer.asked) == ("nl", (("nl", 1),), ["traits"])


async def test_a_card_in_a_language_that_nobody_speaks_says_nothing(house: House) -> None:
    see(house, card="ja", text="fr")
    assert (await chat(house)).language == "fr"


async def test_the_entry_point_counts_more_than_card_and_text(house: House) -> None:
    seer = see(house, card="nl", text="nl")
    item = await house.call()
    assert (item.language, item.requirement, seer.asked) == ("fr", (("fr", 3),), [])


async def test_a_queue_of_one_language_says_it_and_asks_it_itself(house: House) -> None:
    await house.put(
        Queue(id="nederlands", requirement=(("nl", 3),)),
        EntryPoint(id="balie", channel="chat", address="balie", queue="nederlands"),
    )
    see(house, card="fr", text="fr")
    item = await chat(house, site="balie")
    assert (item.language, item.requirement) == ("nl", ())


async def test_the_event_counts_more_than_all(house: House) -> None:
    see(house, card="nl", text="nl")
    item = await chat(house, language="fr")
    assert (item.language, item.requirement) == ("fr", (("fr", 1),))


async def test_a_guess_is_marked_and_kept_off_the_customers_card(house: House) -> None:
    see(house, text="nl")
    item = await chat(house)
    await house.archive()
    card = await house.customers.card(item.customer)
    assert card is not None and card.language == ""


async def test_a_language_that_is_no_skill_is_only_said(house: House) -> None:
    await house.put(Skill(id="en"), Rule(id="english", language="en"))
    item = await house.call()
    assert (item.language, item.requirement) == ("en", (("fr", 3),))


# -- the real insight --------------------------------------------------------------------------------------------


async def test_knowledge_reads_cards_and_the_calendar(house: House) -> None:
    known = Knowledge(SystemClock(), house.customers, Seer(text="nl"))
    assert await known.traits("nobody") == Traits()
    assert await known.open(
        [OFFICE, msgspec.structs.replace(OFFICE, id="always", weekly=((Span(start=0, end=1440),),) * 7)]
    ) >= {"always"}
    assert await known.language("tekst", ("nl", "fr")) == "nl"
