"""What can be set for RabbitMQ, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from dermsbus.errors import SettingsError
from dermsbus.transports.amqp_settings import AmqpSettings
from dermsbus.transports.tls import TlsSettings


def test_the_password_is_in_no_text_form() -> None:
    settings = AmqpSettings(host="bus", password="s3cret", tls=TlsSettings())

    assert "s3cret" not in repr(settings)
    assert "s3cret" not in str(settings)
    assert "s3cret" not in settings.address


@pytest.mark.parametrize(
    ("fields", "address"),
    [
        ({}, "amqp://bus:5672/"),
        ({"port": 5671, "tls": TlsSettings()}, "amqps://bus:5671/"),
        ({"virtual_host": "grid"}, "amqp://bus:5672/grid"),
    ],
)
def test_the_address_is_a_url_without_login(fields: dict[str, Any], address: str) -> None:
    assert AmqpSettings(host="bus", **fields).address == address


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("port", 0),
        ("port", 65536),
        ("heartbeat_s", 0.5),
        ("connect_timeout_s", 0),
        ("blocked_connection_timeout_s", -1),
        ("max_body_bytes", 0),
        ("delivery_limit", 0),
    ],
)
def test_a_value_that_cannot_be_used_is_named(key: str, value: Any) -> None:
    with pytest.raises(SettingsError) as raised:
        AmqpSettings(host="bus", **{key: value})

    assert raised.value.key == key


def test_a_queue_loses_nothing_by_default() -> None:
    arguments = AmqpSettings(host="bus").queue_arguments

    assert arguments["x-queue-type"] == "quorum"
    assert arguments["x-dead-letter-exchange"] == "cim.dlx"
    assert arguments["x-dead-letter-strategy"] == "at-least-once"
    assert arguments["x-overflow"] == "reject-publish"
    assert arguments["x-delivery-limit"] == 20


def test_a_classic_queue_has_none_of_the_arguments_that_only_quorum_queues_know() -> None:
    settings = AmqpSettings(host="bus", quorum=False, single_active_consumer=False)

    assert dict(settings.queue_arguments) == {"x-dead-letter-exchange": "cim.dlx"}
    assert dict(settings.dead_letter_queue_arguments) == {}


def test_without_a_delivery_limit_the_brokers_own_counts() -> None:
    assert "x-delivery-limit" not in AmqpSettings(host="bus", delivery_limit=None).queue_arguments
