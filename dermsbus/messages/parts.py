"""The parts of a validated message in generic form: Header, Request, Reply and Payload as values.

What the envelope schema (or libxml2's reading of it) lets pass, and the standard's structure forbids, is refused here.

Source: Message.xsd table, traps of the schema, and rules of OperationSet in the project's reference tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Final

from lxml import etree

from dermsbus.domain.behaviour import Tolerance
from dermsbus.domain.model import Instant
from dermsbus.errors import (
    IDKind,
    MessageError,
    ObjectID,
    RuleViolation,
    SchemaViolation,
    UnsupportedMessage,
    Violation,
)
from dermsbus.messages.compression import LARGEST_INFLATED_BYTES, inflate
from dermsbus.messages.content import NAME_PLATES, ContentCodec, profile_root
from dermsbus.messages.envelope import (
    Archetype,
    Content,
    Envelope,
    ErrorEntry,
    Header,
    Noun,
    Operation,
    OperationSet,
    Payload,
    Property,
    RejectedObject,
    ReplayDetection,
    Reply,
    Request,
    Result,
    UnboundContent,
    User,
    Verb,
)
from dermsbus.messages.intake import Limits, read_tree
from dermsbus.messages.namespaces import move_namespace
from dermsbus.messages.roots import QUERY_OF, noun_of
from dermsbus.messages.times import read_instant
from dermsbus.reply_codes import Level
from dermsbus_profiles import MESSAGE_NAMESPACE, Variant

__all__ = ["PartReader", "child"]

_M: Final = f"{{{MESSAGE_NAMESPACE}}}"
_TRUE: Final = frozenset({"true", "1"})
_MOST_EXTENSIONS: Final = 256
_LARGEST: Final = 2**63 - 1
_ITEMS_WITHOUT_CONTROLS: Final = tuple(
    f"{{*}}{name}"
    for name in ("EndDeviceGroup", "DERGroupDispatch", "DERGroupForecast", "EndDeviceEvent", "ID", "Operation")
)
_CONTROL: Final = "{*}EndDeviceControl"
_ITEMS: Final = (*_ITEMS_WITHOUT_CONTROLS, _CONTROL, "{*}EndDeviceGroups", "{*}EndDevices")


def child(element: etree._Element, local: str) -> etree._Element | None:
    """The first child with this local name, in whatever namespace."""
    return next((each for each in element if etree.QName(each).localname == local), None)


class PartReader:
    """Reads the parts of messages that their envelope schema has accepted."""

    def __init__(
        self, *, content: ContentCodec, limits: Limits, tolerance: Tolerance, year_namespaces: Mapping[str, str]
    ) -> None:
        self._content = content
        self._limits = limits
        self._year_namespaces = year_namespaces
        self._tolerant = tolerance is Tolerance.TOLERANT

    def envelope(self, root: etree._Element, blank: Envelope, variant: Variant) -> Envelope:
        """*blank* with header, request, reply and payload.

        Raises:
            MessageError: 1.6, 1.7, 1.8, 2.9 or 7.7, for what the envelope schema does not say.
        """
        header = self._header(_required(root, "Header"))
        request, reply, payload = (root.find(f"{_M}{part}") for part in ("Request", "Reply", "Payload"))
        _check_order(root)
        noun = noun_of(header.noun)
        envelope = replace(
            blank,
            header=header,
            request=self._request(request, header.verb, noun) if request is not None else None,
            reply=self._reply(reply) if reply is not None else None,
            payload=self._payload(payload, blank.archetype, noun, variant) if payload is not None else None,
        )
        _check_complete(envelope, root)
        return envelope

    def check_items(self, root: etree._Element) -> None:
        """Each object of a message may have an error of its own, and the reply has to stay sendable.

        Extensions of the header are kept one by one, with all prefixes that hold there.

        Raises:
            UnsupportedMessage: 3.1, there are too many.
        """
        if self.has_too_many_items(root):
            details = f"more than the {self._limits.items} objects, ids and operations allowed in one message"
            raise UnsupportedMessage(_finding("ITEMS", details, root), code="3.1")
        header = child(root, "Header")
        # extensions come last: where there are too many, the one before the most is one
        if header is not None and len(header) > _MOST_EXTENSIONS and _is_foreign(header[-1 - _MOST_EXTENSIONS]):
            details = f"more than {_MOST_EXTENSIONS} elements of other namespaces in Header"
            raise UnsupportedMessage(_finding("ITEMS", details, root), code="3.1")

    def has_too_many_items(self, root: etree._Element) -> bool:
        """Whether *root* has more objects, ids and operations than are allowed; counted no further than to that."""
        # devices are items of controls only, members there are too many of to look at each
        names = _ITEMS if next(root.iter(_CONTROL), None) is not None else _ITEMS_WITHOUT_CONTROLS
        most = self._limits.items
        return sum(1 for _ in islice(filter(_is_item, root.iter(*names)), most + 1)) > most

    def fault(self, root: etree._Element, blank: Envelope) -> Envelope:
        """*blank* with the Reply of a fault, which has nothing else."""
        _check_order(root)
        return replace(blank, reply=self._reply(_required(root, "Reply")))

    def _header(self, header: etree._Element) -> Header:
        replay = header.find(f"{_M}ReplayDetection")
        user = header.find(f"{_M}User")
        return Header(
            verb=Verb(_text(header, "Verb") or ""),
            noun=_text(header, "Noun") or "",
            revision=_text(header, "Revision"),
            replay_detection=self._replay_detection(replay) if replay is not None else None,
            context=_text(header, "Context"),
            timestamp=self._instant(header, "Timestamp"),
            source=_text(header, "Source"),
            async_reply=_flag(header, "AsyncReplyFlag"),
            reply_address=_text(header, "ReplyAddress"),
            ack_required=_flag(header, "AckRequired"),
            user=_user(user) if user is not None else None,
            message_id=_text(header, "MessageID"),
            correlation_id=_text(header, "CorrelationID"),
            comment=_text(header, "Comment"),
            properties=tuple(
                Property(name=_text(each, "Name") or "", value=_text(each, "Value"))
                for each in header.iterchildren(f"{_M}Property")
            ),
            extensions=tuple(etree.tostring(each, with_tail=False) for each in _foreign(header)),
        )

    def _replay_detection(self, element: etree._Element) -> ReplayDetection:
        created = self._instant(element, "Created")
        assert created is not None
        return ReplayDetection(nonce=_text(element, "Nonce") or "", created=created)

    def _instant(self, parent: etree._Element, local: str) -> Instant | None:
        element = parent.find(f"{_M}{local}")
        if element is None:
            return None
        return read_instant(element.text or "", self._content.zone, line=element.sourceline)

    def _request(self, request: etree._Element, verb: Verb, noun: Noun | None) -> Request:
        start, end = self._instant(request, "StartTime"), self._instant(request, "EndTime")
        if start and end and end.at < start.at:
            raise _violation("TIME-ORDER", "Request/EndTime is before StartTime", request)
        return Request(
            start_time=start,
            end_time=end,
            options=tuple(
                Property(name=_text(each, "name") or "", value=_text(each, "value"))
                for each in request.iterchildren(f"{_M}Option")
            ),
            ids=_ids(request, "ID"),
            query=self._query(request, noun) if verb is Verb.GET else None,
        )

    def _query(self, request: etree._Element, noun: Noun | None) -> Content | None:
        """The query element; foreign elements of no known profile beside it are left alone."""
        known = [each for each in _foreign(request) if profile_root(each)]
        if not known:
            return None
        expected = QUERY_OF.get(noun) if noun else None
        if len(known) > 1 or profile_root(known[0]) != expected:
            found = ", ".join(str(profile_root(each)) for each in known[:5])
            raise _violation("NOUN-MISMATCH", f"a get of {noun} asks with one {expected}, not {found}", known[0])
        return self._content.read(known[0], Variant.CONSTRAINED)

    def _reply(self, reply: etree._Element) -> Reply:
        """The reply; of the elements of other namespaces in it only name plates are known here."""
        plates = [plate for each in reply.findall(NAME_PLATES) for plate in self._content.read_name_plates(each)]
        return Reply(
            result=Result(_text(reply, "Result") or ""),
            errors=tuple(_error(each) for each in reply.iterchildren(f"{_M}Error")),
            ids=_ids(reply, "ID"),
            name_plates=tuple(plates),
            operation_id=_integer(reply, "operationId") if _text(reply, "operationId") else None,
        )

    def _payload(self, payload: etree._Element, archetype: Archetype, noun: Noun | None, variant: Variant) -> Payload:
        """The one branch of a payload. libxml2 lets several pass, the standard does not."""
        foreign = list(_foreign(payload))
        sets = list(payload.iterchildren(f"{_M}OperationSet"))
        packed = list(payload.iterchildren(f"{_M}Compressed"))
        ids = _ids(payload, "ID")
        if sum(map(bool, (foreign, sets, packed, ids))) > 1 or len(foreign) > 1:
            details = "Payload holds more than one of: a profile element, OperationSet, Compressed, ID"
            raise _violation("PAYLOAD-COUNT", details, payload)
        if packed:
            foreign = [self._inflated(packed[0], _text(payload, "Format"))]
            if archetype is not Archetype.RESPONSE:
                self.check_items(foreign[0])
        if foreign:
            return Payload(content=self._payload_content(foreign[0], archetype, noun, variant))
        if sets:
            if noun is not Noun.OPERATION_SET and archetype is not Archetype.RESPONSE:
                details = f"an OperationSet goes with verb execute and noun OperationSet, not with noun {noun}"
                raise UnsupportedMessage(_finding("VERB-NOUN", details, sets[0]), code="2.9")
            return Payload(operation_set=self._operation_set(sets[0]))
        return Payload(ids=ids)

    def _payload_content(
        self, element: etree._Element, archetype: Archetype, noun: Noun | None, variant: Variant
    ) -> Content:
        root = profile_root(element)
        lenient = self._tolerant and archetype is Archetype.RESPONSE and root is not None
        if root != noun and not lenient:
            name = etree.QName(element)
            details = (
                f"payload {name.localname} in namespace {(name.namespace or 'none')[:128]!r} is not a payload of {noun}"
            )
            raise _violation("NOUN-MISMATCH", details, element)
        return self._content.read(element, variant)

    def _inflated(self, packed: etree._Element, form: str | None) -> etree._Element:
        if form and form.strip().upper() != "XML":
            raise _violation("FORMAT", f"Format {form[:32]!r} of Compressed is not read; send XML", packed)
        plain = inflate(packed.text or "", line=packed.sourceline)
        try:
            tree = read_tree(plain, replace(self._limits, message_bytes=LARGEST_INFLATED_BYTES))
        except MessageError as error:
            # the header is known by now, so it is answered in the sender's terms
            raise SchemaViolation(*error.violations, code=error.code) from error
        for shipped, used in self._year_namespaces.items():
            move_namespace(tree, used, shipped)
        return tree

    def _operation_set(self, element: etree._Element) -> OperationSet:
        operations = tuple(self._operation(each) for each in element.iterchildren(f"{_M}Operation"))
        ids = [operation.operation_id for operation in operations]
        if len(set(ids)) != len(ids):
            raise _violation("DUP-OPID", "two operations of the set have the same operationId", element)
        return OperationSet(
            operations=operations,
            enforce_msg_sequence=_flag(element, "enforceMsgSequence"),
            enforce_transactional_integrity=_flag(element, "enforceTransactionalIntegrity"),
        )

    def _operation(self, element: etree._Element) -> Operation:
        content = next(_foreign(element), None)
        operation_id = _integer(element, "operationId")
        if operation_id < 0:
            raise _violation("INTRANGE", "operationId is negative: number the operations from 0 or 1", element)
        return Operation(
            operation_id=operation_id,
            noun=_text(element, "noun"),
            verb=_text(element, "verb"),
            element_operation=_flag(element, "elementOperation"),
            content=self._operation_content(content) if content is not None else None,
        )

    def _operation_content(self, element: etree._Element) -> Content | RejectedObject:
        if profile_root(element) is None:
            return UnboundContent(root=etree.QName(element).localname, xml=etree.tostring(element, with_tail=False))
        try:
            return self._content.read(element, Variant.UNCONSTRAINED)
        except SchemaViolation as error:
            place = f" (line {error.line})" if error.line else ""
            return RejectedObject.of(RuleViolation(f"{error}{place}", code=error.code), None)


def _local(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _is_item(element: etree._Element) -> bool:
    """True for what may have an error of its own: a group as the subject, not as that of an order or a forecast.

    A control has one for each group and device that it names, or for itself.
    """
    parent = element.getparent()
    local, within = _local(element), "" if parent is None else _local(parent)
    match local:
        case "EndDeviceGroup":
            return within not in {"DERGroupDispatch", "DERGroupForecast"}
        case "EndDeviceGroups" | "EndDevices":
            return within == "EndDeviceControl"
        case "EndDeviceControl":
            return element.find("{*}EndDeviceGroups") is None and element.find("{*}EndDevices") is None
        case _:
            return True


def _check_order(root: etree._Element) -> None:
    """Extensions come last in Header, Request and Reply, before nothing but operationId; libxml2 does not see to it."""
    for part in root.iterchildren(f"{_M}Header", f"{_M}Request", f"{_M}Reply"):
        extension = None
        for each in part:
            name = etree.QName(each)
            if name.namespace != MESSAGE_NAMESPACE:
                extension = name.localname
            elif extension is not None and name.localname != "operationId":
                place = etree.QName(part).localname
                raise _violation("XSD", f"{place}/{name.localname} comes after extension {extension[:64]}", each)


def _check_complete(envelope: Envelope, root: etree._Element) -> None:
    """A response needs its Reply, a get its query, every other request and every event something to speak of."""
    header, request, payload = envelope.header, envelope.request, envelope.payload
    assert header is not None
    if envelope.archetype is Archetype.RESPONSE:
        if envelope.reply is None:  # the schema of a generic Message lets it be
            raise _violation("REPLY", "a response has no Reply, and says nothing", root)
        return
    if header.verb is Verb.GET:
        if request is None or (request.query is None and not request.ids):
            details = f"a get of {header.noun} needs its query element, or an ID, in Request"
            raise SchemaViolation(_finding("EMPTY-REQUEST", details, root), code="1.6")
        return
    empty = payload is None or (payload.content is None and not payload.ids and not _has_operations(payload))
    ids_alone = payload is not None and payload.ids and header.verb in {Verb.CREATE, Verb.CHANGE, Verb.EXECUTE}
    if empty or ids_alone:
        details = f"{header.verb} {header.noun} has nothing in its Payload to act on"
        raise SchemaViolation(_finding("EMPTY-PAYLOAD", details, root), code="1.7")


def _has_operations(payload: Payload) -> bool:
    return payload.operation_set is not None and bool(payload.operation_set.operations)


def _error(error: etree._Element) -> ErrorEntry:
    level = _text(error, "level")
    return ErrorEntry(
        code=_text(error, "code") or "",
        level=Level(level) if level else None,
        reason=_text(error, "reason"),
        details=_text(error, "details"),
        object_id=next(iter(_ids(error, "ID")), None),
        related_id=next(iter(_ids(error, "relatedID")), None),
        operation_id=_integer(error, "operationId") if _text(error, "operationId") else None,
    )


def _user(user: etree._Element) -> User:
    return User(user_id=_text(user, "UserID") or "", organization=_text(user, "Organization"))


def _ids(parent: etree._Element, local: str) -> tuple[ObjectID, ...]:
    return tuple(
        ObjectID(
            value=each.text or "",
            kind=IDKind(kind) if (kind := each.get("kind")) else None,
            object_type=each.get("objectType"),
        )
        for each in parent.iterchildren(f"{_M}{local}")
    )


def _foreign(parent: etree._Element) -> Iterator[etree._Element]:
    """The children of other namespaces: extensions, queries, payloads."""
    return (each for each in parent if _is_foreign(each))


def _is_foreign(element: etree._Element) -> bool:
    return etree.QName(element).namespace != MESSAGE_NAMESPACE


def _required(parent: etree._Element, local: str) -> etree._Element:
    element = parent.find(f"{_M}{local}")
    assert element is not None  # the envelope schema has seen to it
    return element


def _text(parent: etree._Element, local: str) -> str | None:
    element = parent.find(f"{_M}{local}")
    return None if element is None else element.text or ""


def _flag(parent: etree._Element, local: str) -> bool:
    return (_text(parent, local) or "").strip() in _TRUE


def _integer(parent: etree._Element, local: str) -> int:
    text = (_text(parent, local) or "").strip()
    if len(text) > 20 or abs(int(text)) > _LARGEST:
        raise _violation("INTRANGE", f"{local} is beyond 64 bits", parent)
    return int(text)


def _finding(rule: str, details: str, element: etree._Element) -> Violation:
    return Violation(rule=rule, details=details, line=element.sourceline)


def _violation(rule: str, details: str, element: etree._Element) -> SchemaViolation:
    return SchemaViolation(_finding(rule, details, element))
