"""What a visitor reads when there is no room, in their language: their page may show it as it is."""

from collections.abc import Mapping
from typing import Final

FULL: Final[Mapping[str, str]] = {
    "de": "Gerade schreiben uns sehr viele. Ihr Chat versucht es gleich von selbst wieder.",
    "en": "Very many people are writing to us right now. Your chat tries again by itself in a moment.",
    "fr": "Beaucoup de personnes nous écrivent en ce moment. Votre chat réessaie de lui-même dans un instant.",
    "nl": "Heel veel mensen schrijven ons nu. Uw chat probeert het zo meteen vanzelf opnieuw.",
}


def full(language: str) -> str:
    """The sentence in this language, else in English."""
    return FULL.get(language, FULL["en"])
