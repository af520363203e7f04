"""Addresses of customers as agents type them, read as their channel would bring them in. Pure.

Like `intake`, it knows several channels, which do not know each other.
"""

import re
from collections.abc import Callable
from typing import Final

from channels import limits
from channels.customer import pseudonym
from channels.email.addresses import canonical, is_address
from channels.spelling import phone_address
from router.gateway import AddressKind, CustomerAddress

_PHONE = re.compile(r"\+?[0-9]{2,}|sips?:\S+")


class Addresses:
    """Implements `router.gateway.Addresses`: a customer's addresses as an agent types them."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def read(self, kind: AddressKind, text: str) -> CustomerAddress:
        """The address as its channel would bring it in. Raises ValueError with what is wrong with it."""
        address = _READ[kind](text)
        if len(address) > limits.ADDRESS_CHARS_MAX:
            raise ValueError(f"an address has at most {limits.ADDRESS_CHARS_MAX} characters")
        return CustomerAddress(key=pseudonym(self._secret, address), kind=kind, address=address)


def _phone(text: str) -> str:
    address = phone_address(text)
    if _PHONE.fullmatch(address) is None:
        raise ValueError("this is no phone number: write it like +32 2 555 01 23, as an extension, or as a SIP URI")
    return address


def _email(text: str) -> str:
    address = canonical(text)
    if not is_address(address):
        raise ValueError("this is no e-mail address: write it like ada@example.org")
    return address


def _handle(text: str) -> str:
    address = text.strip().lower()
    if not address:
        raise ValueError("a handle cannot be empty")
    return address


_READ: Final[dict[AddressKind, Callable[[str], str]]] = {"phone": _phone, "email": _email, "handle": _handle}
