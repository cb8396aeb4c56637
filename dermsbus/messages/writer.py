"""An `Envelope` to bytes: element order and namespaces of the schemas, generic or typed.

Nothing is mended and nothing is left out: what cannot be said in the schema is a programming error (ValueError).

Source: Message.xsd and wrapper tables, and the table of element namespaces, of the project's reference tables.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from lxml import etree

from dermsbus.domain.model import Instant
from dermsbus.errors import ObjectID
from dermsbus.messages.compression import deflate
from dermsbus.messages.content import ContentCodec
from dermsbus.messages.envelope import (
    Archetype,
    Envelope,
    ErrorEntry,
    Header,
    OperationSet,
    Payload,
    Property,
    RejectedObject,
    Reply,
    Request,
    Style,
)
from dermsbus.messages.namespaces import move_namespace, namespaces_of_year
from dermsbus.messages.repairs import WWW_NAMESPACE
from dermsbus.messages.roots import QUERY_OF, TYPED_ROOTS, noun_of, typed_root
from dermsbus_profiles import MESSAGE_NAMESPACE, YEAR, wrapper_namespace

__all__ = ["EnvelopeWriter"]

# ActiveMQ's Java client cannot decode a text message with characters of four bytes; as references it can read them.
_ASTRAL: Final = re.compile(rb"[\xf0-\xf4][\x80-\xbf]{3}")
_GENERIC: Final[Mapping[Archetype, str]] = {
    Archetype.REQUEST: "RequestMessage",
    Archetype.RESPONSE: "ResponseMessage",
    Archetype.EVENT: "EventMessage",
    Archetype.FAULT: "FaultMessage",
}
_QUERIES: Final = frozenset(QUERY_OF.values())


class EnvelopeWriter:
    """Writes messages."""

    def __init__(self, content: ContentCodec, year: int = YEAR) -> None:
        self._content = content
        self._year_namespaces = namespaces_of_year(year)

    def write(self, envelope: Envelope, compress_above_bytes: int = 0) -> bytes:
        """The message as UTF-8 with an XML declaration; `Codec.encode` says what the arguments are.

        Raises:
            ValueError: it has parts that its root cannot carry.
        """
        root_name, outer = _root(envelope)
        message = WWW_NAMESPACE if envelope.namespace == WWW_NAMESPACE else MESSAGE_NAMESPACE
        prefixes = {None: outer} if outer == message else {None: outer, "m": message}
        root = etree.Element(f"{{{outer}}}{root_name}", nsmap=prefixes)
        build = _Builder(outer=outer, message=message, content=self._content)
        if envelope.header is not None:
            build.header(root, envelope.header)
        if envelope.request is not None:
            build.request(root, envelope.request, is_query=envelope.request.query is not None)
        if envelope.reply is not None:
            build.reply(root, envelope.reply)
        if envelope.payload is not None:
            build.payload(root, envelope.payload)
        self._rename(root)
        if compress_above_bytes and _may_be_compressed(root_name, envelope):
            _compress(root, compress_above_bytes)
        body = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
        return _ASTRAL.sub(_character_reference, body)

    def _rename(self, root: etree._Element) -> None:
        """Put the configured year's namespaces in the place of the shipped ones."""
        for shipped, used in self._year_namespaces.items():
            move_namespace(root, shipped, used)
        if self._year_namespaces:
            etree.cleanup_namespaces(root)


def _may_be_compressed(root_name: str, envelope: Envelope) -> bool:
    """True if the message has a profile element, and its schema lets Compressed stand alone in the element's place.

    The typed messages do not: they demand the element of their noun, but for the answers to queries. An operation set
    goes out plain always: what is inflated has to be one profile element.
    """
    if envelope.payload is None or envelope.payload.content is None:
        return False
    return envelope.style is Style.GENERIC or TYPED_ROOTS[root_name].wrapper in _QUERIES


def _compress(root: etree._Element, above_bytes: int) -> None:
    """Put the profile element of the payload, if it is of more than *above_bytes*, in Compressed."""
    namespace = etree.QName(root).namespace
    payload = root.find(f"{{{namespace}}}Payload")
    assert payload is not None
    (content,) = payload
    xml = etree.tostring(content, encoding="UTF-8")
    packed = deflate(xml) if len(xml) > above_bytes else None
    if packed is None:
        return
    payload.remove(content)
    etree.SubElement(payload, f"{{{namespace}}}Compressed").text = packed
    etree.SubElement(payload, f"{{{namespace}}}Format").text = "XML"


def _character_reference(match: re.Match[bytes]) -> bytes:
    return f"&#x{ord(match[0].decode()):X};".encode()


def _root(envelope: Envelope) -> tuple[str, str]:
    """Local name and namespace of the root."""
    if envelope.style is Style.GENERIC:
        return _GENERIC[envelope.archetype], envelope.namespace or MESSAGE_NAMESPACE
    local = envelope.root
    if not local:
        header = envelope.header
        noun = noun_of(header.noun) if header else None
        if header is None or noun is None:
            raise ValueError("a typed message needs a header with a known noun, or its root's name")
        local = typed_root(envelope.archetype, header.verb, noun)
    return local, wrapper_namespace(TYPED_ROOTS[local].wrapper, YEAR)


