"""What failed waits for its time, what its sender sent behind it waits with it, and nobody else does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from dermsbus.errors import MalformedMessage, Violation
from dermsbus.messages.envelope import Refusal
from dermsbus.patience import Patience
from dermsbus.service import Received
from dermsbus.store.base import InboxKey
from dermsbus.transports.base import Delivery

AT = datetime(2026, 1, 1, tzinfo=UTC)
NOTHING = Refusal(error=MalformedMessage(Violation(rule="X", details="x")))


class Clock:
    at_s = 0.0

    def __call__(self) -> float:
        return self.at_s


def received(sender: str | None = "dms1", *, is_get: bool = False) -> Received:
    key = None if is_get or sender is None else InboxKey(source=sender, message_id="m1")
    return Received(delivery=Delivery(body=b""), decoded=NOTHING, key=key, digest=b"", sender=sender)


def due(patience: Patience, *messages: Received) -> list[int]:
    """Which of *messages* are due, in the order in which they come."""
    places = {id(message.delivery): place for place, message in enumerate(messages)}
    return [places[id(delivery)] for delivery in patience.due()]


def test_the_delay_doubles_up_to_a_minute() -> None:
    clock = Clock()
    patience, message = Patience(attempts=20, clock=clock), received()
    delays = []
    for _ in range(9):
        patience.failed(message, AT)
        delays.append(patience.next_due_s - clock.at_s)
        clock.at_s = patience.next_due_s
        assert due(patience, message) == [0]

    assert delays == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_it_is_known_how_often_it_failed_and_since_when() -> None:
    patience, message = Patience(attempts=3), received()
    troubles = [patience.failed(message, AT + timedelta(seconds=number)) for number in range(3)]

    assert [trouble.attempts for trouble in troubles] == [1, 2, 3]
    assert {trouble.first_at for trouble in troubles} == {AT}


def test_after_the_last_attempt_nothing_waits() -> None:
    patience, message, behind = Patience(attempts=1), received(), received()
    patience.failed(message, AT)

    assert not patience.waits(behind)
    assert patience.due() == []


def test_what_its_sender_sent_behind_it_comes_back_behind_it() -> None:
    clock = Clock()
    patience = Patience(clock=clock)
    first, second, third = received(), received(is_get=True), received()
    patience.failed(first, AT)

    assert [patience.waits(each) for each in (second, third, first, second)] == [True, True, True, True]
    assert not patience.waits(received("ems1"))
    assert not patience.waits(received(None))
    assert due(patience) == []
    clock.at_s = 1.0
    assert due(patience, first, second, third) == [0, 1, 2]
    assert not patience.waits(first), "its turn has come"


def test_nobody_waits_behind_a_get() -> None:
    patience, get = Patience(), received(is_get=True)
    patience.failed(get, AT)

    assert not patience.waits(received())
    assert patience.waits(get)


def test_what_is_over_is_not_known_any_more() -> None:
    patience, message = Patience(), received()
    assert patience.begun(message.delivery, lambda: 3) == 3
    assert patience.begun(message.delivery, lambda: 4) == 3, "once for each process"
    assert patience.knows(message.delivery)

    patience.over(message.delivery)

    assert not patience.knows(message.delivery)
    assert patience.begun(message.delivery, lambda: 1) == 1
