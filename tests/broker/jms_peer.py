"""A JMS requester in Java that knows nothing of dermsbus: `java/JmsPeer.java`, compiled against the broker's jars."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.broker.brokers import HOST, Broker

SOURCE = Path(__file__).parent / "java" / "JmsPeer.java"
JARS = "^(activemq-client|geronimo-jms|geronimo-j2ee-management|jakarta[.]jms|hawtbuf|slf4j-api)[-_.0-9].*[.]jar$"
COMPILE_TIMEOUT_S = 60.0
START_TIMEOUT_S = 30.0


class JmsPeerError(Exception):
    """The Java client could not be built, or got no reply."""


@dataclass(frozen=True, kw_only=True, slots=True)
class JmsReply:
    """The reply as a Java application sees it.

    Attributes:
        message_class: ``TextMessage`` or ``BytesMessage``.
        correlation_id: JMSCorrelationID.
        jms_type: JMSType.
        delivery_mode: 2 = persistent.
        properties: all properties as text.
        body: as text.
    """

    message_class: str
    correlation_id: str | None
    jms_type: str | None
    delivery_mode: int
    properties: Mapping[str, str]
    body: str


def has_java() -> bool:
    """True if a JDK is on PATH."""
    return all(shutil.which(tool) for tool in ("java", "javac"))


class JmsPeer:
    """Sends requests over OpenWire; each call is a Java process of its own."""

    def __init__(self, broker: Broker, folder: Path) -> None:
        """Take the client library out of ActiveMQ's container and compile the client into *folder*."""
        jars = broker.execute(
            "sh", "-c", f"cd /usr/share/java 2>&- || cd $ACTIVEMQ_HOME/lib && tar -chf - $(ls | grep -E '{JARS}')"
        )
        with tarfile.open(fileobj=io.BytesIO(jars)) as archive:
            archive.extractall(folder, filter="data")
        self._broker = broker
        self._folder = folder
        self._classpath = f"{folder}:{folder}/*"
        command = ["javac", "-nowarn", "-cp", self._classpath, "-d", str(folder), str(SOURCE)]
        _run(command, COMPILE_TIMEOUT_S)

    def request(
        self, queue: str, body: str, correlation_id: str, timeout_s: float = 30.0, *, broker: Broker | None = None
    ) -> JmsReply:
        """Send *body* as a TextMessage to *queue*, with a temporary queue as JMSReplyTo, and wait for the reply.

        Args:
            queue: the queue's name without any prefix.
            body: the text.
            correlation_id: JMSCorrelationID.
            timeout_s: seconds to wait for the reply.
            broker: another broker that speaks OpenWire than the one whose library is used.

        Raises:
            JmsPeerError: no reply in time, or Java failed; the text is Java's own.
        """
        broker = broker or self._broker
        body_file = self._folder / "request.xml"
        body_file.write_text(body, encoding="utf-8")
        url = f"tcp://{HOST}:{broker.port('openwire')}"
        arguments = [url, broker.kind.user, broker.kind.password, queue, str(body_file), correlation_id]
        command = ["java", "-cp", self._classpath, "JmsPeer", *arguments, str(int(timeout_s * 1000))]
        return JmsReply(**json.loads(_run(command, timeout_s + START_TIMEOUT_S)))


def _run(command: list[str], timeout_s: float) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, check=False)
    if done.returncode != 0:
        raise JmsPeerError(f"{command[0]}: exit {done.returncode}: {done.stderr or done.stdout}")
    return done.stdout
