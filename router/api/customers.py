"""Customers: finding them, their cards, and whose an address is. Every edit is in the audit, by the names of fields.

Customers belong to no team: whoever handles items may meet any of them. Integrators have no business here.
"""

from typing import Annotated, Any, TypeAlias

import msgspec
from aiohttp import web

from router.api import limits
from router.api.cards import card_of
from router.api.deps import DEPS
from router.api.editing import etag, if_match
from router.api.problems import Problem, ProblemPart
from router.api.routes import Routes, principal_of, respond
from router.api.sessions import act_of
from router.centre.forms import TAG
from router.gateway import AddressKind, CustomerAddress
from router.runtime.customers import AddressTaken, Card, Contact, Identity, StaleCard

routes = Routes()

_CUSTOMERS = "/api/v1/customers"
_CUSTOMER = f"{_CUSTOMERS}/{{customer}}"


Tag: TypeAlias = Annotated[str, msgspec.Meta(pattern=TAG)]


class AddressBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A number, mailbox or handle, in any spelling; it is kept in the form in which it comes in."""

    kind: AddressKind
    address: Annotated[str, msgspec.Meta(max_length=limits.ADDRESS_CHARS_MAX)]


class IdentityBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How somebody made sure who the customer is. When and who are the server's to say.

    With the `at_ms` that was read it is the check of before; without, one that was made now.
    """

    how: Annotated[str, msgspec.Meta(min_length=1, max_length=limits.IDENTITY_CHARS_MAX)]
    at_ms: int | None = None
    by: str = ""


class CustomerBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole card. `take`: an address that belongs to another customer becomes this one's. Tags that are left out
    stay as they are: rules of classification look at them, and not every program knows of them."""

    name: Annotated[str, msgspec.Meta(max_length=limits.CUSTOMER_NAME_CHARS_MAX)] = ""
    language: Annotated[str, msgspec.Meta(max_length=limits.LANGUAGE_CHARS_MAX)] = ""
    addresses: Annotated[tuple[AddressBody, ...], msgspec.Meta(max_length=limits.ADDRESSES_MAX)] = ()
    identity: IdentityBody | None = None
    notes: Annotated[str, msgspec.Meta(max_length=limits.NOTES_CHARS_MAX)] = ""
    tags: Annotated[tuple[Tag, ...], msgspec.Meta(max_length=limits.TAGS_MAX)] | None = None
    take: bool = False


class Customer(msgspec.Struct, frozen=True, kw_only=True):
    """A customer. `revision` is also the ETag."""

    id: str
    name: str
    language: str
    addresses: tuple[AddressBody, ...]
    identity: Identity | None
    notes: str
    tags: tuple[str, ...]
    created_at_ms: int
    revision: int


class CustomerCard(Customer, frozen=True, kw_only=True):
    """A customer with their latest contacts, the latest first: those that the archive has, which is seconds behind."""

    contacts: list[Contact]


class Customers(msgspec.Struct, frozen=True, kw_only=True):
    """Customers by name. `next` is the cursor of the following page ('' for none)."""

    rows: list[Customer]
    next: str = ""


class SearchBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`q`: words of a name, a number in any spelling or part of one, part of an address, or an id. A body, because
    what stands in a URL is kept by every proxy on the way (ASVS 14.2.1)."""

    q: Annotated[str, msgspec.Meta(max_length=limits.ADDRESS_CHARS_MAX)]
    after: str = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=limits.CUSTOMERS_PAGE_MAX)] = limits.CUSTOMERS_PAGE_MAX


@routes.route("POST", f"{_CUSTOMERS}/search", action="customer.read", body=SearchBody, answer=Customers)
async def search(request: web.Request, body: SearchBody) -> Customers:
    """Find customers by name, number, address or id, at least two characters of it."""
    deps, wanted = request.app[DEPS], body.q.strip()
    if len(wanted) < limits.SEARCH_CHARS_MIN:
        raise Problem("bad_request", f"Give at least {limits.SEARCH_CHARS_MIN} characters to search for, as `q`.")
    try:
        number = deps.addresses.read("phone", wanted).address
    except ValueError:
        number = ""
    found = await deps.customers.search(wanted, number=number, after=body.after, limit=body.limit)
    return Customers(rows=[_shown(card) for card in found.cards], next=found.cursor)


