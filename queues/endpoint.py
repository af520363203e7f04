"""Webhook endpoints: where integrators hear what happens."""

import msgspec


class Endpoint(msgspec.Struct, frozen=True, kw_only=True, tag="endpoint"):
    """A URL that receives signed webhooks of the named event types (`*` is all).

    The signing secret is not here: `secret` names the setting (environment variable or file) that holds it.
    `disabled`: nothing is sent and nothing is kept for it; set by a person, or when the receiver answers 410.
    """

    id: str
    url: str
    events: tuple[str, ...] = ("*",)
    secret: str = ""
    disabled: bool = False
    revision: int = 0
