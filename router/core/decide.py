"""Decide: a command becomes events or a rejection. Nothing moves here; on a rejection nothing has moved."""

from collections.abc import Callable
from typing import Any, Final

from router.core import commands as c
from router.core import (
    decide_asking,
    decide_calendar,
    decide_call,
    decide_callback,
    decide_centre,
    decide_consult,
    decide_delivery,
    decide_escalation,
    decide_item,
    decide_mail,
    decide_matrix,
    decide_message,
    decide_presence,
    decide_pulse,
    decide_queue,
)
from router.core.decision import Decision
from router.core.state import State

DECIDE: Final[dict[type, Callable[[State, Any, int], Decision]]] = {
    c.ApplyCentre: decide_centre.apply_centre,
    c.SetAgentSkill: decide_centre.set_agent_skill,
    c.SetAgentSkills: decide_matrix.set_agent_skills,
    c.SetMembership: decide_centre.set_membership,
    c.SetCapacity: decide_centre.set_capacity,
    c.SetAgentPhone: decide_centre.set_agent_phone,
    c.CloseQueue: decide_queue.close_queue,
    c.OpenQueue: decide_queue.open_queue,
    c.SetCalendar: decide_calendar.set_calendar,
    c.ConnectClient: decide_presence.connect_client,
    c.LoseClient: decide_presence.lose_client,
    c.LoseGateway: decide_presence.lose_gateway,
    c.SetPresence: decide_presence.set_presence,
    c.ForcePresence: decide_presence.force_presence,
    c.SignOut: decide_presence.sign_out,
    c.OfferCall: decide_call.offer_call,
    c.AnswerCall: decide_call.answer_call,
    c.HoldCall: decide_call.hold_call,
    c.TransferCall: decide_call.transfer_call,
    c.FailConnect: decide_call.fail_connect,
    c.EndCall: decide_call.end_call,
    c.AskCallback: decide_callback.ask_callback,
    c.DialCallback: decide_callback.dial_callback,
    c.FailCallback: decide_callback.fail_callback,
    c.ReceiveMessage: decide_message.receive_message,
    c.LeaveChat: decide_message.leave_chat,
    c.MarkSeen: decide_message.mark_seen,
    c.AcceptReservation: decide_item.accept_reservation,
    c.DeclineReservation: decide_item.decline_reservation,
    c.RescindReservation: decide_item.rescind_reservation,
    c.SendReply: decide_item.send_reply,
    c.AddNote: decide_item.add_note,
    c.SetPending: decide_item.set_pending,
    c.ResumeItem: decide_item.resume_item,
    c.SetCategory: decide_item.set_category,
    c.SetOutcome: decide_item.set_outcome,
    c.LinkCustomer: decide_item.link_customer,
    c.EndContact: decide_item.end_contact,
    c.CompleteItem: decide_item.complete_item,
    c.EscalateItem: decide_escalation.escalate_item,
    c.ReturnItem: decide_escalation.return_item,
    c.FollowItem: decide_escalation.follow_item,
    c.ConsultItem: decide_consult.consult_item,
    c.AnswerConsult: decide_consult.answer_consult,
    c.EndConsult: decide_consult.end_consult,
    c.HandOver: decide_consult.hand_over,
    c.TransferItem: decide_item.transfer_item,
    c.RequeueItem: decide_item.requeue_item,
    c.MoveItems: decide_item.move_items,
    c.SplitItem: decide_mail.split_item,
    c.MergeConversation: decide_mail.merge_conversation,
    c.UnmergeConversation: decide_mail.unmerge_conversation,
    c.DismissItem: decide_mail.dismiss_item,
    c.AskPermission: decide_asking.ask_permission,
    c.CallForHelp: decide_asking.call_for_help,
    c.AnswerQuestion: decide_asking.answer_question,
    c.StartDelivery: decide_delivery.start_delivery,
    c.EndDelivery: decide_delivery.end_delivery,
    c.RetryDelivery: decide_delivery.retry_delivery,
    c.Forget: decide_delivery.forget,
    c.Pulse: decide_pulse.pulse,
}
"""Each command's one function."""


def decide(state: State, command: c.Command, now: int) -> Decision:
    """What `command` leads to at instant `now`: events (none: it is so already) or a rejection."""
    return DECIDE[type(command)](state, command, now)
