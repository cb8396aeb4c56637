"""What a tolerant reader forgives, row by row, and whom: each row of the table has its message here."""

from __future__ import annotations

import base64
import gzip
from types import MappingProxyType
from typing import Final

import pytest

from dermsbus.domain.behaviour import Tolerance
from dermsbus.errors import MessageError
from dermsbus.messages.codec import Codec, ReaderSettings
from dermsbus.messages.envelope import Archetype, Envelope, Refusal, Verb
from dermsbus.messages.peers import Peer, Peers
from dermsbus.messages.policy import Policy
from dermsbus.messages.repairs import DEVIATIONS, WWW_NAMESPACE
from dermsbus.reply_codes import Level
from tests import builders as xml

GROUP = xml.group(mrid="G-A", name="GA", functions=["connectDisconnect"], members=["DEV-1"], version="1.0.0")
CREATE = xml.generic("create", "DERGroups", payload=xml.der_groups(GROUP))
GET = xml.generic("get", "DERGroups", request=xml.der_group_queries(xml.group(name="GA")))
ROWS: Final = {row.name: row for row in DEVIATIONS}
TOLERANT: Final = Peer(tolerance=Tolerance.TOLERANT)


def response(body: str, *, verb: str = "reply", noun: str | None = "DERGroups", rest: str = "") -> bytes:
    named = f"<Noun>{noun}</Noun>" if noun is not None else ""
    return (
        f'<ResponseMessage xmlns="{xml.MESSAGE}"><Header><Verb>{verb}</Verb>{named}</Header>'
        f"<Reply>{body}</Reply>{rest}</ResponseMessage>"
    ).encode()


def execute(operation: str, *, more: str = "") -> bytes:
    payload = xml.operation_set(operation).replace("</o:OperationSet>", f"{more}</o:OperationSet>")
    return xml.generic("execute", "OperationSet", payload=payload)


def with_header(body: bytes, name: str, text: str) -> bytes:
    return body.replace(b"<Timestamp>", f"<{name}>{text}</{name}><Timestamp>".encode())


REMOVE = xml.der_groups(xml.group(name="GA", members=["DEV-1"]))
CONTROL = xml.payload("EndDeviceControls", xml.control("2.31.0.18", xml.element("EndDeviceGroups", xml.names("GA"))))
EXAMPLES: Final = {
    "www-namespace": CREATE.replace(xml.MESSAGE.encode(), WWW_NAMESPACE.encode()),
    "verb-spelling": xml.generic("Create", "DERGroups", payload=xml.der_groups(GROUP)),
    "reply-verb": response("<Result>OK</Result>", verb="canceled"),
    "missing-reply-noun": response("<Result>OK</Result>", noun=None),
    "noun-spelling": xml.generic("get", "DERGroupQueries", request=xml.der_group_queries(xml.group(name="GA"))),
    "free-text-noun": xml.generic("create", "DER Request", payload=xml.der_groups(GROUP)),
    "missing-message-id": xml.generic("create", "DERGroups", payload=xml.der_groups(GROUP), message_id="  "),
    "missing-error-code": response("<Result>FAILED</Result><Error><level>CATASTROPHIC</level></Error>"),
    "error-xpath": response("<Result>FAILED</Result><Error><code>1.8</code><xpath>/a/b[1]</xpath></Error>"),
    "operation-verb-spelling": execute(xml.operation(1, REMOVE, verb="DELETE")),
    "operation-noun-verb-swapped": execute(xml.operation(1, REMOVE, verb="DERGroups", noun="delete")),
    "timeslice-operation": execute(
        xml.operation(1, REMOVE), more="<timesliceOperation>true</timesliceOperation>"
    ),
    "prose-context": with_header(CREATE, "Context", "Not Set"),
    "reply-noun": response("<Result>OK</Result>", noun="UtilitiesPointOfDelivery"),
    "incomplete-report": xml.generic(
        "created", "DERGroups", payload=xml.der_groups(xml.group(name="GA")), root="EventMessage"
    ),
    "www-wrapper": xml.typed(
        "CreateEndDeviceControls", "EndDeviceControls", "create", "EndDeviceControls", payload=CONTROL
    ).replace(b"http://iec.ch/TC57/2017/EndDeviceControlsMessage", b"http://www.iec.ch/TC57/2011/EndDeviceControlsMessage"),
    "unused-reply-address": CREATE.replace(
        b"<MessageID>", b"<AsyncReplyFlag>false</AsyncReplyFlag><ReplyAddress>10X1001A1001A450</ReplyAddress><MessageID>"
    ),
    "empty-reply-payload": response("<Result>OK</Result>", rest="<Payload/>"),
    "error-of-success": response("<Result>OK</Result><Error><code>0.0</code></Error>"),
    "time-without-zone": CREATE.replace(b"08:00:00Z</date>", b"08:00:00</date>"),
}  # fmt: skip
"""A message for each row, that deviates in this alone."""

