"""Whatever two peers say, the broker answers or refuses, and keeps its accounts."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dermsbus.broker import BrokerSettings
from dermsbus.broker.core import Core
from dermsbus.broker.frames import Frame, Version, encode
from dermsbus.broker.session import Session

DESTINATIONS = [
    "/queue/a",
    "/queue/DLQ.a",
    "/queue/Consumer.x.VirtualTopic.t",
    "/topic/t",
    "/topic/VirtualTopic.t",
    "/topic/>",
    "/temp-queue/r",
    "/temp-topic/r",
    "/remote-temp-queue/1",
    "/remote-temp-queue/2",
    "nonsense",
]
VALUES: dict[str, list[str]] = {
    "destination": DESTINATIONS,
    "reply-to": DESTINATIONS,
    "id": ["s", "t", "1.1", "1.2", "2.1", "9.9", "x.y", ".", ""],
    "message-id": ["1", "2"],
    "subscription": ["s", "t"],
    "ack": ["auto", "client", "client-individual", "?"],
    "transaction": ["tx", "ty"],
    "selector": ["n = 1", "n <> '1' OR n IS NULL", "(", ""],
    "activemq.prefetchSize": ["1", "2", "0", "x"],
    "activemq.subscriptionName": ["d", "e"],
    "expires": ["0", "1", "99999999999999", "x"],
    "persistent": ["true", "false"],
    "JMSXGroupID": ["g", "h"],
    "n": ["1", "2"],
    "receipt": ["r"],
    "accept-version": ["1.0", "1.1", "1.2", "9"],
    "heart-beat": ["0,0", "100,100", "x"],
    "client-id": ["c", "d"],
}
COMMANDS = ["SEND", "SEND", "SUBSCRIBE", "SUBSCRIBE", "UNSUBSCRIBE", "ACK", "NACK", "BEGIN", "COMMIT", "ABORT"]
COMMANDS += ["CONNECT", "DISCONNECT", "NONSENSE"]
frames = st.builds(
    Frame,
    command=st.sampled_from(COMMANDS),
    headers=st.fixed_dictionaries({}, optional={name: st.sampled_from(values) for name, values in VALUES.items()}),
    body=st.sampled_from([b"", b"x"]),
)


class Peer:
    """The far end of a session; it may stop to read."""

    def __init__(self) -> None:
        self.received: list[Frame] = []
        self.keeps_up = True
        self.hung_up = False

    def send(self, frame: Frame) -> None:
        assert encode(frame, Version.V1_2)
        self.received.append(frame)

    def writable(self) -> bool:
        return self.keeps_up

    def speak(self, version: Version) -> None: ...

    def keep_alive(self, *, send_ms: int, expect_ms: int) -> None: ...

    def hang_up(self) -> None:
        self.hung_up = True


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(
    version=st.sampled_from(Version),
    said=st.lists(st.tuples(st.integers(0, 1), st.one_of(frames, st.sampled_from(["slow", "quick"]))), max_size=40),
)
def test_every_frame_with_a_receipt_is_receipted_or_refused_and_nothing_is_left_when_all_have_gone(
    version: Version, said: list[tuple[int, Frame | str]]
) -> None:
    core = Core(BrokerSettings(redelivery_limit=1), None)
    peers = [Peer(), Peer()]
    sessions = [Session(core, peer) for peer in peers]
    for number, session in enumerate(sessions):
        headers = {"accept-version": str(version), "client-id": f"client{number}"}
        session.handle(Frame(command="CONNECT", headers=headers))
    for who, what in said:
        peer, session = peers[who], sessions[who]
        if isinstance(what, str):
            peer.keeps_up = what == "quick"
            session.on_writable()
            continue
        heard, over = len(peer.received), peer.hung_up
        session.handle(what)
        if "receipt" in what.headers and not over:
            answers = [frame.command for frame in peer.received[heard:] if "receipt-id" in frame.headers]
            assert answers in [["RECEIPT"], ["ERROR"]]
    for session in sessions:
        session.end()

    core.destinations.tick()
    held = {*core.destinations._queues.values(), *core.destinations._topics}
    assert core.destinations._stored_bytes == sum(queue.held_bytes for queue in held)
    assert not [queue for queue in held if queue.consumers]