class _Builder:
    """Builds the parts of one message.

    *outer* is the namespace of the parts themselves, *message* that of what is under Header and Reply.
    """

    def __init__(self, *, outer: str, message: str, content: ContentCodec) -> None:
        self._outer = outer
        self._message = message
        self._content = content

    def header(self, root: etree._Element, header: Header) -> None:
        part = self._part(root, "Header")
        self._texts(part, ("Verb", header.verb.value), ("Noun", header.noun), ("Revision", header.revision))
        if header.replay_detection:
            replay = self._sub(part, "ReplayDetection")
            created = header.replay_detection.created
            self._texts(replay, ("Nonce", header.replay_detection.nonce), ("Created", created))
        self._texts(
            part,
            ("Context", header.context),
            ("Timestamp", header.timestamp),
            ("Source", header.source),
            ("AsyncReplyFlag", header.async_reply or None),
            ("ReplyAddress", header.reply_address),
            ("AckRequired", header.ack_required or None),
        )
        if header.user:
            user = self._sub(part, "User")
            self._texts(user, ("UserID", header.user.user_id), ("Organization", header.user.organization))
        self._texts(
            part,
            ("MessageID", header.message_id),
            ("CorrelationID", header.correlation_id),
            ("Comment", header.comment),
        )
        for each in header.properties:
            self._texts(self._sub(part, "Property"), ("Name", each.name), ("Value", each.value))
        part.extend(etree.fromstring(extension) for extension in header.extensions)

    def request(self, root: etree._Element, request: Request, *, is_query: bool) -> None:
        part = self._part(root, "Request")
        # a typed query declares these children in its own schema, every other request takes the message's type
        namespace = self._outer if is_query else self._message
        self._texts(part, ("StartTime", request.start_time), ("EndTime", request.end_time), namespace=namespace)
        for option in request.options:
            self._option(etree.SubElement(part, f"{{{namespace}}}Option"), option)
        for object_id in request.ids:
            attributes = self._outer == self._message or not is_query
            self._id(part, "ID", object_id, namespace=namespace, attributes=attributes)
        if request.query is not None:
            part.append(self._content.write(request.query))

    def reply(self, root: etree._Element, reply: Reply) -> None:
        part = self._part(root, "Reply")
        self._texts(part, ("Result", reply.result.value))
        for error in reply.errors:
            self._error(self._sub(part, "Error"), error)
        for object_id in reply.ids:
            self._id(part, "ID", object_id)
        if reply.name_plates:
            part.append(self._content.write_name_plates(reply.name_plates))
        self._texts(part, ("operationId", reply.operation_id))

    def payload(self, root: etree._Element, payload: Payload) -> None:
        part = self._part(root, "Payload")
        if payload.content is not None:
            part.append(self._content.write(payload.content))
        elif payload.operation_set is not None:
            self._operation_set(etree.SubElement(part, f"{{{self._outer}}}OperationSet"), payload.operation_set)
        elif payload.ids and self._outer != self._message:
            raise ValueError("a typed message cannot carry Payload/ID; name the objects in the noun's element")
        else:
            for object_id in payload.ids:
                self._id(part, "ID", object_id)

    def _operation_set(self, part: etree._Element, operations: OperationSet) -> None:
        self._texts(
            part,
            ("enforceMsgSequence", operations.enforce_msg_sequence or None),
            ("enforceTransactionalIntegrity", operations.enforce_transactional_integrity or None),
        )
        for each in operations.operations:
            operation = self._sub(part, "Operation")
            self._texts(
                operation,
                ("operationId", each.operation_id),
                ("noun", each.noun),
                ("verb", each.verb),
                ("elementOperation", each.element_operation or None),
            )
            if isinstance(each.content, RejectedObject):
                raise TypeError(f"operation {each.operation_id} was rejected on reading and cannot be written")
            if each.content is not None:
                operation.append(self._content.write(each.content))

    def _error(self, part: etree._Element, error: ErrorEntry) -> None:
        self._texts(
            part,
            ("code", error.code),
            ("level", error.level.value if error.level else None),
            ("reason", error.reason),
            ("details", error.details),
        )
        if error.object_id:
            self._id(part, "ID", error.object_id)
        if error.related_id:
            self._id(part, "relatedID", error.related_id)
        self._texts(part, ("operationId", error.operation_id))

    def _option(self, part: etree._Element, option: Property) -> None:
        self._texts(part, ("name", option.name), ("value", option.value))

    def _id(
        self,
        part: etree._Element,
        local: str,
        object_id: ObjectID,
        *,
        namespace: str | None = None,
        attributes: bool = True,
    ) -> None:
        element = etree.SubElement(part, f"{{{namespace or self._message}}}{local}")
        element.text = object_id.value
        if attributes and object_id.kind:
            element.set("kind", object_id.kind.value)
        if attributes and object_id.object_type:
            element.set("objectType", object_id.object_type)

    def _part(self, root: etree._Element, local: str) -> etree._Element:
        return etree.SubElement(root, f"{{{self._outer}}}{local}")

    def _sub(self, part: etree._Element, local: str) -> etree._Element:
        return etree.SubElement(part, f"{{{self._message}}}{local}")

    def _texts(
        self,
        part: etree._Element,
        *fields: tuple[str, str | int | bool | Instant | None],
        namespace: str | None = None,
    ) -> None:
        """Append a child for each field that has a value, in the order given."""
        for local, value in fields:
            if value is None:
                continue
            element = etree.SubElement(part, f"{{{namespace or self._message}}}{local}")
            element.text = _lexical(value)


def _lexical(value: str | int | bool | Instant) -> str:  # noqa: FBT001 a field's value, not a switch
    match value:
        case Instant():
            return value.text
        case bool():
            return "true" if value else "false"
        case _:
            return str(value)
