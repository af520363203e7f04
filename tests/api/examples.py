"""For each route that changes something: a request that works, in an order in which all of them can be made.

`CHANGES` is what leaves rows in the audit, with what each is about; `OTHERS` changes nobody's rights and moves
nothing by force. A route that is in neither fails `test_audit`; one whose example is wrong fails there too.
"""

from typing import Any

import msgspec

from router.core import commands as c
from tests.api.house import Answer, House

CENTRE_FILE = "skills:\n  cello: {names: {en: Cello}}\n"
DAY = {"zone": "Europe/Brussels", "weekly": [[{"start": 540, "end": 1020}], [], [], [], [], [], []]}
AGENT_GRANT = {"role": "agent", "teams": ["first"]}


class Example(msgspec.Struct, frozen=True):
    """One request by `root` unless somebody else is named, and the (kind, subject) of each row that it leaves."""

    method: str
    route: str
    path: str
    body: Any = None
    leaves: tuple[tuple[str, str], ...] = ()
    who: str = "root"


def _noun(path: str, kind: str, id: str, body: dict[str, Any]) -> tuple[Example, Example]:
    route, where = f"/api/v1/{path}/{{id}}", f"/api/v1/{path}/{id}"
    return (
        Example("PUT", route, where, body, ((kind, id),)),
        Example("DELETE", route, where, None, ((kind, id),)),
    )


_AGENT = "/api/v1/agents/{agent}"
_ACCOUNT = "/api/v1/accounts/{login}"
_ITEM = "/api/v1/items/{item}"

CHANGES = (
    *_noun("skills", "skill", "piano", {"names": {"en": "Piano"}}),
    *_noun("teams", "team", "third", {"line": 3}),
    *_noun("queues", "queue", "music", {"team": "first", "demands": ["category"], "keep_ms": 60_000}),
    *_noun("categories", "category", "noise", {"queue": "help"}),
    *_noun("codes", "code", "disposition:tuned", {"kind": "disposition"}),
    *_noun("hours", "hours", "day", DAY),
    *_noun("entry-points", "entry_point", "door", {"channel": "email", "address": "a@example.org", "queue": "help"}),
    *_noun("rules", "rule", "vip", {"when": {"tags": ["vip"]}, "priority": 5}),
    *_noun("endpoints", "endpoint", "pbx", {"url": "https://pbx.example/hook"}),
    Example(
        "POST",
        "/api/v1/queues/{id}/close",
        "/api/v1/queues/help/close",
        {"message": {"en": "Back at nine."}, "overflow": "expert"},
        (("queue", "help"),),
    ),
    Example("POST", "/api/v1/queues/{id}/open", "/api/v1/queues/help/open", {}, (("queue", "help"),)),
    Example(
        "POST",
        "/api/v1/agents",
        "/api/v1/agents",
        {"id": "zoe", "name": "Zoe", "teams": ["first"], "login": "zoe"},
        (("account", "zoe"), ("agent", "zoe")),
    ),
    Example("PUT", _AGENT, "/api/v1/agents/zoe", {"name": "Zoé", "teams": ["first"]}, (("agent", "zoe"),)),
    Example("PUT", f"{_AGENT}/skills/{{skill}}", "/api/v1/agents/ann/skills/tax", {"level": 2}, (("agent", "ann"),)),
    Example("DELETE", f"{_AGENT}/skills/{{skill}}", "/api/v1/agents/ann/skills/tax", None, (("agent", "ann"),)),
    Example(
        "PATCH",
        "/api/v1/skill-matrix",
        "/api/v1/skill-matrix",
        {"edits": [{"agent": "ann", "skill": "tax", "level": 4}, {"agent": "bob", "skill": "nl", "level": 1}]},
        (("agent", "ann"), ("agent", "bob")),
    ),
    Example(
        "PUT",
        f"{_AGENT}/memberships/{{queue}}",
        "/api/v1/agents/ann/memberships/help",
        {"order": 3},
        (("agent", "ann"),),
    ),
    Example(
        "DELETE", f"{_AGENT}/memberships/{{queue}}", "/api/v1/agents/ann/memberships/help", None, (("agent", "ann"),)
    ),
    Example(
        "PUT",
        f"{_AGENT}/capacity/{{channel}}",
        "/api/v1/agents/ann/capacity/webhook",
        {"maximum": 1, "weight": 10},
        (("agent", "ann"),),
    ),
    Example(
        "DELETE", f"{_AGENT}/capacity/{{channel}}", "/api/v1/agents/ann/capacity/webhook", None, (("agent", "ann"),)
    ),
    Example("PUT", f"{_AGENT}/phone", "/api/v1/agents/ann/phone", {"phone": "42"}, (("agent", "ann"),)),
    Example(
        "POST",
        f"{_AGENT}/copy",
        "/api/v1/agents/ann/copy",
        {"id": "yan", "name": "Yan", "login": "yan"},
        (("account", "yan"), ("agent", "yan")),
    ),
    Example("POST", f"{_AGENT}/disable", "/api/v1/agents/yan/disable", {}, (("account", "yan"), ("agent", "yan"))),
    Example("POST", f"{_AGENT}/enable", "/api/v1/agents/yan/enable", {}, (("account", "yan"), ("agent", "yan"))),
    Example("DELETE", _AGENT, "/api/v1/agents/yan", None, (("account", "yan"), ("agent", "yan"))),
    Example(
        "POST",
        f"{_ITEM}/answer",
        "/api/v1/items/item-m1/answer",
        {"question": "qst-m1", "answer": "advise"},
        (("item", "item-m1"),),
    ),
    Example(
        "POST",
        f"{_AGENT}/sign-out",
        "/api/v1/agents/ann/sign-out",
        {"items": {"item-m1": "return"}},
        (("item", "item-m1"),),
    ),
    Example("POST", f"{_ITEM}/rescind", "/api/v1/items/item-m1/rescind", {"reason": "vip"}, (("item", "item-m1"),)),
    Example("POST", f"{_ITEM}/transfer", "/api/v1/items/item-m1/transfer", {"to_agent": "ann"}, (("item", "item-m1"),)),
    Example("POST", f"{_AGENT}/move", "/api/v1/agents/ann/move", {"to_agent": "bob"}, (("item", "item-m1"),)),
    Example("PUT", f"{_AGENT}/presence", "/api/v1/agents/ann/presence", {"state": "offline"}, (("presence", "ann"),)),
    Example("POST", f"{_ITEM}/requeue", "/api/v1/items/item-m1/requeue", {}, (("item", "item-m1"),)),
    Example("PUT", _ACCOUNT, "/api/v1/accounts/new", {"agent": "ann", "grants": [AGENT_GRANT]}, (("account", "new"),)),
    Example("POST", f"{_ACCOUNT}/reset", "/api/v1/accounts/new/reset", {}, (("account", "new"),)),
    Example("POST", "/api/v1/keys", "/api/v1/keys", {"name": "pbx"}, (("key", "new"),)),
    Example("DELETE", "/api/v1/keys/{key}", "/api/v1/keys/key_tests", None, (("key", "key_tests"),)),
    Example("POST", "/api/v1/customers", "/api/v1/customers", {"name": "Ada"}, (("customer", "new"),)),
    Example(
        "PUT",
        "/api/v1/customers/{customer}",
        "/api/v1/customers/cust",
        {"name": "Jan Peeters"},
        (("customer", "cust"),),
    ),
    Example("POST", "/api/v1/centre/apply", "/api/v1/centre/apply", CENTRE_FILE, (("skill", "cello"),)),
    Example(
        "POST",
        "/api/v1/password",
        "/api/v1/password",
        {"old": "correct horse battery", "password": "another good one"},
        (("account", "bob"),),
        "bob",
    ),
)

