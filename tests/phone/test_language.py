"""The language of a text as a guess: right where it is sure, silent where it is not."""

import pytest

from channels.language import Langid, spoken_part

CENTRE = ("de", "en", "fr", "nl")
LANGID = Langid()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Goedemiddag, ik heb een vraag over mijn huurtoelage.", "nl"),
        ("Kan ik mijn afspraak verplaatsen naar dinsdag?", "nl"),
        ("Bonjour, quand puis-je venir chercher ma carte ?", "fr"),
        ("Guten Tag, ich möchte eine Auskunft zu meinem Parkausweis.", "de"),
        ("Hello, my bin was not collected this week.", "en"),
        ("> Bonjour, quand puis-je venir chercher ma carte ?\nGraag een antwoord in het Nederlands, dank u", "nl"),
        ("Dag", ""),
        ("ok", ""),
        ("12345 67890 +32 2 555 01 23", ""),
        ("kim@shop.example https://shop.example/de/hilfe", ""),
        ("", ""),
    ],
)
async def test_a_text_shows_its_language_or_nothing(text: str, language: str) -> None:
    assert await LANGID.language(text, CENTRE) == language


@pytest.mark.slow
async def test_only_languages_of_the_centre_are_guessed() -> None:
    text = "Buongiorno, vorrei sapere quando posso ritirare la mia carta"
    assert await LANGID.language(text, ("it", "fr")) == "it"
    assert await LANGID.language(text, ("fr", "nl")) in ("fr", "")


async def test_a_centre_of_one_language_has_nothing_to_guess() -> None:
    fresh = Langid()
    assert await fresh.language("Bonjour, quand puis-je venir ?", ("fr",)) == ""
    assert not fresh._models, "nothing was loaded"


@pytest.mark.slow
async def test_languages_that_the_model_does_not_know_are_left_out() -> None:
    assert await LANGID.language("Bonjour, quand puis-je venir ?", ("fr", "wls")) == ""


def test_what_shows_no_language_is_left_out() -> None:
    assert (
        spoken_part("> quoted text here\nkim@x.example 12 https://a.example wat een lange vraag")
        == "wat een lange vraag"
    )
