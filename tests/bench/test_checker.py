"""The checker finds what is wrong with a run: each test plants one fault in a run that was sound."""

from router.bench.checker import CHANNELS, MARK, marks
from router.bench.journal import Acted, Missed, Promised, Pushed
from tests.bench.conftest import Run


def test_a_sound_run_is_counted_and_has_no_problems(run: Run) -> None:
    verdict = run.judge()
    assert verdict.problems == []
    assert verdict.exit_code == 0
    report = verdict.report
    assert report.received == {"phone": 1, "email": 1, "chat": 1}
    assert (report.assigned, report.escalated) == (2, 1)
    assert (report.closed, report.abandoned, report.open) == (1, 0, 2)
    assert (report.lost, report.double_assigned) == (0, 0)


def test_push_ms_counts_from_the_customers_event_to_the_first_push(run: Run) -> None:
    """The call took 4 ms and the chat 7; the mail was pushed to nobody yet, and a second push is no first one."""
    report = run.judge().report
    assert (report.push_ms_p50, report.push_ms_p99) == (4.0, 7.0)


def test_a_promised_call_without_an_item_is_lost(run: Run) -> None:
    run.lines.append(Promised(channel="phone", mark="call-9"))
    verdict = run.judge()
    assert verdict.report.lost == 1
    assert verdict.exit_code == 1


def test_a_promised_mail_that_is_not_in_the_archive_is_lost(run: Run) -> None:
    run.sql.execute("DELETE FROM messages WHERE item = 'item-2'")
    assert run.judge().report.lost == 1


def test_a_chat_message_with_two_effects_is_a_fault_like_one_with_none(run: Run) -> None:
    run.insert("messages", position=22, item="item-3", side="customer", content="text-3", seq=3)
    assert run.judge().report.lost == 1


def test_a_receipt_that_the_log_does_not_know_is_lost(run: Run) -> None:
    run.lines.append(Promised(channel="phone", mark="call-1", receipt="a2V5LTk5"))
    assert run.judge().report.lost == 1


def test_an_acknowledged_action_without_its_event_is_lost(run: Run) -> None:
    run.lines.append(Acted(agent="bob", item="item-3", action="complete"))
    assert run.judge().report.lost == 1


def test_an_acknowledged_reply_whose_text_is_nowhere_is_lost(run: Run) -> None:
    run.events.append({"type": "ReplySent", "item": "item-3", "agent": "bob"})
    run.lines.append(Acted(agent="bob", item="item-3", action="reply", mark="reply-ab-1"))
    assert run.judge().report.lost == 1


def test_a_push_of_an_item_that_does_not_exist_is_lost(run: Run) -> None:
    run.lines.append(Pushed(agent="ann", item="item-9", reservation="r9"))
    assert run.judge().report.lost == 1


def test_a_gap_on_a_customers_screen_is_a_lost_message(run: Run) -> None:
    run.lines.append(Missed(channel="chat", after=1, seq=3))
    assert run.judge().report.lost == 1


def test_a_reservation_of_an_item_that_is_held_is_a_double(run: Run) -> None:
    run.events.append({"type": "ReservationMade", "item": "item-3", "agent": "ann", "reservation": "r4"})
    verdict = run.judge()
    assert verdict.report.double_assigned == 1
    assert verdict.exit_code == 1


def test_an_accept_by_somebody_who_does_not_hold_the_item_is_a_double(run: Run) -> None:
    run.events.append({"type": "ReservationAccepted", "item": "item-3", "agent": "ann", "reservation": "r3"})
    assert run.judge().report.double_assigned == 1


def test_legs_that_overlap_in_the_archive_are_a_double(run: Run) -> None:
    run.insert("legs", position=40, item="item-1", agent="bob", reserved_at_ms=8)
    assert run.judge().report.double_assigned == 1


def test_a_reservation_that_two_agents_were_told_they_have_is_a_double(run: Run) -> None:
    run.lines.append(Acted(agent="ann", item="item-3", action="accept", reservation="r2"))
    run.events.append({"type": "ReservationAccepted", "item": "item-x", "agent": "ann", "reservation": "r2"})
    assert "item-3 was held twice at the same time" in run.judge().problems


def test_an_item_that_the_archive_forgot_breaks_the_sum(run: Run) -> None:
    run.sql.execute("DELETE FROM items WHERE id = 'item-2'")
    verdict = run.judge()
    assert not verdict.report.balanced
    assert verdict.exit_code == 1


def test_a_hole_in_the_log_is_a_problem(run: Run) -> None:
    run.judge()
    run.sql.execute("DELETE FROM entries WHERE first = 3")
    run.events.clear()
    assert any("hole" in problem for problem in run.judge().problems)


def test_a_changed_byte_in_the_log_is_a_problem(run: Run) -> None:
    run.judge()
    run.sql.execute("UPDATE entries SET digest = 'x' WHERE first = 3")
    run.events.clear()
    assert any("is not what was committed" in problem for problem in run.judge().problems)


def test_a_mark_is_found_at_the_end_of_a_text_only() -> None:
    """A customer who quotes our answer and writes below it has not sent our answer."""
    assert marks({"text": "> Sure. [reply-ab-1]\n\nThank you."}) == []
    assert marks({"text": "Thank you. [chat-ab-12]\n"}) == ["chat-ab-12"]
    assert MARK.search("no mark") is None
    assert set(CHANNELS) == {"phone", "email", "chat"}
