"""Customers over REST: found, corrected, linked, and who did it."""

from typing import Any

from router.api import limits
from router.core import commands as c
from router.core.item import WorkItem
from tests.api.house import Answer, House
from tests.support import eventually

CUSTOMERS = "/api/v1/customers"
SEARCH = f"{CUSTOMERS}/search"
MOBILE = {"kind": "phone", "address": "0470/00 00 07"}
MAIL = {"kind": "email", "address": "Ada@Example.org"}


async def _call(house: House, number: str = "+32470000007", call: str = "k1", **more: Any) -> WorkItem:
    """A call comes in, as the telephone system posts it; its item."""
    event = {"specversion": "1.0", "source": "/pbx", "id": call, "type": "call.offered"}
    data = {"call": call, "to": "+32 2 555 01 00", "from": number} | more
    headers = {"Content-Type": "application/cloudevents+json", "Prefer": "wait=2"}
    answer = await house.call("POST", "/api/v1/events", "key", headers=headers, json=event | {"data": data})
    assert answer.status == 200, answer
    return house.domain.state.items[answer.body["item"]]


async def _made(house: House, **body: Any) -> dict[str, Any]:
    answer = await house.call("POST", CUSTOMERS, "ann", json=body)
    assert answer.status == 201, answer
    return dict(answer.body)


async def _put(house: House, seen: dict[str, Any], who: str = "ann", **changed: Any) -> Answer:
    """The card as it was read, with what changed, put back."""
    body = {name: seen[name] for name in ("name", "language", "addresses", "identity", "notes")} | changed
    headers = {"If-Match": f'"{seen["revision"]}"'}
    return await house.call("PUT", f"{CUSTOMERS}/{seen['id']}", who, headers, json=body)


async def _found(house: House, q: str) -> list[str]:
    return [row["id"] for row in (await house.call("POST", SEARCH, "ann", json={"q": q})).body["rows"]]


async def _accepted(house: House, item: WorkItem) -> WorkItem:
    await eventually(lambda: house.domain.state.items[item.id].reservation)
    await house.do(c.AcceptReservation(item=item.id, agent="ann"))
    return house.domain.state.items[item.id]


# -- cards ------------------------------------------------------------------------------------------------------


async def test_a_caller_has_a_card_from_the_first_ring(house: House) -> None:
    """Also before the archive has written it: by number and name; then with the contact."""
    async with house.database.writing():
        item = await _call(house, from_name="Ada Dupont")
        answer = await house.call("GET", f"{CUSTOMERS}/{item.customer}", "ann")
    assert (answer.status, answer.headers["ETag"]) == (200, '"0"')
    assert (answer.body["name"], answer.body["contacts"]) == ("Ada Dupont", [])
    assert answer.body["addresses"] == [{"kind": "phone", "address": "+32470000007"}]
    await house.archiver.drained(house.domain.position)
    again = await house.call("GET", f"{CUSTOMERS}/{item.customer}", "ann")
    (contact,) = again.body.pop("contacts")
    assert again.body == {name: value for name, value in answer.body.items() if name != "contacts"}
    assert (contact["item"], contact["channel"], contact["closed_at_ms"]) == (item.id, "phone", None)
    reference = house.domain.state.conversations[item.conversation].reference
    assert contact["reference"] == reference
    assert (await _put(house, answer.body, notes="rings early")).status == 200, "what was read before it was written"


async def test_who_was_never_here_has_no_card(house: House) -> None:
    (await house.call("GET", f"{CUSTOMERS}/cust_x", "ann")).problem(404, "unknown_customer")
    answer = await house.call("PUT", f"{CUSTOMERS}/cust_x", "ann", {"If-Match": '"0"'}, json={})
    answer.problem(404, "unknown_customer")


async def test_a_card_is_edited_as_it_was_read_or_not_at_all(house: House) -> None:
    made = await _made(house, name=" Ada Dupont ", language="fr", addresses=[MOBILE, MAIL], notes="x")
    assert (made["name"], made["revision"]) == ("Ada Dupont", 1)
    assert made["addresses"] == [
        {"kind": "phone", "address": "+32470000007"},
        {"kind": "email", "address": "ada@example.org"},
    ]
    blind = await house.call("PUT", f"{CUSTOMERS}/{made['id']}", "ann", json={"name": "B"})
    assert blind.problem(428, "precondition_required")["current"]["name"] == "Ada Dupont"
    edited = await _put(house, made, name="Ada D.")
    assert (edited.status, edited.headers["ETag"], edited.body["name"]) == (200, '"2"', "Ada D.")
    stale = (await _put(house, made, name="Bea")).problem(412, "stale_revision")
    assert stale["current"]["name"] == "Ada D."
    read = await house.call("GET", f"{CUSTOMERS}/{made['id']}", "eve")
    assert (read.body["name"], read.headers["ETag"]) == ("Ada D.", '"2"')