@routes.route("POST", _CUSTOMERS, action="customer.edit", body=CustomerBody, answer=Customer, status=201)
async def make(request: web.Request, body: CustomerBody) -> web.Response:
    """Make a customer: whoever contacts us from these addresses is them from then on."""
    now = request.app[DEPS].clock.now_ms()
    card = Card(id=request.app[DEPS].ids.new("cust"), created_at_ms=now)
    made = await _put(request, card, body, command="MakeCustomer")
    return _tagged(made, 201, {"Location": f"{_CUSTOMERS}/{made.id}"})


@routes.route("GET", _CUSTOMER, action="customer.read", answer=CustomerCard)
async def get(request: web.Request) -> web.Response:
    """A customer's card, with their latest contacts."""
    card = await _existing(request)
    contacts = await request.app[DEPS].customers.contacts(card.id, limits.CONTACTS_MAX)
    shown = {name: getattr(_shown(card), name) for name in Customer.__struct_fields__}
    return respond(CustomerCard(contacts=list(contacts), **shown), 200, {"ETag": etag(card.revision)})


@routes.route("PUT", _CUSTOMER, action="customer.edit", body=CustomerBody, answer=Customer)
async def put(request: web.Request, body: CustomerBody) -> web.Response:
    """Change a customer's card; If-Match is the ETag of what you read.

    An address that is left out is nobody's from then on: whoever uses it next is unknown until somebody says who.
    """
    card = await _existing(request)
    if "If-Match" not in request.headers:
        raise Problem(
            "precondition_required",
            "Read the card, and send its ETag as If-Match, so that no other edit is lost.",
            current=_shown(card),
            headers={"ETag": etag(card.revision)},
        )
    revision = if_match(request)
    seen = card if revision is None else msgspec.structs.replace(card, revision=revision)
    return _tagged(await _put(request, seen, body, command="PutCustomer"))


async def _existing(request: web.Request) -> Card:
    id = request.match_info["customer"]
    card = await card_of(request.app[DEPS], id)
    if card is None:
        raise Problem("unknown_customer", "There is no customer with this id.", subject=id)
    return card


async def _put(request: web.Request, before: Card, body: CustomerBody, *, command: str) -> Card:
    """Write what the body says into a card. Raises Problem."""
    act = act_of(request, command)
    card = msgspec.structs.replace(
        before,
        name=body.name.strip(),
        language=body.language,
        addresses=_addresses(request, body),
        identity=_identity(request, before, body.identity),
        notes=body.notes,
        tags=before.tags if body.tags is None else tuple(sorted(set(body.tags))),
    )
    try:
        return await request.app[DEPS].customers.put(card, act=act, take=body.take)
    except StaleCard as stale:
        raise Problem(
            "stale_revision",
            "The card was changed since you read it. `current` is what it is now.",
            subject=card.id,
            current=_shown(stale.current),
            headers={"ETag": etag(stale.current.revision)},
        ) from stale
    except AddressTaken as taken:
        detail = "This address belongs to another customer. With `take` it becomes this one's."
        raise Problem(
            "address_taken",
            detail,
            subject=taken.customer,
            errors=(ProblemPart(pointer=f"/addresses/{taken.place}", detail=detail),),
        ) from taken


def _addresses(request: web.Request, body: CustomerBody) -> tuple[CustomerAddress, ...]:
    read: dict[str, CustomerAddress] = {}
    for place, given in enumerate(body.addresses):
        try:
            address = request.app[DEPS].addresses.read(given.kind, given.address)
        except ValueError as error:
            raise _wrong(place, str(error)) from error
        if address.key in read:
            raise _wrong(place, "this address is in the list already")
        read[address.key] = address
    return tuple(read.values())


def _wrong(place: int, detail: str) -> Problem:
    part = ProblemPart(pointer=f"/addresses/{place}/address", detail=detail)
    return Problem("invalid", "An address cannot be read; see `errors`.", errors=(part,))


def _identity(request: web.Request, before: Card, given: IdentityBody | None) -> Identity | None:
    """The check of before, if that is what was given back; else one that was made now, by whoever asks."""
    known = before.identity
    if given is None or (known is not None and (given.how, given.at_ms) == (known.how, known.at_ms)):
        return known if given is not None else None
    return Identity(how=given.how, at_ms=request.app[DEPS].clock.now_ms(), by=principal_of(request).login)


def _tagged(card: Card, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return respond(_shown(card), status, {"ETag": etag(card.revision)} | (headers or {}))


def _shown(card: Card) -> Customer:
    fields: dict[str, Any] = {name: getattr(card, name) for name in Customer.__struct_fields__}
    fields["addresses"] = tuple(AddressBody(kind=one.kind, address=one.address) for one in card.addresses)
    return Customer(**fields)
