"""The supervisor: the only one that reconnects, and never gives up before it is told to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from dermsbus.errors import ConnectFailed
from dermsbus.transports.base import LinkState, LinkStatus
from dermsbus.transports.supervisor import Backoff, Supervisor
from tests.contract.transport_suite import StatusLog


class Connection:
    """What a transport gives its supervisor, with a test in place of the broker."""

    def __init__(self, connect: Callable[[int], str]) -> None:
        self._connect = connect
        self.over = threading.Event()
        self.attempts = 0
        self.closed = 0

    def connect(self) -> str:
        self.over.clear()
        self.attempts += 1
        return self._connect(self.attempts)

    def watch(self) -> str:
        self.over.wait()
        return "broken"

    def close(self) -> None:
        self.closed += 1


Supervise = Callable[..., tuple[Supervisor, Connection, StatusLog]]


@pytest.fixture
def supervise() -> Iterator[Supervise]:
    supervisors: list[Supervisor] = []

    def begin(
        connect: Callable[[int], str], *, on_status: Callable[[LinkStatus], None] | None = None, **backoff: float
    ) -> tuple[Supervisor, Connection, StatusLog]:
        connection, log = Connection(connect), StatusLog()
        supervisor = Supervisor(
            address="test://bus",
            connect=connection.connect,
            watch=connection.watch,
            close=connection.close,
            wake=connection.over.set,
            backoff=Backoff(**({"first_s": 0.01, "most_s": 0.05} | backoff)),
        )
        supervisors.append(supervisor)
        supervisor.start(on_status or log)
        return supervisor, connection, log

    yield begin
    for supervisor in supervisors:
        supervisor.stop()


def fail_until(attempt: int, error: Exception) -> Callable[[int], str]:
    """Connects at the given attempt, and not before."""

    def connect(number: int) -> str:
        if number < attempt:
            raise error
        return "Broker/1"

    return connect


def test_it_tries_until_it_is_connected_and_tells_why_not(supervise: Supervise) -> None:
    supervisor, connection, log = supervise(fail_until(4, ConnectFailed("nobody there")))

    supervisor.wait_until_up(5)

    assert connection.attempts == 4
    assert connection.closed == 3
    assert supervisor.status == LinkStatus(state=LinkState.UP, broker="Broker/1", connects=1)
    assert [status.reason for status in log.seen if status.state is LinkState.DOWN] == ["test://bus: nobody there"] * 3


def test_a_fault_of_ours_is_shown_and_does_not_end_the_trying(supervise: Supervise) -> None:
    supervisor, connection, log = supervise(fail_until(3, ZeroDivisionError("oops")))

    supervisor.wait_until_up(5)

    assert connection.attempts == 3
    assert "internal fault: ZeroDivisionError" in log.wait_for(lambda status: status.state is LinkState.DOWN).reason


def test_after_a_loss_it_connects_again(supervise: Supervise) -> None:
    supervisor, connection, log = supervise(lambda _: "Broker/1", steady_s=0)
    supervisor.wait_until_up(5)

    connection.over.set()

    log.wait_for_state(LinkState.UP, 2)
    assert log.wait_for(lambda status: status.state is LinkState.DOWN).reason == "test://bus: broken"


def test_a_broker_that_throws_us_out_again_and_again_is_not_hammered(supervise: Supervise) -> None:
    _, connection, _ = supervise(lambda _: "Broker/1", first_s=0.1, most_s=10, steady_s=5)
    end = time.monotonic() + 1.5
    while time.monotonic() < end:
        connection.over.set()
        time.sleep(0.005)

    assert connection.attempts < 20


def test_a_status_listener_that_fails_costs_nothing(supervise: Supervise) -> None:
    def fail(_: LinkStatus) -> None:
        raise RuntimeError("a fault in the listener")

    supervisor, _, _ = supervise(lambda _: "Broker/1", on_status=fail)

    supervisor.wait_until_up(5)


def test_stop_may_be_called_by_the_status_listener(supervise: Supervise) -> None:
    stopped = threading.Event()
    made: list[Supervisor] = []
    ready = threading.Event()

    def stop(status: LinkStatus) -> None:
        ready.wait(5)
        if status.state is LinkState.UP:
            made[0].stop()
        if status.state is LinkState.STOPPED:
            stopped.set()

    supervisor, _, _ = supervise(lambda _: "Broker/1", on_status=stop)
    made.append(supervisor)
    ready.set()

    assert stopped.wait(5)
    assert supervisor.status.state is LinkState.STOPPED


def test_stop_does_not_wait_for_the_next_attempt(supervise: Supervise) -> None:
    supervisor, _, log = supervise(fail_until(99, ConnectFailed("nobody there")), first_s=60, most_s=60)
    log.wait_for(lambda status: status.state is LinkState.DOWN)
    began = time.monotonic()

    supervisor.stop()

    assert time.monotonic() - began < 1


def test_it_lives_once(supervise: Supervise) -> None:
    supervisor, _, _ = supervise(lambda _: "Broker/1")

    with pytest.raises(RuntimeError, match="make a new one"):
        supervisor.start()
    supervisor.stop()
    with pytest.raises(RuntimeError, match="make a new one"):
        supervisor.start()


def test_waiting_for_one_that_was_stopped_ends_at_once(supervise: Supervise) -> None:
    supervisor, _, _ = supervise(fail_until(99, ConnectFailed("nobody there")))
    supervisor.stop()
    began = time.monotonic()

    with pytest.raises(ConnectFailed, match="test://bus"):
        supervisor.wait_until_up(10)

    assert time.monotonic() - began < 1