async def test_tags_stay_until_somebody_says_otherwise(house: House) -> None:
    """Rules of classification look at them; a program that knows nothing of them does not take them away."""
    made = await _made(house, tags=["vip", "gold", "vip"], addresses=[MOBILE])
    assert made["tags"] == ["gold", "vip"]
    kept = (await _put(house, made, notes="x")).body
    assert kept["tags"] == ["gold", "vip"]
    assert (await house.customers.traits(made["id"])).tags == ("gold", "vip")
    assert (await _put(house, kept, tags=[])).body["tags"] == []
    refused = await house.call("POST", CUSTOMERS, "ann", json={"tags": ["Very Important"]})
    refused.problem(422, "invalid")


async def test_the_server_says_when_and_by_whom_an_identity_was_checked(house: House) -> None:
    """What is given back as it was read stays; a new check is one of now; null takes it away."""
    made = await _made(house, identity={"how": "id_card", "at_ms": 5, "by": "somebody else"})
    checked = made["identity"]
    assert (checked["how"], checked["by"]) == ("id_card", "ann")
    assert checked["at_ms"] > 1_000_000
    kept = (await _put(house, made, "bob", notes="x")).body
    assert kept["identity"] == checked
    again = (await _put(house, kept, "bob", identity={"how": "id_card"})).body
    assert again["identity"]["by"] == "bob"
    assert (await _put(house, again, identity=None)).body["identity"] is None


async def test_an_address_of_another_customer_is_named_and_only_taken_when_told_to(house: House) -> None:
    ada = await _made(house, name="Ada", addresses=[MOBILE])
    taken = await house.call("POST", CUSTOMERS, "ann", json={"addresses": [MAIL, MOBILE]})
    problem = taken.problem(409, "address_taken")
    assert (problem["subject"], problem["errors"][0]["pointer"]) == (ada["id"], "/addresses/1")
    assert await _found(house, "ada@example.org") == [], "nothing of it was written"
    bob = await _made(house, name="Bob", addresses=[MAIL, MOBILE], take=True)
    assert (await house.call("GET", f"{CUSTOMERS}/{ada['id']}", "ann")).body["addresses"] == []
    assert (await _call(house)).customer == bob["id"]


async def test_an_address_that_cannot_be_read_is_refused_at_its_place(house: House) -> None:
    for addresses, place, said in (
        ([MAIL, {"kind": "phone", "address": "call me"}], 1, "+32"),
        ([{"kind": "email", "address": "ada"}], 0, "ada@example.org"),
        ([MOBILE, {"kind": "phone", "address": "+32 470 00 00 07"}], 1, "already"),
    ):
        answer = await house.call("POST", CUSTOMERS, "ann", json={"addresses": addresses})
        (part,) = answer.problem(422, "invalid")["errors"]
        assert part["pointer"] == f"/addresses/{place}/address"
        assert said in part["detail"]


async def test_every_edit_is_in_the_audit_by_the_names_of_fields(house: House) -> None:
    """Who and which, never what: an admin reads it, and what was known of somebody can still be erased."""
    made = await _made(house, name="Ada Dupont", addresses=[MOBILE])
    await _put(house, made, notes="owes money")
    rows = (await house.call("GET", "/api/v1/audit", "root", params={"kind": "customer"})).body["rows"]
    assert [(row["by"], row["command"], row["subject"], row["after"]) for row in rows] == [
        ("login:ann", "PutCustomer", made["id"], {"revision": 2, "fields": ["notes"]}),
        ("login:ann", "MakeCustomer", made["id"], {"revision": 1, "fields": ["name", "addresses"]}),
    ]


# -- search -----------------------------------------------------------------------------------------------------


async def test_customers_are_found_by_whatever_the_agent_has(house: House) -> None:
    ada = (await _made(house, name="Adèle Dupont", addresses=[MOBILE, MAIL]))["id"]
    bob = (await _made(house, name="Bob Dupont"))["id"]
    for q, found in (
        ("adele", [ada]),
        ("dupont", [ada, bob]),
        ("+32 (0)470 00 00 07", [ada]),
        ("0470 0000", [ada]),
        ("da@exam", [ada]),
        (bob, [bob]),
        ("zz", []),
    ):
        assert await _found(house, q) == found, q


