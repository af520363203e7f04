"""Subjects and last lines: which reference a customer quotes, and how ours is said once and only once."""

import pytest

from channels.email.compose import Letter, composed
from channels.email.footer import footed, footed_html
from channels.email.limits import SUBJECT_CHARS_MAX
from channels.email.subject import answer_subject, reference_in, tagged
from router.core.reference import reference
from tests.email.test_outbound import read

OURS = reference(1)
PLAIN = OURS.replace("-", "")


@pytest.mark.parametrize(
    "subject",
    [
        f"Re: My form [{OURS}]",
        f"{OURS}",
        f"my case {OURS.replace('-', ' ')}, please",
        f"my case {OURS.replace('-', '.')}!",
        f"Form #{PLAIN}",
        f"[{PLAIN}] Form",
        f"Réf. n° {PLAIN}",
        f"Votre référence : {PLAIN}",
        f"Uw referentie: {PLAIN}",
        f"Ihre Referenznummer {PLAIN}",
        f"call 0470-12-34-56 about {OURS}",
        f"[123-456-789] and then {OURS}",
    ],
)
def test_a_reference_is_read_however_people_write_it(subject: str) -> None:
    assert reference_in(subject) == OURS


@pytest.mark.parametrize(
    "subject",
    ["", "Form", PLAIN, f"call me: {PLAIN}", f"+32{PLAIN}", f"{OURS}-7", f"1-{OURS}", f"#{PLAIN}0", "[618-033-948]"],
)
def test_what_may_be_a_telephone_number_or_is_misspelt_is_no_reference(subject: str) -> None:
    """Nine digits in a row are as often a telephone; check digits that do not fit are somebody else's number."""
    assert reference_in(subject) == ""


@pytest.mark.parametrize(
    ("subject", "answer"),
    [
        ("Form", "Re: Form"),
        ("RE: re: Form", "Re: Form"),
        ("Antw: AW: Réf: x", "Re: x"),
        ("", "Re:"),
        (f"Re: Form [{OURS}]", "Re: Form"),
        (f"[{OURS}] AW: Form", "Re: Form"),
        ("Form [2026-11-22 01]", "Re: Form [2026-11-22 01]"),
    ],
)
def test_one_re_is_enough(subject: str, answer: str) -> None:
    assert answer_subject(subject) == answer


@pytest.mark.parametrize(
    ("subject", "sent"),
    [
        ("Re: Form", f"Re: Form [{OURS}]"),
        (f"Re: about {OURS}", f"Re: about {OURS}"),
        (f"Re: about #{PLAIN}", f"Re: about #{PLAIN}"),
        (f"Re: Form [{OURS}]", f"Re: Form [{OURS}]"),
        (f"Re: Form [{reference(2)}]", f"Re: Form [{OURS}]"),
        (f"Re: like {reference(2)} and {OURS}", f"Re: like {reference(2)} and {OURS}"),
    ],
)
def test_a_subject_says_its_reference_once(subject: str, sent: str) -> None:
    """And no other one in brackets: the customer's answer would name two."""
    assert tagged(subject, OURS) == sent


def test_a_conversation_of_before_there_were_references_has_none_in_its_mails() -> None:
    assert tagged("Re: Form", "") == "Re: Form"
    assert footed("text\n", "", "fr") == "text\n"


def test_over_a_long_exchange_the_subject_does_not_grow() -> None:
    subject = "Mon dossier"
    for prefix in ("Re: ", "AW: ", "Antw: ", "RE: Re: ") * 5:
        subject = prefix + tagged(answer_subject(subject), OURS)
    assert tagged(answer_subject(subject), OURS) == f"Re: Mon dossier [{OURS}]"


@pytest.mark.parametrize("topic", ["é" * 300, "a" * (2 * SUBJECT_CHARS_MAX), "日本" * 600, "word " * 200])
def test_a_long_subject_keeps_its_reference_and_its_lines_short(topic: str) -> None:
    """RFC 5322 section 2.1.1: a line has at most 998 characters, and should have 78."""
    letter = Letter(
        message_id="<dlv_1.0@desk.example>",
        sender=("Helpdesk", "help@desk.example"),
        to=("Kim", "kim@example.org"),
        subject=tagged(answer_subject(topic), OURS),
        text="text",
        at_ms=1_795_000_000_000,
    )
    raw = composed(letter)
    subject = read(raw)["Subject"]
    assert raw.isascii()
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    assert subject.endswith(f" [{OURS}]")
    assert (subject.count(OURS), len(subject) <= SUBJECT_CHARS_MAX) == (1, True)


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("en", f"Your reference: {OURS}"),
        ("fr", f"Votre référence : {OURS}"),
        ("nl-BE", f"Uw referentie: {OURS}"),
        ("DE", f"Ihre Referenz: {OURS}"),
        ("it", f"Ref. {OURS}"),
        ("", f"Ref. {OURS}"),
    ],
)
def test_the_last_line_says_it_in_the_language_of_the_conversation(language: str, line: str) -> None:
    assert footed("Voilà.\n\n", OURS, language) == f"Voilà.\n\n{line}\n"
    assert footed_html("<b>Voilà.</b>", OURS, language) == f"<b>Voilà.</b><p>{line}</p>"


def test_who_says_it_already_does_not_say_it_twice() -> None:
    """And a mail without HTML gets none."""
    assert footed(f"Call us and say {OURS}.", OURS, "en") == f"Call us and say {OURS}."
    assert footed_html(f"<p>{OURS}</p>", OURS, "en") == f"<p>{OURS}</p>"
    assert footed_html("", OURS, "en") == ""
