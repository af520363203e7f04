"""The entry point and what it says: found by address, overridden only where it allows it, pseudonyms not addresses."""

from typing import Any

import msgspec
import pytest

from channels.customer import pseudonym
from channels.entry import Given, Party, facts_of, find, spoken
from channels.spelling import phone_address
from router.core.facts import Facts
from router.core.state import State
from router.gateway import Content, CustomerAddress, EventRefused
from tests.phone.house import RECORDS, SECRET

OFFERED = Party(address="+32470123456", name="Nora")


@pytest.fixture(scope="module")
def state() -> State:
    state = State()
    for record in RECORDS:
        state.put(record.__struct_config__.tag, record.id, record)
    state.settle()
    return state


def facts(state: State, entry: str, **given: Any) -> tuple[Facts, dict[str, bytes]]:
    return facts_of(
        state, state.entry_points[entry], Given(**given), party=OFFERED, secret=SECRET, whose=str, key="call:1"
    )


def refusal(state: State, entry: str, **given: Any) -> tuple[str, str]:
    with pytest.raises(EventRefused) as refused:
        facts(state, entry, **given)
    return refused.value.code, refused.value.pointer


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("+32 2 555 00 01", "+3225550001"),
        ("02/555.00.01", "+3225550001"),
        ("0032 2 555 00 01", "+3225550001"),
        ("tel:+32-2-555-00-01", "+3225550001"),
        ("0800 12 345", "+3280012345"),
        ("2001", "2001"),
        ("20 01", "2001"),
        ("SIP:Ann@PBX.example", "sip:ann@pbx.example"),
        ("Anonymous", ""),
        ("restricted", ""),
        ("", ""),
    ],
)
def test_a_phone_address_has_one_form(written: str, meant: str) -> None:
    assert phone_address(written) == meant


@pytest.mark.parametrize("written", ["+3225550001", "02 555 00 01", "0032-2-555-00-01"])
def test_an_entry_point_is_found_however_its_number_is_written(state: State, written: str) -> None:
    assert find(state, "phone", written).id == "number"


def test_a_chat_site_is_found_in_any_case(state: State) -> None:
    assert find(state, "chat", "SHOP ").id == "shop"


def test_an_address_of_another_channel_is_no_entry_point(state: State) -> None:
    with pytest.raises(EventRefused) as refused:
        find(state, "email", "shop")
    assert (refused.value.code, refused.value.pointer) == ("unknown_entry_point", "/data/to")


def test_facts_are_the_entry_points_when_the_event_says_nothing(state: State) -> None:
    made, _ = facts(state, "number")
    assert (made.entry_point, made.queue, made.requirement, made.language) == ("number", "help", (("fr", 3),), "fr")


def test_allowed_overrides_replace_and_add(state: State) -> None:
    made, _ = facts(state, "open_number", queue="expert", skills={"tax": 4}, priority=-2, category="tax_question")
    assert made.queue == "expert"
    assert made.requirement == (("fr", 2), ("tax", 4))
    assert (made.priority, made.category) == (-2, "tax_question")


def test_another_language_is_asked_for_at_the_same_level_instead(state: State) -> None:
    made, _ = facts(state, "open_number", language="nl")
    assert (made.language, made.requirement) == ("nl", (("nl", 2),))


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"queue": "help"}, "queue"),
        ({"skills": {"tax": 1}}, "skills"),
        ({"language": "nl"}, "language"),
        ({"priority": 0}, "priority"),
        ({"category": "tax_question"}, "category"),
    ],
)
def test_an_override_that_is_not_allowed_is_refused_by_name(state: State, given: dict[str, Any], field: str) -> None:
    assert refusal(state, "number", **given) == ("override_not_allowed", f"/data/{field}")


@pytest.mark.parametrize(
    ("given", "code", "pointer"),
    [
        ({"queue": "nope"}, "unknown_queue", "/data/queue"),
        ({"skills": {"a/b": 1}}, "unknown_skill", "/data/skills/a~1b"),
        ({"language": "xx"}, "unknown_language", "/data/language"),
        ({"category": "nope"}, "unknown_category", "/data/category"),
    ],
)
def test_what_the_centre_does_not_know_is_refused_by_name(
    state: State, given: dict[str, Any], code: str, pointer: str
) -> None:
    assert refusal(state, "open_number", **given) == (code, pointer)


def test_facts_hold_no_address_and_contents_do(state: State) -> None:
    """What goes into the log names nobody."""
    made, contents = facts(state, "number", customer="crm-7", attributes={"plate": "1-ABC-234"})
    log = msgspec.json.encode(made).decode()
    assert "32470123456" not in log
    assert "Nora" not in log
    assert "crm-7" not in log
    mine = CustomerAddress(key=pseudonym(SECRET, "+32470123456"), kind="phone", address="+32470123456")
    assert msgspec.json.decode(contents[made.address], type=Content) == Content(
        address="+32470123456", name="Nora", known_by=mine
    )
    assert msgspec.json.decode(contents[made.attributes], type=Content).attributes == {
        "plate": "1-ABC-234",
        "customer": "crm-7",
    }


def test_a_pseudonym_is_the_same_for_an_address_and_different_for_a_secret() -> None:
    assert pseudonym(SECRET, "+32470123456") == pseudonym(SECRET, "+32470123456")
    assert pseudonym(SECRET, "+32470123456") != pseudonym(b"another", "+32470123456")


def test_callers_without_a_number_are_not_one_customer() -> None:
    assert pseudonym(SECRET, "") == ""


def test_attributes_have_a_limit(state: State) -> None:
    assert refusal(state, "number", attributes={"a": "x" * 20_000}) == ("attributes_too_large", "/data/attributes")


@pytest.mark.parametrize(("wish", "spoken_here"), [("nl-BE", "nl"), ("FR", "fr"), ("sv", ""), ("", "")])
def test_a_browsers_language_is_taken_when_it_is_spoken_here(state: State, wish: str, spoken_here: str) -> None:
    assert spoken(state, state.entry_points["shop"], wish) == spoken_here


def test_a_browsers_language_is_ignored_where_the_site_says_the_language(state: State) -> None:
    assert spoken(state, state.entry_points["elsewhere"], "nl") == ""
