"""The 130 cases of IEC 61968-100 messaging that dermsbus is held to: what comes in, and what has to come of it.

One row for each; the tests are in ``test_<letter>_….py``, named ``test_<id>_…``, and the page is ``docs/conformance.md``.
Unless a row says otherwise the peer is not tolerated, and a refusal is a ResponseMessage with Verb ``reply``, the noun of
its request, and a CorrelationID that leads back to it.

Source: conformance cases of the project's reference tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["BUSES", "CASES", "GROUPS", "Case", "case"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One case.

    Attributes:
        id: a letter and two digits, such as ``A01``.
        title: what comes in.
        expected: what has to come of it.
        later: why it is not held to yet; empty if it is.
    """

    id: str
    title: str
    expected: str
    later: str = ""


GROUPS = {
    "A": "Parsing and envelope",
    "B": "Verbs, nouns and roots",
    "C": "Replies and correlation",
    "D": "Later answers and receipts",
    "E": "Operation sets",
    "F": "Payloads",
    "G": "Delivery, repetition and order",
    "H": "Replays and security",
    "I": "Transports",
}
"""What the cases of a letter are about."""

BUSES: Mapping[str, str | None] = {
    "memory": None,
    "embedded-stomp": None,
    "activemq-stomp": "activemq",
    "rabbitmq-amqp": "rabbitmq",
    "rabbitmq-stomp": "rabbitmq",
    "artemis-stomp": "artemis",
}
"""Every bus, with the broker in a container that it needs: a broker, and the protocol that both ends speak with it."""

_SIGNATURES = "comes with signatures and authorisation policies"
_ONE_THREAD = (
    "one instance serves messages in one ordered thread, for the registry has one writer; what they order is carried out "
    "at the devices of different groups side by side"
)


def _case(number: str, title: str, expected: str, later: str = "") -> Case:
    return Case(id=number, title=title, expected=expected, later=later)


