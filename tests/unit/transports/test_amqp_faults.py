"""Every exception of pika has a meaning here; none gets through to the rooms above."""

from __future__ import annotations

import inspect
from typing import Any

import pika.exceptions
import pytest

from dermsbus.errors import ConnectFailed, ConnectionLost, PublishRejected, TransportError
from dermsbus.transports.amqp091 import transport_fault

CLASSES = [
    each
    for _, each in inspect.getmembers(pika.exceptions, inspect.isclass)
    if issubclass(each, Exception) and each.__module__ == "pika.exceptions"
]


def instance(kind: type[Exception]) -> Exception:
    for arguments in ((), ("detail",), (320, "detail"), ([],)):
        try:
            error = kind(*arguments)
            str(error)
        except (TypeError, IndexError, ValueError):
            continue
        return error
    raise AssertionError(f"no way found to make a {kind}")


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_exception_of_pika_is_mapped(kind: type[Exception]) -> None:
    error = instance(kind)

    fault = transport_fault(error)

    assert isinstance(fault, TransportError)
    assert fault.__cause__ is error
    assert str(fault)


@pytest.mark.parametrize(
    ("error", "kind", "told"),
    [
        (pika.exceptions.ProbableAuthenticationError("x"), ConnectFailed, "user and password"),
        (pika.exceptions.ProbableAccessDeniedError("no vhost"), ConnectFailed, "virtual host"),
        (pika.exceptions.ConnectionOpenAborted("x"), ConnectFailed, "port"),
        (pika.exceptions.ChannelClosedByBroker(403, "ACCESS_REFUSED"), ConnectFailed, "403 ACCESS_REFUSED"),
        (pika.exceptions.ConnectionClosedByBroker(320, "FORCED"), ConnectionLost, "FORCED"),
        (pika.exceptions.StreamLostError("reset"), ConnectionLost, "reset"),
        (pika.exceptions.ShortStringTooLong("x"), PublishRejected, "longer"),
        (OSError("no route"), ConnectionLost, "no route"),
    ],
    ids=lambda each: type(each).__name__,
)
def test_the_text_says_what_to_do(error: Exception, kind: type[TransportError], told: str) -> None:
    fault = transport_fault(error)

    assert type(fault) is kind or isinstance(fault, kind)
    assert told in str(fault)


def test_the_cause_is_dug_out_of_what_pika_wraps_around_it() -> None:
    class Wrapper(Exception):
        def __init__(self, **inside: Any) -> None:
            self.__dict__.update(inside)

    refused = ConnectionRefusedError(111, "Connection refused")
    wrapped = pika.exceptions.AMQPConnectionError(Wrapper(exceptions=[Wrapper(exception=refused)]))

    assert str(transport_fault(wrapped)) == "cannot connect: [Errno 111] Connection refused"
