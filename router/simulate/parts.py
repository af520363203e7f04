"""The parts that a world is made of. A test plants a defect by putting another class in the place of one."""

from typing import NamedTuple

from router.runtime.domain import Domain
from router.runtime.memory import MemoryStore
from router.simulate.archive import Archive, SimHistory
from router.simulate.integrator import Receiver
from router.simulate.mail_server import SimMailbox, SimSender


class Parts(NamedTuple):
    """A class for each part that may be replaced."""

    store: type[MemoryStore] = MemoryStore
    domain: type[Domain] = Domain
    archive: type[Archive] = Archive
    history: type[SimHistory] = SimHistory
    mailbox: type[SimMailbox] = SimMailbox
    sender: type[SimSender] = SimSender
    receiver: type[Receiver] = Receiver
