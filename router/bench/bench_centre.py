"""The contact centre of `bench push`: ten queues in four languages and as many agents as asked for. Pure."""

import msgspec

LANGUAGES = ("fr", "nl", "de", "en")
TOPICS = tuple(f"topic-{number}" for number in range(1, 11))
LEVEL_ASKED = 3
LEVEL_HAD = 4
DISPOSITION = "solved"


def agent_ids(agents: int) -> list[str]:
    """The ids of the agents."""
    return [f"agent-{number:04}" for number in range(agents)]


def numbers() -> tuple[str, ...]:
    """The numbers that may be dialled: one per queue and language."""
    count = len(TOPICS) * len(LANGUAGES)
    return tuple(f"+32 2 000 {number // 100:02} {number % 100:02}" for number in range(count))


def centre(agents: int) -> str:
    """The centre as a file (JSON is YAML). Each team serves its own queue first and its neighbour's second; each
    agent speaks two of the four languages, so that an item fits a twentieth to a tenth of all agents."""
    return msgspec.json.encode(
        {
            "revision": 0,
            "skills": {language: {"kind": "language"} for language in LANGUAGES} | {topic: {} for topic in TOPICS},
            "queues": {f"queue-{topic}": {"skills": {topic: LEVEL_ASKED}} for topic in TOPICS},
            "teams": {f"team-{topic}": _team(place) for place, topic in enumerate(TOPICS)},
            "agents": {id: _agent(number) for number, id in enumerate(agent_ids(agents))},
            "codes": {"disposition": {DISPOSITION: {"en": "Solved"}}},
            "entry_points": {f"number-{place}": _number(place, number) for place, number in enumerate(numbers())},
        }
    ).decode()


def _team(place: int) -> dict[str, object]:
    neighbour = TOPICS[(place + 1) % len(TOPICS)]
    return {"serves": {f"queue-{TOPICS[place]}": 1, f"queue-{neighbour}": 2}}


def _agent(number: int) -> dict[str, object]:
    place = number % len(TOPICS)
    turn = number // len(TOPICS)
    topics = (TOPICS[place], TOPICS[(place + 1) % len(TOPICS)])
    languages = (LANGUAGES[turn % len(LANGUAGES)], LANGUAGES[(turn + 1) % len(LANGUAGES)])
    return {
        "teams": [f"team-{TOPICS[place]}"],
        "skills": dict.fromkeys((*topics, *languages), LEVEL_HAD),
        "phone": str(10_000 + number),
    }


def _number(place: int, number: str) -> dict[str, object]:
    language = LANGUAGES[place % len(LANGUAGES)]
    return {
        "channel": "phone",
        "address": number,
        "queue": f"queue-{TOPICS[place // len(LANGUAGES)]}",
        "skills": {language: LEVEL_ASKED},
        "language": language,
    }