CASES: tuple[Case, ...] = (
    # -- parsing and envelope ------------------------------------------------------------------------------------------
    _case("A01", "a get of DERGroups with its DERGroupQueries", "taken as a request and served by the get of groups"),
    _case(
        "A02",
        "four bytes that are no XML, with reply-to and correlation id",
        "FaultMessage FAILED 1.8 to the reply-to with that correlation id; a copy put aside; acknowledged",
    ),
    _case("A03", "the same without reply-to", "nothing sent; a copy put aside; acknowledged"),
    _case("A04", "well-formed XML with a foreign root", "as A02"),
    _case("A05", "a DOCTYPE with an entity", "FaultMessage 7.7; the entity is never expanded"),
    _case("A06", "elements nested 10 000 deep", "FaultMessage 7.7; memory stays bounded"),
    _case("A07", "the message namespace of 2021", "FaultMessage 1.9"),
    _case("A08", "the namespace of 2011 with www.", "FaultMessage 1.9"),
    _case("A09", "the same from a peer that is tolerated", "taken; the reply is in the same namespace"),
    _case("A10", "a Header without Noun", "FAILED 1.5"),
    _case("A11", "a Noun without text", "FAILED 1.5"),
    _case("A12", "Verb CREATE", "FAILED 1.8; from a tolerated peer taken as create, and the repair is counted"),
    _case("A13", "Verb update", "FAILED 1.8; the details name the verbs that there are"),
    _case("A14", "Timestamp before Revision", "FAILED 1.8"),
    _case("A15", "AsyncReplyFlag 1", "read as true"),
    _case("A16", "AsyncReplyFlag True", "FAILED 1.8"),
    _case("A17", "a foreign element at the end of the Header", "taken, and still there when the message is sent on"),
    _case("A18", "an element without namespace in the Header", "FAILED 1.8"),
    _case("A19", "a Payload with a foreign element and then Compressed", "FAILED 1.8, although lxml finds it valid"),
    _case("A20", "a Payload with an ID and then a foreign element", "FAILED 1.8"),
    _case("A21", "a Payload with the roots of two profiles", "FAILED 1.8"),
    _case("A22", "a Payload whose root has no namespace", "FAILED 1.8"),
    _case("A23", "bytes in UTF-16 that say so", "taken"),
    _case("A24", "decoded text that says ISO-8859-1 of itself", "taken; what it says of its bytes is passed over"),
    _case("A25", "the typed root CreateDERGroups", "the same message as with the generic root"),
    _case("A26", "the typed root CreateDERGroups with Verb delete", "FAILED 2.9"),
    _case("A27", "the root Message with a Reply and Verb reply", "taken as a response"),
    _case("A28", "the root Message with a Request and a Reply", "FAILED 1.8"),
    _case("A29", "any message of ours, written and read again", "the same; valid for lxml and for another validator"),
    _case(
        "A30",
        "an Error that knows the path of its element",
        "no xpath element with slashes; the path is in the details; valid",
    ),
    # -- verbs, nouns and roots ----------------------------------------------------------------------------------------
    _case("B01", "an EventMessage with Verb create", "not carried out; put aside; FAILED 2.9 where AckRequired"),
    _case("B02", "a RequestMessage with Verb created", "FAILED 2.9"),
    _case("B03", "a RequestMessage with Verb reply", "FAILED 2.9"),
    _case("B04", "a create of Frobnicators", "FAILED 2.5"),
    _case("B05", "a close of DERGroups, which nobody serves", "FAILED 2.9"),
    _case("B06", "a create of DERGroups that carries DERGroupDispatches", "FAILED 1.8"),
    _case("B07", "an event with Verb canceled, and one with cancelled", "the first is taken, the second 1.8"),
    _case("B08", "a Revision that is not supported", "FAILED 1.9"),
    # -- replies and correlation ---------------------------------------------------------------------------------------
    _case(
        "C01",
        "a request with a CorrelationID",
        "the reply has it, a MessageID of its own, Verb reply and the same Noun",
    ),
    _case("C02", "a request without CorrelationID", "the reply's is the request's MessageID"),
    _case("C03", "different ids of transport and Header", "the reply repeats each in its place"),
    _case(
        "C04",
        "a reply that matches by the transport's id alone",
        "goes to the request that waits; the repair is counted",
    ),
    _case("C05", "a reply with ids that nobody knows", "logged as late; no exception; acknowledged"),
    _case("C06", "a second reply", "the first counts, the second is logged"),
    _case("C07", "a reply OK that carries Error 0.0", "success"),
    _case("C08", "a reply FAILED without Error", "failure with a 5.3 of our own"),
    _case("C09", "an Error without code, from a tolerated peer", "failure with 5.3; its level is kept"),
    _case(
        "C10",
        "PARTIAL 0.1, PARTIAL 0.1, OK",
        "the request is over with the third; the payloads are joined in their order",
    ),
    _case("C11", "PARTIAL 0.1, then silence", "4.1 when the time is over, with what came"),
    _case("C12", "PARTIAL 0.2 as the last", "over, as PARTIAL"),
    _case("C13", "a FaultMessage with the id of a request that waits", "the request fails with its code"),
    _case("C14", "a FaultMessage without id", "logged and dropped"),
    _case("C15", "the codes 2.1 and 2.10", "two codes; sorted 2.1, 2.9, 2.10"),
    _case("C16", "the code 9.99", "kept as it came; an error of the application"),
    # -- later answers and receipts ------------------------------------------------------------------------------------
    _case(
        "D01",
        "AsyncReplyFlag with a ReplyAddress that is allowed, and reply-to",
        "OK 0.3 at once to the reply-to, the answer to the ReplyAddress; both with the same CorrelationID",
    ),
    _case("D02", "AsyncReplyFlag without ReplyAddress", "FAILED 1.5"),
    _case("D03", "AsyncReplyFlag with a ReplyAddress that is not allowed", "FAILED 7.7; nothing is sent there"),
    _case("D04", "AsyncReplyFlag false with a URL as ReplyAddress", "answered to the reply-to; the URL is passed over"),
    _case("D05", "an event with AckRequired and reply-to", "OK 0.3"),
    _case("D06", "an event with AckRequired and nowhere to send to", "taken in; a warning; nothing sent"),
    _case("D07", "a restart between the 0.3 and the answer", "the answer is sent all the same"),
    # -- operation sets ------------------------------------------------------------------------------------------------
    _case("E01", "three good operations, both flags false", "OK without errors"),
    _case("E02", "the second is at fault, both flags false", "PARTIAL; one Error, with operationId 2"),
    _case("E03", "the second is at fault, sequence enforced", "1 done, 2 its own code, 3 not tried (5.2); PARTIAL"),
    _case(
        "E04",
        "the second is at fault, all or nothing",
        "FAILED; 2 its own code, 1 and 3 aborted (5.9); nothing has changed",
    ),
    _case("E05", "the same operationId twice", "FAILED 1.8; nothing carried out"),
    _case("E06", "an empty OperationSet", "FAILED 1.7"),
    _case("E07", "an operation with verb frobnicate", "2.9 for that operation"),
    _case("E08", "an operation whose noun is not that of its element", "2.5 for that operation"),
    _case(
        "E09",
        "a delete of one member by an elementOperation",
        "that member alone is gone, the group remains",
    ),
    _case("E10", "Noun OperationSet, and DERGroupsOperationSet", "both are taken"),
    _case("E11", "Verb create with an OperationSet", "FAILED 2.9"),
    # -- payloads ------------------------------------------------------------------------------------------------------
    _case("F01", "groups packed with gzip and base64, Format XML", "the same as not packed"),
    _case("F02", "base64 with line breaks", "taken"),
    _case("F03", "broken base64, no gzip, half a gzip", "FAILED 1.8"),
    _case("F04", "a gzip of 1 GiB of zeros", "FAILED 7.7 within a second; memory stays bounded"),
    _case("F05", "two gzip members in a row", "FAILED 1.8"),
    _case("F06", "Format BINARY with Compressed", "FAILED 1.8"),
    _case(
        "F07",
        "a delete of groups by two Payload IDs of kind uuid, one unknown",
        "PARTIAL 2.15; Error/ID is the unknown one, kind uuid",
    ),
    _case("F08", "a Payload ID of kind mrid", "FAILED 1.8"),
    _case("F09", "a create of DERGroups without Payload", "FAILED 1.7"),
    _case("F10", "a get of forecasts that ends before it starts", "FAILED 1.8"),
    _case("F11", "a get that matches nothing", "OK with an empty payload"),
    _case("F12", "a get with an Option that nobody knows", "OK with a note of level INFORM"),
    _case("F13", "more objects than a request may have", "FAILED 3.1"),
    # -- delivery, repetition and order --------------------------------------------------------------------------------
    _case("G01", "the same message delivered twice", "carried out once; both replies the same, MessageID included"),
    _case("G02", "a MessageID once more with another body", "FAILED 2.15, logged, not carried out"),
    _case("G03", "a crash after the commit, before the acknowledgement", "answered from the store, not done again"),
    _case("G04", "a crash before the commit", "carried out once when it comes again"),
    _case("G05", "the broker goes down while we reply", "the reply waits and is sent once the broker is back"),
    _case(
        "G06",
        "the connection is lost after SEND",
        "sent again with the same MessageID, which an inbox at the peer makes harmless",
    ),
    _case(
        "G07",
        "a handler that fails five times",
        "five attempts, ever later; FAILED 5.3; a dead letter with attempts, reason and origin; the queue moves on",
    ),
    _case("G08", "a create that takes long, and a change of the same group", "carried out in order"),
    _case("G09", "messages about different groups", "carried out side by side", _ONE_THREAD),
    _case("G10", "a request that has expired when its turn comes", "a create: FAILED 4.1; a get: dropped"),
    _case("G11", "the requester's temporary queue is gone", "the reply is marked undeliverable; nothing crashes"),
    _case("G12", "a reply that RabbitMQ has no queue for", "found out, not lost unseen"),
    _case("G13", "whatever comes from ActiveMQ or Artemis", "NACK is never sent to them"),
    # -- replays and security ------------------------------------------------------------------------------------------
    _case("H01", "ReplayDetection made six minutes ago", "FAILED 7.7"),
    _case("H02", "ReplayDetection made in two minutes' time", "FAILED 7.7"),
    _case("H03", "a Nonce again with a new MessageID", "FAILED 7.7"),
    _case("H04", "the broker delivers once more: same MessageID, body and Nonce", "the stored reply, and no 7.7"),
    _case("H05", "no ReplayDetection where it is required", "FAILED 7.3"),
    _case("H06", "a Nonce again after a restart", "still FAILED 7.7"),
    _case("H07", "a valid signature in the envelope", "taken; who asks is read from the certificate", _SIGNATURES),
    _case("H08", "one byte of a signed payload changed", "FAILED 7.4", _SIGNATURES),
    _case("H09", "a valid signature of a copy beside what is carried out", "FAILED 7.4", _SIGNATURES),
    _case("H10", "no signature where it is required", "FAILED 7.3", _SIGNATURES),
    _case("H11", "a signature with SHA-1 or HMAC", "FAILED 7.3", _SIGNATURES),
    _case("H12", "a Source that is not the broker's user", "FAILED 7.4", _SIGNATURES),
    _case("H13", "a delete by someone who may only get", "FAILED 7.5", _SIGNATURES),
    _case("H14", "Context TESTING at a system in production", "FAILED 7.7"),
    _case("H15", "a TLS server with an unknown authority", "we refuse it in all three: stomp.py 8.2 and 9.0, pika"),
    _case("H16", "a ReplyAddress with a line break and a header in it", "refused; no header more on the wire"),
    # -- transports ----------------------------------------------------------------------------------------------------
    _case(
        "I01",
        "a message of ours to a JMS application on ActiveMQ",
        "it sees a persistent TextMessage, JMSType verb.Noun, properties CIM_*",
    ),
    _case("I02", "a message of ours to a JMS application on Artemis", "a TextMessage: no content-length in the frame"),
    _case("I03", "a body that is not ASCII", "the same in every byte on all brokers"),
    _case("I04", "a JMS requester with a temporary queue on ActiveMQ", "has its reply with its JMSCorrelationID"),
    _case("I05", "an AMQP requester with direct reply-to, a STOMP responder", "the reply arrives"),
    _case("I06", "an AMQP responder that is given /queue/x as reply-to", "the reply arrives in x"),
    _case(
        "I07",
        "a subscription with a selector for CIM_Noun",
        "ActiveMQ and Artemis give what matches alone; where a broker has no selectors it is refused",
    ),
    _case("I08", "a durable subscriber that is away while events are told", "has them when it is back"),
    _case("I09", "a broker that falls silent", "connected anew in time, subscribed, heart-beats running"),
    _case(
        "I10", "a TLS connection that ends without farewell", "noticed within the heart-beats; no busy loop after it"
    ),
    _case(
        "I11", "a handler that takes five times the heart-beat", "the connection stays; the acknowledgement succeeds"
    ),
    _case("I12", "a correlation id of 300 characters over AMQP", "refused before it is sent, clearly; no channel lost"),
    _case("I13", "a message that expires in 60 s", "expires over STOMP is absolute, expiration over AMQP is 60000"),
    _case("I14", "CIM_Verb that is not the Header's Verb", "FAILED 1.8"),
    _case("I15", "a message property with a hyphen in its name", "carried, and never used to select"),
    _case("I16", "anything sent to RabbitMQ over STOMP", "the SEND has no message-id header"),
)
"""All cases, in the order of their ids."""


def case(case_id: str) -> Case:
    """The case with this id.

    Raises:
        KeyError: there is none.
    """
    return _BY_ID[case_id]


_BY_ID = {each.id: each for each in CASES}
