"""Whatever bytes come in, something readable comes out: real mail, wrong mail, and hostile mail."""

import random
import time

import pytest

from channels.email.limits import ADDRESSES_MAX, FILES_MAX, REFERENCES_MAX, SUBJECT_CHARS_MAX
from channels.email.parse import Parsed, parse
from channels.email.worker import Parser
from tests.email.post import mail

HEAD = b"From: Kim <kim@example.org>\r\nTo: help@desk.example\r\nSubject: s\r\nMessage-ID: <m@example.org>\r\n"


def plain(body: bytes, charset: str = "", head: bytes = HEAD) -> Parsed:
    kind = b"Content-Type: text/plain; charset=" + charset.encode() + b"\r\n" if charset else b""
    return parse(head + kind + b"\r\n" + body)


def with_header(line: bytes) -> Parsed:
    return parse(line + b"\r\n" + HEAD + b"\r\nx\r\n")


def mixed(*parts: bytes, kind: bytes = b"mixed") -> Parsed:
    body = b"".join(b"--b\r\n" + part + b"\r\n" for part in parts) + b"--b--\r\n"
    return parse(HEAD + b'MIME-Version: 1.0\r\nContent-Type: multipart/%s; boundary="b"\r\n\r\n' % kind + body)


# -- charsets -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "charset", "text", "problem"),
    [
        ("Élève".encode(), "utf-8", "Élève", ""),
        ("Élève".encode("latin-1"), "iso-8859-1", "Élève", ""),
        ("10 €".encode("cp1252"), "iso-8859-1", "10 €", ""),
        ("Élève".encode("latin-1"), "utf-8", "Élève", "charset"),
        ("Élève".encode(), "x-unknown", "Élève", "charset"),
        ("Élève".encode("latin-1"), "x-unknown", "Élève", "charset"),
        ("Élève".encode(), "us-ascii", "Élève", "charset"),
        (b"+ADw-script+AD4-", "utf-7", "+ADw-script+AD4-", "charset"),
        (b"aGVsbG8=", "base64", "aGVsbG8=", "charset"),
        (b"x", '"', "x", "charset"),
        ("Élève".encode(), "", "Élève", ""),
    ],
)
def test_a_charset_is_believed_only_if_it_fits(body: bytes, charset: str, text: str, problem: str) -> None:
    parsed = plain(body, charset)
    assert (parsed.text, parsed.problem) == (text, problem)


def test_a_long_text_in_an_unnamed_charset_is_guessed() -> None:
    text = "Здравствуйте, я не могу открыть форму на вашем сайте. Помогите, пожалуйста, как можно скорее. " * 3
    assert plain(text.encode("koi8-r"), "x-user-defined").text.strip() == text.strip()


# -- headers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "subject"),
    [
        (b"Subject: =?utf-8?q?caf=C3=A9?= =?utf-8?b?IMOp?=", "café é"),
        ("Subject: déjà".encode(), "déjà"),
        ("Subject: déjà".encode("latin-1"), "déjà"),
        (b"Subject: =?utf-7?q?+ADw-b+AD4-?=", "+ADw-b+AD4-"),
        (b"Subject: =?x-foo?q?a=E9?=", "aé"),
        (b"Subject: =?utf-8?b?====?= a", "a"),
        (b"Subject: a\x00b\r\n\tc", "a b c"),
        ("Subject: \u202egnp.exe".encode(), "gnp.exe"),
        (b"Subject:", ""),
    ],
)
def test_a_subject_is_one_readable_line(line: bytes, subject: str) -> None:
    assert with_header(line).subject.replace("  ", " ") == subject


def test_hostile_headers_cost_little() -> None:
    """280 KB of encoded words took the library 5 s, 5,000 recipients half a second."""
    words = b"Subject: " + b" ".join([b"=?utf-8?q?a=C3=A9?="] * 15_000)
    many = b"To: " + b", ".join(b"u%d@example.org" % n for n in range(5_000))
    nested = b"To: " + b"(" * 1_000 + b")" * 1_000 + b" a@example.org"
    latin = b"\r\n".join(b"X-%d: " % n + b"\xe9" * 70 for n in range(800))
    started = time.process_time()
    assert with_header(latin).subject == "s"
    assert len(with_header(words).subject) <= SUBJECT_CHARS_MAX
    assert 0 < len(with_header(many).to) <= ADDRESSES_MAX
    assert with_header(nested).text == "x"
    assert time.process_time() - started < 1.5