WHEN_CARRIED_OUT: Final = {"operation-verb-spelling", "operation-noun-verb-swapped"}
"""A strict reader reads them, and the operation is refused when its turn comes."""


def judged(body: bytes, peers: Peers) -> Envelope | MessageError:
    """As read and as the policy has it."""
    message = Codec(ReaderSettings(peers=peers)).decode(body)
    if isinstance(message, Refusal):
        return message.error
    try:
        if message.archetype in {Archetype.REQUEST, Archetype.EVENT}:
            Policy(context="production", peers=peers).check(message)
    except MessageError as error:
        return error
    return message


def tolerant(body: bytes) -> Envelope:
    message = judged(body, Peers(usual=TOLERANT))
    assert isinstance(message, Envelope), message
    return message


def test_every_row_has_its_message() -> None:
    assert list(EXAMPLES) == [row.name for row in DEVIATIONS]


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_is_forgiven_is_read_and_what_was_mended_is_said(name: str) -> None:
    repairs = [repair.name for repair in tolerant(EXAMPLES[name]).repairs]

    assert repairs == ([name] if ROWS[name].mend else [])


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_strict_reader_refuses_it_with_the_code_that_the_table_names(name: str) -> None:
    strict = judged(EXAMPLES[name], Peers())

    if ROWS[name].refused_with and name not in WHEN_CARRIED_OUT:
        assert isinstance(strict, MessageError)
        assert strict.code == ROWS[name].refused_with.partition(",")[0]
    else:
        assert isinstance(strict, Envelope)
        assert strict.repairs == ()


@pytest.mark.parametrize(("name", "row"), ROWS.items(), ids=ROWS)
def test_a_row_holds_for_the_kind_of_its_message(name: str, row: object) -> None:
    assert tolerant(EXAMPLES[name]).archetype in ROWS[name].kinds, row


# -- whom --------------------------------------------------------------------------------------------------------------


def from_source(body: bytes, source: str) -> bytes:
    return body.replace(b"<Source>dms1</Source>", f"<Source>{source}</Source>".encode())


KNOWN: Final = Peers(named=MappingProxyType({"epri": TOLERANT, "DER Lab 2": TOLERANT}))


@pytest.mark.parametrize("source", ["epri", "DER Lab 2", "  epri\n"])
@pytest.mark.parametrize("name", ["www-namespace", "verb-spelling", "prose-context"])
def test_one_peer_is_forgiven_and_another_is_not(name: str, source: str) -> None:
    assert isinstance(judged(from_source(EXAMPLES[name], source), KNOWN), Envelope)
    assert isinstance(judged(EXAMPLES[name], KNOWN), MessageError)


def test_one_peer_is_met_strictly_where_all_others_are_forgiven() -> None:
    peers = Peers(usual=TOLERANT, named=MappingProxyType({"dms1": Peer()}))

    assert isinstance(judged(EXAMPLES["verb-spelling"], peers), MessageError)
    assert isinstance(judged(from_source(EXAMPLES["verb-spelling"], "dms2"), peers), Envelope)


def test_the_sender_of_a_typed_message_is_known_too() -> None:
    body = xml.typed(
        "CreateDERGroups", "DERGroups", "CREATE", "DERGroups", payload=xml.der_groups(GROUP), source="epri"
    )

    assert isinstance(judged(body, KNOWN), Envelope)
    assert isinstance(judged(from_source(body.replace(b"epri", b"dms1"), "dms1"), KNOWN), MessageError)


def test_a_name_in_an_extension_or_in_the_payload_forgives_nobody() -> None:
    extension = b'<Source xmlns="urn:x">epri</Source>'
    without = EXAMPLES["verb-spelling"].replace(b"<Source>dms1</Source>", b"")

    assert isinstance(judged(without.replace(b"</Header>", extension + b"</Header>"), KNOWN), MessageError)
    assert isinstance(judged(without.replace(b"<Payload>", b"<Payload>" + extension), KNOWN), MessageError)


