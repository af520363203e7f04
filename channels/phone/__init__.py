"""The phone: integrators tell what happens on their phone system and hear which agent to connect.

Media never passes through us and we place no calls. If we die, calls go on; whatever the phone system tells
afterwards finds its item again by the call id.

What integrators send (CloudEvents to `/api/v1/events`, `data` as in `channels.phone.events`):

* `call.offered`: a caller waits. `call` is the phone system's id of the call, `to` the number dialled.
* `call.answered`: the agent's phone was picked up. This accepts the reservation, before or after the screen does.
* `call.connect_failed`: the agent's phone could not be reached. The caller is back at their exact place.
* `call.held`, `call.transferred`: what they say. `call.ended`: the caller is gone, or the talk is over.

What they hear (webhooks, `channels.webhook`):

* `item.reserved` with `call`, `agent`, `phone`, `reservation` and `expires_at_ms`: ring that phone, and connect
  the caller when it is picked up.
* `reservation.ended` with an outcome other than accepted: stop ringing. `rescinded` is a caller who hung up.
* `item.accepted` with `agent` and `phone`: the agent took the call on the screen; connect them.
* `call.held`, `item.transferred`, `item.escalated`, `item.closed`: what they say.

Events may come twice, late or in another order. A call that is over stays over: whatever comes for it then is
`unknown_call`. A `call.ended` that overtook its `call.offered` is remembered, and the call closes as abandoned.
"""