async def test_a_search_takes_two_characters_and_gives_pages(house: House) -> None:
    for q in ("", " a "):
        (await house.call("POST", SEARCH, "ann", json={"q": q})).problem(400, "bad_request")
    most = limits.CUSTOMERS_PAGE_MAX + 1
    (await house.call("POST", SEARCH, "ann", json={"q": "jan", "limit": most})).problem(422, "invalid")
    made = [(await _made(house, name=f"Jan {number}"))["id"] for number in range(3)]
    first = (await house.call("POST", SEARCH, "ann", json={"q": "jan", "limit": 2})).body
    rest = (await house.call("POST", SEARCH, "ann", json={"q": "jan", "after": first["next"]})).body
    assert [row["id"] for row in first["rows"] + rest["rows"]] == made
    assert rest["next"] == ""


# -- whom an item is about ----------------------------------------------------------------------------------------


async def test_an_item_is_linked_to_another_customer_for_once(house: House) -> None:
    """Somebody calls from a colleague's phone: the number stays the colleague's."""
    await house.sign_on("ann")
    item = await _accepted(house, await _call(house))
    number_of = item.customer
    ada = (await _made(house, name="Ada"))["id"]
    answer = await house.call("POST", f"/api/v1/items/{item.id}/customer", "ann", json={"customer": ada})
    assert answer.status == 200, answer
    state = house.domain.state
    assert (state.items[item.id].customer, state.conversations[item.conversation].customer) == (ada, ada)
    assert (await _call(house, call="k2")).customer == number_of
    await house.archiver.drained(house.domain.position)
    contacts = (await house.call("GET", f"{CUSTOMERS}/{ada}", "ann")).body["contacts"]
    assert [contact["item"] for contact in contacts] == [item.id]


async def test_a_remembered_link_holds_for_every_contact_from_then_on(house: House) -> None:
    await house.sign_on("ann")
    item = await _accepted(house, await _call(house))
    ada = (await _made(house, name="Ada"))["id"]
    body = {"customer": ada, "remember": True}
    assert (await house.call("POST", f"/api/v1/items/{item.id}/customer", "ann", json=body)).status == 200
    assert (await _call(house, call="k2")).customer == ada
    card = (await house.call("GET", f"{CUSTOMERS}/{ada}", "ann")).body
    assert card["addresses"] == [{"kind": "phone", "address": "+32470000007"}]
    (row,) = (await house.call("GET", "/api/v1/audit", "root", params={"subject": ada})).body["rows"][:1]
    assert (row["by"], row["command"], row["after"]["fields"]) == ("login:ann", "LinkCustomer", ["addresses"])


async def test_an_unknown_caller_becomes_somebody(house: House) -> None:
    """A number that was taken off a card is nobody's: the agent makes a card, links it, and it is known again."""
    await house.sign_on("ann")
    ada = await _made(house, name="Ada", addresses=[MOBILE])
    assert (await _put(house, ada, addresses=[])).status == 200
    item = await _accepted(house, await _call(house))
    assert item.customer == ""
    bob = (await _made(house, name="Bob"))["id"]
    body = {"customer": bob, "remember": True}
    assert (await house.call("POST", f"/api/v1/items/{item.id}/customer", "ann", json=body)).status == 200
    assert (await _call(house, call="k2")).customer == bob


async def test_what_cannot_be_linked_is_refused_and_nothing_is_remembered(house: House) -> None:
    await house.sign_on("ann")
    item = await _accepted(house, await _call(house))
    hidden = await _call(house, "anonymous", "k2")
    ada = (await _made(house, name="Ada"))["id"]
    body = {"customer": ada, "remember": True}
    path = f"/api/v1/items/{item.id}/customer"
    (await house.call("POST", path, "ann", json={"customer": "cust_x"})).problem(404, "unknown_customer")
    (await house.call("POST", path, "sam", json=body)).problem(403, "forbidden")
    (await house.call("POST", path, "bob", json=body)).problem(409, "not_yours")
    (await house.call("POST", f"/api/v1/items/{hidden.id}/customer", "lea", json=body | {"agent": "bob"})).problem(
        422, "no_address"
    )
    assert (await _call(house, call="k3")).customer == item.customer
