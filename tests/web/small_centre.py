"""A small centre for pages to work on: two lines, four people, a mailbox, a chat site and a number."""

from typing import Any

import msgspec

from router.runtime.accounts import Account, Grant

PASSWORD = "a good long password"
MAILBOX = "help@centre.example"
SITE = "chat.centre.example"
NUMBER = "+32 2 000 02 02"

PEOPLE = [
    Account(login="lea", agent="lea", grants=(Grant(role="agent", teams=("front",)),)),
    Account(login="tom", agent="tom", grants=(Grant(role="agent", teams=("front",)),)),
    Account(login="eva", agent="eva", grants=(Grant(role="agent", teams=("experts",)),)),
    Account(login="ina", agent="ina", grants=(Grant(role="agent", teams=("experts",)),)),
    Account(login="leo", agent="", grants=(Grant(role="supervisor", teams=("front", "experts")),)),
]
"""Who signs in: two of the first line, two specialists, and who leads them all."""

_LANGUAGES = ("fr", "nl", "de", "en")
_SKILLS = dict.fromkeys(("housing", *_LANGUAGES), 4)


def names(fr: str, nl: str, de: str, en: str) -> dict[str, str]:
    """A name in the four languages."""
    return {"fr": fr, "nl": nl, "de": de, "en": en}


CENTRE: dict[str, Any] = {
    "revision": 0,
    "skills": {
        "housing": {"names": names("Logement", "Huisvesting", "Wohnen", "Housing")},
        **{language: {"kind": "language"} for language in _LANGUAGES},
    },
    "queues": {
        "housing": {
            "names": names("Logement", "Huisvesting", "Wohnen", "Housing"),
            "team": "front",
            "skills": {"housing": 1},
            "reservation": "1h",
            "escalates_to": "law",
            "wrap_up": {"email": "1h", "chat": "1h", "phone": "1h"},
        },
        "law": {
            "names": names("Spécialistes", "Specialisten", "Fachleute", "Specialists"),
            "line": 2,
            "team": "experts",
            "reservation": "1h",
        },
    },
    "teams": {
        "front": {
            "names": names("Accueil", "Onthaal", "Empfang", "Front desk"),
            "serves": {"housing": 1},
            "leader": "tom",
            "stand_in_after": "1h",
        },
        "experts": {"names": names("Experts", "Experten", "Experten", "Experts"), "line": 2, "serves": {"law": 1}},
    },
    "agents": {
        "lea": {"name": "Léa Peeters", "teams": ["front"], "skills": _SKILLS, "phone": "101"},
        "tom": {"name": "Tom Maes", "teams": ["front"], "skills": _SKILLS, "phone": "102"},
        "ina": {"name": "Ina Vogt", "teams": ["experts"], "skills": _SKILLS, "phone": "104", "language": "de"},
        "eva": {"name": "Eva Schmitz", "teams": ["experts"], "skills": _SKILLS, "phone": "103"},
    },
    "categories": {
        "question": {"names": names("Question", "Vraag", "Frage", "Question")},
        "complaint": {"names": names("Plainte", "Klacht", "Beschwerde", "Complaint")},
    },
    "codes": {
        "disposition": {
            "solved": names("Résolu", "Opgelost", "Gelöst", "Solved"),
            "referred": names("Orienté ailleurs", "Doorverwezen", "Weiterverwiesen", "Referred"),
        },
        "not_ready": {
            "pause": names("Pause", "Pauze", "Pause", "Break"),
            "no_answer": names("Pas de réponse", "Geen antwoord", "Keine Reaktion", "Did not answer"),
        },
        "escalation": {"legal": names("Question juridique", "Juridische vraag", "Rechtsfrage", "Legal question")},
        "decline": {"busy": names("Occupé", "Bezig", "Beschäftigt", "Busy")},
        "permission": {"refund": names("Remboursement", "Terugbetaling", "Erstattung", "Refund")},
    },
    "closings": {
        "spam": {"names": names("Pourriel", "Spam", "Spam", "Spam"), "counts": False},
        "no_answer_needed": {
            "names": names("Rien à répondre", "Geen antwoord nodig", "Keine Antwort nötig", "No answer needed"),
        },
    },
    "entry_points": {
        "mailbox": {"channel": "email", "address": MAILBOX, "queue": "housing", "language": "en"},
        "site": {"channel": "chat", "address": SITE, "queue": "housing", "language": "fr"},
        "number": {"channel": "phone", "address": NUMBER, "queue": "housing", "language": "nl"},
    },
}


def text(**changes: Any) -> str:
    """The centre as a file (JSON is YAML); `changes` replace whole parts."""
    return msgspec.json.encode({**CENTRE, **changes}).decode()
