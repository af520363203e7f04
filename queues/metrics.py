"""What the figures of a contact centre mean: each with its numerator, its denominator and where the formula is from.

The same word is counted in different ways by different houses, so every figure here has a name that says which way.
A ratio or a mean of nothing is None: never 0, and never 100 %. Nothing here decides anything: it is what is reported.
Sources: the table in docs/glossary.md; ICMI = "service level, formulas 1-5"; COPC = guides after the COPC CX Standard;
Genesys, Cisco, RingCentral, Amazon = the makers' own documentation.
"""

from collections.abc import Sequence


def ratio(*, numerator: float, denominator: float) -> float | None:
    """numerator / denominator; None when there is nothing to divide by."""
    return numerator / denominator if denominator else None


# -- service level: A answered (A_T: within the target T), B abandoned (B_T: within T, B_s: at once) -------------------


def sl_offered(*, answered_in_target: int, answered: int, abandoned: int) -> float | None:
    """A_T / (A + B): of what was offered. COPC-based guides, ICMI formula 3."""
    return ratio(numerator=answered_in_target, denominator=answered + abandoned)


def sl_answered(*, answered_in_target: int, answered: int) -> float | None:
    """A_T / A: of what was answered; flatters whoever lets people hang up. ICMI formula 2."""
    return ratio(numerator=answered_in_target, denominator=answered)


def sl_excl_short_abandons(
    *, answered_in_target: int, answered: int, abandoned: int, short_abandoned: int
) -> float | None:
    """A_T / (A + B - B_s): who hung up at once did not wait. Genesys (short abandons off), RingCentral."""
    return ratio(numerator=answered_in_target, denominator=answered + abandoned - short_abandoned)


def sl_excl_abandons_in_target(
    *, answered_in_target: int, answered: int, abandoned: int, abandoned_in_target: int
) -> float | None:
    """A_T / (A + B - B_T): who hung up within the target is left out. Cisco "calls ignored", ICMI formula 4."""
    return ratio(numerator=answered_in_target, denominator=answered + abandoned - abandoned_in_target)


def sl_abandon_in_target_ok(
    *, answered_in_target: int, answered: int, abandoned: int, abandoned_in_target: int
) -> float | None:
    """(A_T + B_T) / (A + B): who hung up within the target was served. Cisco "positive impact", ICMI formula 1."""
    return ratio(numerator=answered_in_target + abandoned_in_target, denominator=answered + abandoned)


def sl_short_abandons_ok(
    *, answered_in_target: int, answered: int, abandoned: int, short_abandoned: int
) -> float | None:
    """(A_T + B_s) / (A + B): who hung up at once counts as served. ICMI formula 5."""
    return ratio(numerator=answered_in_target + short_abandoned, denominator=answered + abandoned)


def sl_with_flow_outs(*, answered_in_target: int, answered: int, abandoned: int, flowed_out: int) -> float | None:
    """A_T / (A + B + F): who was moved on unanswered (F) counts as missed. Genesys, as an option."""
    return ratio(numerator=answered_in_target, denominator=answered + abandoned + flowed_out)


def sl_decided(*, answered_in_target: int, answered: int, abandoned: int, missed: int) -> float | None:
    """A_T / (A + B + missed): of what was offered, but for what may still be answered within its target, or was moved
    on within it. What our own reports and boards show (missed: waiting or moved on, and the target is over)."""
    return ratio(numerator=answered_in_target, denominator=answered + abandoned + missed)


def sl_blocked_missed(*, answered_in_target: int, answered: int, abandoned: int, blocked: int) -> float | None:
    """A_T / (A + B + blocked): who found the waiting room full was offered too, and missed."""
    return ratio(numerator=answered_in_target, denominator=answered + abandoned + blocked)


# -- abandoning ----------------------------------------------------------------------------------------------


def abandonment_rate(*, abandoned: int, answered: int) -> float | None:
    """B / (A + B): of what was offered. Genesys; Amazon leaves out who asked to be called back."""
    return ratio(numerator=abandoned, denominator=answered + abandoned)