def test_a_reader_that_forgives_all_forgives_those_that_are_named_otherwise() -> None:
    peers = Peers(named=MappingProxyType({"dms1": Peer()}))
    message = Codec(ReaderSettings(peers=peers, tolerance=Tolerance.TOLERANT)).decode(EXAMPLES["verb-spelling"])

    assert isinstance(message, Envelope)


# -- what exactly ------------------------------------------------------------------------------------------------------


def test_c09_an_error_without_code_is_5_3_and_keeps_its_level() -> None:
    reply = tolerant(EXAMPLES["missing-error-code"]).reply

    assert reply is not None
    assert [(error.code, error.level) for error in reply.errors] == [("5.3", Level.CATASTROPHIC)]


def test_an_error_without_code_is_mended_in_a_fault_too() -> None:
    body = (
        f'<FaultMessage xmlns="{xml.MESSAGE}"><Reply><Result>FAILED</Result><Error><level>FATAL</level></Error>'
        "</Reply></FaultMessage>"
    ).encode()

    reply = tolerant(body).reply
    assert reply is not None
    assert reply.errors[0].code == "5.3"
    assert isinstance(judged(body, Peers()), MessageError)


@pytest.mark.parametrize(
    ("error", "details", "is_mended"),
    [
        ("<xpath>/a/b[1]</xpath>", "(at /a/b[1])", True),
        ("<details>too long</details><xpath>//m:Noun</xpath>", "too long (at //m:Noun)", True),
        ("<xpath>q:Noun</xpath>", "(at q:Noun)", True),
        ("<xpath>Noun</xpath>", None, False),
    ],
    ids=["a path", "a path beside details", "a prefix that nobody declared", "a name"],
)
def test_a_path_in_xpath_is_read_as_details(error: str, details: str | None, is_mended: bool) -> None:
    message = tolerant(response(f"<Result>FAILED</Result><Error><code>1.8</code>{error}</Error>"))

    assert message.reply is not None
    assert message.reply.errors[0].details == details
    assert bool(message.repairs) is is_mended


@pytest.mark.parametrize("where", [b"MessageID", b"Noun", b"Timestamp"])
def test_single_elements_of_the_header_in_the_www_namespace_are_read(where: bytes) -> None:
    body = CREATE.replace(b"<%s>" % where, b'<%s xmlns="%s">' % (where, WWW_NAMESPACE.encode()))

    message = tolerant(body)

    assert message.header == tolerant(CREATE).header
    assert message.namespace == xml.MESSAGE, "answered as the root is spelled"
    assert isinstance(judged(body, Peers()), MessageError)


def test_a_typed_message_whose_header_is_spelled_with_www_says_so() -> None:
    body = xml.typed("CreateDERGroups", "DERGroups", "create", "DERGroups", payload=xml.der_groups(GROUP))

    assert tolerant(body.replace(xml.MESSAGE.encode(), WWW_NAMESPACE.encode())).namespace == WWW_NAMESPACE


@pytest.mark.parametrize(
    ("verb", "noun", "parts", "meant"),
    [
        ("create", "DER Request", {"payload": xml.der_groups(GROUP)}, "DERGroups"),
        ("get", "DER Get", {"request": xml.der_group_queries(xml.group(name="GA"))}, "DERGroups"),
        ("get", "DER\n Get", {"request": xml.payload("DERGroupStatusQueries", xml.group(name="GA"))}, "DERGroupStatuses"),
        ("execute", "some operations", {"payload": xml.operation_set(xml.operation(1, REMOVE))}, "OperationSet"),
    ],
)  # fmt: skip
def test_prose_as_noun_means_what_the_message_holds(verb: str, noun: str, parts: dict[str, str], meant: str) -> None:
    message = tolerant(xml.generic(verb, noun, **parts))

    assert message.header is not None
    assert message.header.noun == meant


@pytest.mark.parametrize(
    ("noun", "payload"),
    [
        ("Frobnicators", xml.der_groups(GROUP)),
        ("DER Request", '<x xmlns="urn:x"/>'),
        ("DER Request", '<ID kind="uuid">G-A</ID>'),
        ("DER Request", f"<Compressed>{base64.b64encode(gzip.compress(xml.der_groups(GROUP).encode())).decode()}</Compressed>"),
    ],
    ids=["one word", "an unknown element", "ids alone", "compressed"],
)  # fmt: skip
def test_a_noun_that_nothing_explains_is_refused_by_everybody(noun: str, payload: str) -> None:
    error = judged(xml.generic("delete", noun, payload=payload), Peers(usual=TOLERANT))

    assert isinstance(error, MessageError)
    assert error.code == "2.5"


