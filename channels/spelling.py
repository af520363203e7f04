"""Addresses in the one form in which they are compared, however they come in. Pure."""

import functools
from typing import Final

import phonenumbers

from channels import limits
from queues.queue import ChannelName

DEFAULT_REGION: Final = "BE"
"""Where a number without a country prefix belongs."""

WITHHELD: Final = frozenset({"", "anonymous", "private", "restricted", "unavailable", "unknown", "withheld"})
"""What phone systems write for a number that the caller does not show."""


@functools.lru_cache(maxsize=limits.NORMAL_KEPT_MAX)
def phone_address(text: str) -> str:
    """A phone address in its one form: E.164 for a number, lower case for a SIP URI, digits for an extension."""
    plain = text.strip().lower()
    if plain in WITHHELD:
        return ""
    if plain.startswith(("sip:", "sips:")):
        return plain
    try:
        number = phonenumbers.parse(plain, DEFAULT_REGION)
    except phonenumbers.NumberParseException:
        return plain
    if not phonenumbers.is_possible_number(number):
        return plain.replace(" ", "")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def normalised(channel: ChannelName, address: str) -> str:
    """An address in the one form in which this channel compares it."""
    return phone_address(address) if channel == "phone" else address.strip().lower()
