"""The language of a text, as a guess: by the letters that follow one another (py3langid), among the languages that a
centre speaks. It counts only where nothing else says the language, and says nothing of a text that is too short.
"""

import asyncio
import re
from collections.abc import Sequence
from typing import Any, Final, Protocol

from channels import limits

_NOISE: Final = re.compile(r"\S+@\S+|https?://\S+|[\d_]+")
"""Addresses and numbers: they look like a language that nobody wrote."""
_QUOTED: Final = re.compile(r"^\s*>.*$", re.MULTILINE)


class Languages(Protocol):
    """Tells languages apart."""

    async def language(self, text: str, among: Sequence[str]) -> str:
        """Which of these languages (ISO 639-1 codes) a text is written in; '' when that cannot be said."""
        ...


class Langid:
    """By py3langid. Its model is loaded, in a thread, when the first text is long enough to be asked about: it takes
    half a second and 90 MB, which a centre of one language or without texts does not need."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._models: dict[tuple[str, ...], Any] = {}

    async def language(self, text: str, among: Sequence[str]) -> str:
        """See `Languages`."""
        plain = spoken_part(text)
        wanted = tuple(sorted(set(among)))
        if len(wanted) < 2 or not plain:
            return ""
        async with self._turn:
            model: Any = self._models.get(wanted)
            if model is None:
                model = await asyncio.to_thread(_model, wanted)
                self._models = {wanted: model}  # a centre has one set of languages; after an edit, another one
        if model is _NOTHING or model is None:
            return ""
        found, sure = model.classify(plain)
        return str(found) if sure >= limits.LANGUAGE_SURE else ""


_NOTHING: Final = object()


def spoken_part(text: str) -> str:
    """What of a text shows its language: its beginning, without what it quotes, addresses and numbers; '' for too
    little."""
    plain = " ".join(_NOISE.sub(" ", _QUOTED.sub(" ", text[: limits.LANGUAGE_CHARS_MAX])).split())
    return plain if sum(map(str.isalpha, plain)) >= limits.LANGUAGE_LETTERS_MIN else ""


def _model(wanted: tuple[str, ...]) -> Any:
    """The model for these languages; nothing when it knows fewer than two of them."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    model = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    known = [language for language in wanted if language in model.labels]
    if len(known) < 2:
        return _NOTHING
    model.set_languages(known)
    return model
