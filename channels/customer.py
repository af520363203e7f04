"""Customers, as the log knows them: by a pseudonym. Their addresses and names lie beside it."""

from channels.keyed import keyed
from queues.queue import ChannelName
from router.gateway import AddressKind, CustomerAddress


def pseudonym(secret: bytes, address: str) -> str:
    """The key of a normalised address, and the customer behind it unless it was linked to another one; empty for no
    address (a withheld number is nobody in particular)."""
    return f"cust_{keyed(secret, 'customer', address)}" if address else ""


def known_by(secret: bytes, channel: ChannelName, address: str) -> CustomerAddress | None:
    """What a customer is known by who used this normalised address on this channel; None for no address."""
    if not address:
        return None
    kind: AddressKind = "phone" if channel == "phone" else "email" if "@" in address else "handle"
    return CustomerAddress(key=pseudonym(secret, address), kind=kind, address=address)