@pytest.mark.parametrize(
    ("line", "references"),
    [
        (b"References: <a@x> <b@x>\r\n <c@x>", ("<a@x>", "<b@x>", "<c@x>")),
        (b"In-Reply-To: <a@x> <b@x>", ("<a@x>", "<b@x>")),
        (b"References: <a@x>\r\nIn-Reply-To: <a@x>", ("<a@x>",)),
        (b"In-Reply-To: Your mail of Monday <a@x>", ("<a@x>",)),
        (b"In-Reply-To: a@x", ("<a@x>",)),
        (b"References: <a b\r\n c@x>", ("<abc@x>",)),
        (b"References: none", ()),
    ],
)
def test_references_are_read_as_they_are_written(line: bytes, references: tuple[str, ...]) -> None:
    assert with_header(line).references == references


def test_very_many_references_keep_the_first_and_the_nearest() -> None:
    line = b"References: " + b"\r\n ".join(b"<r%d@example.org>" % n for n in range(900))
    found = with_header(line).references
    assert (len(found), found[0], found[-1]) == (REFERENCES_MAX, "<r0@example.org>", "<r899@example.org>")


def test_a_missing_message_id_date_and_sender_are_no_problem() -> None:
    parsed = parse(b"Subject: s\r\nDate: the day before yesterday\r\n\r\nbody")
    assert (parsed.message_id, parsed.sender, parsed.text, parsed.problem) == ("", ("", ""), "body", "")


# -- parts ----------------------------------------------------------------------------------------------------


def test_html_is_made_harmless_after_decoding() -> None:
    markup = (
        b'<p onclick="x()">Hi <a href="javascript:x()">a</a> <a href="https://x.example">b</a></p><script>x()</script>'
        b'<img src="https://track.example/1.gif"><img src="cid:p1"><style>p{}</style><form><input></form>'
        b'<iframe srcdoc="x"></iframe><svg onload=x()></svg><a href="data:text/html,x">c</a>'
    )
    parsed = mixed(b"Content-Type: text/html; charset=utf-8\r\n\r\n" + markup)
    for word in ("script", "onclick", "javascript", "track", "style", "form", "iframe", "svg", "data:", "onload"):
        assert word not in parsed.html
    assert 'src="cid:p1"' in parsed.html
    assert 'href="https://x.example"' in parsed.html
    assert parsed.text.startswith("Hi a b")


def test_html_that_never_ends_costs_little() -> None:
    started = time.process_time()
    for markup in (b"<br " * 50_000, b"<" * 200_000, b"&lt" * 50_000, b"<!--" * 50_000):
        assert mixed(b"Content-Type: text/html\r\n\r\n" + markup).problem == ""
    assert time.process_time() - started < 3


def test_the_text_of_a_mail_that_is_html_only_can_be_read() -> None:
    parsed = mixed(b"Content-Type: text/html\r\n\r\n<p>Good&nbsp;day</p><p>1 &lt; 2<br>end</p>")
    assert parsed.text == "Good day\n1 < 2\nend"


def test_files_have_names_that_are_no_paths() -> None:
    parsed = mixed(
        b"Content-Type: text/plain\r\n\r\nsee there",
        b"Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n"
        b"Content-Disposition: attachment; filename*=utf-8''..%2f..%2fetc%2fpasswd\r\n\r\nJVBERg==",
        b'Content-Type: image/png; name="=?utf-8?q?caf=C3=A9=2Epng?="\r\nContent-ID: <p1>\r\n\r\nx',
        b'Content-Type: a/b/c\r\nContent-Disposition: attachment; filename="C:\\\\x\\\\y.bat"\r\n\r\nx',
    )
    assert parsed.text == "see there"
    assert [(file.name, file.type, file.cid) for file in parsed.files] == [
        ("passwd", "application/pdf", ""),
        ("café.png", "image/png", "p1"),
        ("y.bat", "text/plain", ""),
    ]
    assert parsed.files[0].data == b"%PDF"


def test_a_forwarded_mail_is_a_file_and_not_looked_into() -> None:
    parsed = mixed(b"Content-Type: text/plain\r\n\r\nfyi", b"Content-Type: message/rfc822\r\n\r\n" + mail("inner"))
    (file,) = parsed.files
    assert (parsed.text, file.type, b"inner" in file.data) == ("fyi", "message/rfc822", True)


