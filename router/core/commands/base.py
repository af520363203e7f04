"""What every command is: a frozen struct that is tagged with its name."""

import msgspec


class BaseCommand(msgspec.Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """A request that may be refused."""