@pytest.mark.parametrize("message_id", [None, "", " \n"])
def test_a_blank_message_id_is_none(message_id: str | None) -> None:
    message = tolerant(xml.generic("create", "DERGroups", payload=xml.der_groups(GROUP), message_id=message_id))

    assert message.outline.message_id is None


def test_a_message_that_tells_of_the_past_in_capitals_is_an_event() -> None:
    body = xml.generic("Created", "DERGroups", payload=xml.der_groups(GROUP), root="Message")

    message = tolerant(body)

    assert message.archetype is Archetype.EVENT
    assert message.header is not None
    assert message.header.verb is Verb.CREATED


def test_a_request_is_not_mended_as_a_response_is() -> None:
    body = xml.generic("created", "DERGroups", payload=xml.der_groups(GROUP))
    error = judged(body, Peers(usual=TOLERANT))

    assert isinstance(error, MessageError)
    assert error.code == "2.9"


@pytest.mark.parametrize(
    "body",
    [
        CREATE.replace(b"2011/schema", b"2021/schema"),
        CREATE.replace(xml.MESSAGE.encode(), b"http://www.iec.ch/TC57/2008/schema/message"),
        CREATE.replace(xml.MESSAGE.encode(), b"http://www.iec.ch/TC57/2010/schema/message"),
        CREATE.replace(xml.MESSAGE.encode(), b"http://iec.ch/TC57/2008/schema/message"),
    ],
    ids=["2021", "www 2008", "www 2010", "2008"],
)
def test_other_editions_are_refused_by_everybody(body: bytes) -> None:
    for peers in (Peers(), Peers(usual=TOLERANT)):
        error = judged(body, peers)
        assert isinstance(error, MessageError)
        assert error.code == "1.9"


TRAPS: Final = {
    "an element without namespace in the payload": (CREATE.replace(b"<Payload>", b'<Payload><x xmlns=""/>'), "1.8"),
    "a payload without namespace": (CREATE.replace(b'<DERGroups xmlns="http://iec.ch/TC57/2017/DERGroups#">', b'<DERGroups xmlns="">'), "1.8"),
    "a payload beside Compressed": (CREATE.replace(b"</Payload>", b"<Compressed>x</Compressed></Payload>"), "1.8"),
    "a payload beside an ID": (CREATE.replace(b"<Payload>", b"<Payload><ID>x</ID>"), "1.8"),
    "a payload beside an OperationSet": (CREATE.replace(b"</Payload>", (xml.operation_set(xml.operation(1, REMOVE)) + "</Payload>").encode()), "1.8"),
    "an event with the verb of a request": (xml.generic("create", "DERGroups", payload=xml.der_groups(GROUP), root="EventMessage"), "2.9"),
    "a request with the verb of a reply": (xml.generic("reply", "DERGroups", payload=xml.der_groups(GROUP)), "2.9"),
    "elements out of order": (CREATE.replace(b"<Noun>DERGroups</Noun>", b"").replace(b"</Timestamp>", b"</Timestamp><Noun>DERGroups</Noun>"), "1.8"),
    "a flag in capitals": (CREATE.replace(b"<MessageID>", b"<AckRequired>True</AckRequired><MessageID>"), "1.8"),
    "two operations of one id": (execute(xml.operation(1, REMOVE) * 2), "1.8"),
    "a set without operations": (execute(""), "1.7"),
    "an id of an unknown kind": (xml.generic("delete", "DERGroups", payload='<ID kind="mrid">G-A</ID>'), "1.8"),
}  # fmt: skip
"""What a schema, or a reader of it, lets pass and nobody may act on."""


def test_a_payload_without_namespace_is_told_which_one_is_its_own() -> None:
    error = judged(TRAPS["a payload without namespace"][0], Peers())

    assert str(error) == "DERGroups is in no namespace: it is http://iec.ch/TC57/2017/DERGroups#"


@pytest.mark.parametrize(("body", "code"), TRAPS.values(), ids=TRAPS)
def test_what_could_be_read_in_two_ways_is_forgiven_nobody(body: bytes, code: str) -> None:
    for peers in (Peers(), Peers(usual=TOLERANT)):
        error = judged(body, peers)
        assert isinstance(error, MessageError), error
        assert error.code == code