def test_too_many_files_are_left_in_the_raw_mail() -> None:
    parsed = mixed(*[b"Content-Type: application/x\r\n\r\nx"] * (FILES_MAX + 5))
    assert (len(parsed.files), parsed.problem) == (FILES_MAX, "attachments")


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (HEAD + b"Content-Type: multipart/mixed\r\n\r\n--x\r\n\r\nbody", "structure"),
        (HEAD + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\nno parts at all', "structure"),
        (HEAD + b"Content-Type: multipart/mixed; boundary*0=a; boundary*1=b\r\n\r\n--ab\r\n\r\nx\r\n--ab--", ""),
        (HEAD + b"Content-Type: text/html\r\n\r\n" + b"<div>" * 50_000 + b"deep", "structure"),
        (HEAD + b"Content-Transfer-Encoding: base64\r\n\r\n!!!!", ""),
        (HEAD + b"Content-Transfer-Encoding: x-uuencode\r\n\r\nbegin 666 x\r\nzz\r\n", ""),
        (HEAD + b"\r\na\x00b", ""),
        (HEAD + b"Content-Type: message/rfc822\r\n" * 60 + b"\r\nx", "unparsable"),
        (b"", ""),
        (b"\r\n\r\n", ""),
        (b"\x00\xff\xfe" * 1_000, "charset"),
        (b":" * 1_000, ""),
        (b"From: " + b"<" * 5_000, ""),
    ],
)
def test_wrong_mail_is_still_a_mail(raw: bytes, problem: str) -> None:
    parsed = parse(raw)
    assert parsed.problem == problem
    assert "\x00" not in parsed.text + parsed.subject


def test_no_bytes_whatever_make_it_raise() -> None:
    """Hundreds of mails with bytes changed, cut and doubled; each keeps what is left of its sender and subject."""
    chance = random.Random(7)
    seed = HEAD + (
        b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain; '
        b"charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\ncaf=C3=A9\r\n--b\r\nContent-Type: "
        b"application/pdf; name*0*=utf-8''a%20; name*1=b\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERg==\r\n--b--"
    )
    for _ in range(400):
        raw = bytearray(seed)
        for _ in range(chance.randint(1, 12)):
            at = chance.randrange(len(raw))
            raw[at : at + chance.randint(0, 9)] = chance.randbytes(chance.randint(0, 9))
        parsed = parse(bytes(raw))
        assert isinstance(parsed.text.encode(), bytes)
        assert isinstance(parsed.subject.encode(), bytes)


# -- programs -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        b"Return-Path: <>",
        b"Auto-Submitted: auto-replied",
        b"Auto-Submitted: auto-generated; owner-email=x@y.example",
        b"Precedence: bulk",
        b"X-Autoreply: yes",
        b"From: MAILER-DAEMON@mx.example.org",
        b"From: No-Reply <no-reply@shop.example>",
        b"Content-Type: multipart/report; report-type=disposition-notification; boundary=x",
    ],
)
def test_mail_of_programs_is_recognised(line: bytes) -> None:
    assert with_header(line).automatic


@pytest.mark.parametrize(
    "line",
    [
        b"Auto-Submitted: no",
        b"List-Id: <users.example.org>",
        b"X-Auto-Response-Suppress: All",
        b"Return-Path: <kim@example.org>",
        b"From: Nora Reply <noreplyson@example.org>",
    ],
)
def test_mail_of_persons_is_not_taken_for_a_programs(line: bytes) -> None:
    """It would wake nobody: a person's answer would lie unseen."""
    assert not with_header(line).automatic


# -- the process ----------------------------------------------------------------------------------------------


async def test_a_mail_that_takes_too_long_is_given_up_and_the_next_one_is_not() -> None:
    """Only the process can be stopped: a thread that parses holds the interpreter."""
    parser = Parser(seconds_max=0.7)
    flood = HEAD + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + b"--x\r\n\r\n" * 1_000_000
    given_up = await parser.parse(flood)
    assert (given_up.problem, given_up.subject) == ("unparsable", "s")
    assert (await parser.parse(HEAD + b"\r\nnext")).text == "next"
    await parser.close()


async def test_a_parser_that_was_killed_is_started_again() -> None:
    parser = Parser()
    await parser.parse(HEAD + b"\r\nx")
    assert parser._process is not None
    parser._process.kill()
    await parser._process.wait()
    assert (await parser.parse(HEAD + b"\r\nnext")).text == "next"
    await parser.close()