OTHERS = {
    "POST /api/v1/login",
    "POST /api/v1/logout",
    "POST /api/v1/token/refresh",
    "POST /api/v1/events",
    "POST /api/v1/customers/search",
    "POST /api/v1/preview",
    "POST /api/v1/callbacks",
    "POST /api/v1/conversations/{conversation}/typing",
    "POST /api/v1/conversations/{conversation}/seen",
    *(
        f"POST {_ITEM}/{action}"
        for action in (
            "accept",
            "decline",
            "reply",
            "note",
            "pending",
            "resume",
            "category",
            "outcome",
            "customer",
            "end",
            "complete",
            "escalate",
            "return",
            "follow",
            "unfollow",
            "consult",
            "advise",
            "withdraw",
            "handover",
            "split",
            "merge",
            "unmerge",
            "dismiss",
            "ask",
            "help",
            "call_back",
            "unreached",
        )
    ),
    "POST /api/v1/deliveries/{delivery}/retry",
}


async def prepare(house: House) -> None:
    """What the examples need: ann has accepted the item of the message m1, and asked about it; bob is there too."""
    await house.sign_on("ann")
    await house.message("m1")
    await house.call("POST", "/api/v1/items/item-m1/accept", "ann", json={})
    await house.do(c.CallForHelp(item="item-m1", agent="ann", question="qst-m1"))
    await house.sign_on("bob")


async def sent(house: House, example: Example, who: str) -> Answer:
    """The answer to an example, sent by this account."""
    headers = {}
    if example.method in ("PUT", "PATCH", "DELETE") and await _is_there(house, example.path):
        headers["If-Match"] = "*"
    if isinstance(example.body, str):
        headers["Content-Type"] = "application/yaml"
        return await house.call(example.method, example.path, who, headers, data=example.body)
    return await house.call(example.method, example.path, who, headers, json=example.body)


async def _is_there(house: House, path: str) -> bool:
    """Whether there is something at this path; what can only be written is."""
    return (await house.call("GET", path, "root")).status in (200, 405)