def abandonment_rate_excl_short(*, abandoned: int, answered: int, short_abandoned: int) -> float | None:
    """(B - B_s) / (A + B - B_s): net of those who hung up at once."""
    return ratio(numerator=abandoned - short_abandoned, denominator=answered + abandoned - short_abandoned)


# -- waiting, handling ---------------------------------------------------------------------------------------


def mean(values: Sequence[float]) -> float | None:
    """Sum / count; None of nothing."""
    return ratio(numerator=sum(values), denominator=len(values))


def asa(*, wait_of_answered: float, answered: int) -> float | None:
    """Average speed of answer: waiting of those who were answered (zeros included) / answered. COPC, Genesys."""
    return ratio(numerator=wait_of_answered, denominator=answered)


def mean_wait_of_waited(*, wait_of_answered: float, waited: int) -> float | None:
    """The same for those answered who did wait."""
    return ratio(numerator=wait_of_answered, denominator=waited)


def mean_time_to_abandon(*, wait_of_abandoned: float, abandoned: int) -> float | None:
    """Waiting of those who hung up / how many did."""
    return ratio(numerator=wait_of_abandoned, denominator=abandoned)


def aht(*, talk: float, hold: float = 0.0, wrap_up: float = 0.0, handled: int) -> float | None:
    """Average handle time: (talk + hold + after-contact work) / handled. Genesys."""
    return ratio(numerator=talk + hold + wrap_up, denominator=handled)


def concurrency(*, item_time: float, agent_time: float) -> float | None:
    """Time of all items / time in which their agents had any: how many chats are handled at once."""
    return ratio(numerator=item_time, denominator=agent_time)


# -- agents --------------------------------------------------------------------------------------------------


def occupancy(*, handling: float, logged_in_and_ready: float) -> float | None:
    """(talk + hold + after-contact work) / time logged in and ready to take contacts (handling included). COPC."""
    return ratio(numerator=handling, denominator=logged_in_and_ready)


def productive_share(*, productive: float, paid: float) -> float | None:
    """Contact-related and other productive time / paid hours. Some call it by a word that others use for occupancy."""
    return ratio(numerator=productive, denominator=paid)


def shrinkage(*, not_available: float, paid: float) -> float | None:
    """Paid time in which no contact could come / paid time. Staff needed = base / (1 - shrinkage)."""
    return ratio(numerator=not_available, denominator=paid)


def adherence(*, exception: float, scheduled: float, actual: float) -> float | None:
    """1 - time out of schedule / scheduled time, at least 0; None if nothing was scheduled or nobody came. Genesys."""
    if not actual or not scheduled:
        return None
    return max(0.0, 1.0 - exception / scheduled)


def conformance(*, actual: float, scheduled: float) -> float | None:
    """Time on queue / time scheduled on queue; above 1 for who did more. Genesys."""
    return ratio(numerator=actual, denominator=scheduled)


def gini(values: Sequence[float]) -> float | None:
    """How unevenly something is shared out: 0 all alike, near 1 one has all. Sum of (2i - n - 1) x_i / (n sum of x),
    x ascending."""
    count = len(values)
    weighted = sum((2 * place - count - 1) * value for place, value in enumerate(sorted(values), 1))
    return ratio(numerator=weighted, denominator=count * sum(values))


# -- after the contact ---------------------------------------------------------------------------------------


def first_contact_resolution(*, resolved_at_first: int, issues: int) -> float | None:
    """Issues that needed no second contact (within the window that the centre states) / issues."""
    return ratio(numerator=resolved_at_first, denominator=issues)


def on_time(*, answered_on_time: int, due: int) -> float | None:
    """For what is written: answered within the promised business time / what fell due in the period (not: what was
    answered in it). COPC."""
    return ratio(numerator=answered_on_time, denominator=due)


def transfer_rate(*, transferred: int, handled: int) -> float | None:
    """Handed on / handled; what the routing itself moves is none. Genesys."""
    return ratio(numerator=transferred, denominator=handled)
