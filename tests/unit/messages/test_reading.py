"""What is read, what is refused, and with which code: the steps of the reader, one rule at a time."""

from __future__ import annotations

import base64
import gzip
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from dermsbus.domain.behaviour import Tolerance
from dermsbus.domain.model import EndDeviceGroup
from dermsbus.errors import IDKind
from dermsbus.messages.codec import Codec, ReaderSettings
from dermsbus.messages.envelope import Archetype, DERGroups, Envelope, Refusal, Style, Verb
from dermsbus.messages.intake import Limits
from tests import builders as xml

GROUP = xml.group(mrid="G-A", name="GA", functions=["connectDisconnect"], members=["DEV-1", "DEV-2"], version="1.0.0")
CREATE = xml.generic("create", "DERGroups", payload=xml.der_groups(GROUP))


def read(body: bytes, **settings: object) -> Envelope:
    message = Codec(ReaderSettings(**settings)).decode(body)  # type: ignore[arg-type]
    assert isinstance(message, Envelope), message
    return message


def refused(body: bytes, *, is_text: bool = False, **settings: object) -> Refusal:
    refusal = Codec(ReaderSettings(**settings)).decode(body, is_text=is_text)  # type: ignore[arg-type]
    assert isinstance(refusal, Refusal), refusal
    return refusal


def groups_of(message: Envelope) -> tuple[EndDeviceGroup, ...]:
    assert message.payload is not None
    assert isinstance(message.payload.content, DERGroups)
    return message.payload.content.groups


def test_a_generic_create_is_read_with_all_that_it_states() -> None:
    message = read(CREATE)

    (group,) = groups_of(message)
    assert message.archetype is Archetype.REQUEST
    assert message.style is Style.GENERIC
    assert message.header is not None
    assert (message.header.verb, message.header.noun, message.header.source) == (Verb.CREATE, "DERGroups", "dms1")
    assert message.header.timestamp is not None
    assert message.header.timestamp.at == datetime(2024, 5, 1, 8, tzinfo=UTC)
    assert group.mrid == "G-A"
    assert [device.mrid for device in group.end_devices] == ["DEV-1", "DEV-2"]
    assert group.der_function is not None
    assert group.der_function.connect_disconnect
    assert not group.der_function.voltage_regulation
    assert group.version is not None
    assert (group.version.major, group.version.minor, group.version.revision) == (1, 0, 0)


def test_a_typed_create_says_the_same_as_a_generic_one() -> None:
    typed = xml.typed("CreateDERGroups", "DERGroups", "create", "DERGroups", payload=xml.der_groups(GROUP))

    message = read(typed)

    assert message.style is Style.TYPED
    assert message.payload == read(CREATE).payload
    assert message.header == read(CREATE).header


@pytest.mark.parametrize(
    ("body", "code", "rule"),
    [
        (b"", "1.8", "EMPTY"),
        (b"  \n", "1.8", "EMPTY"),
        (b"abcd", "1.8", "SYNTAX"),
        (CREATE[:-1], "1.8", "SYNTAX"),
        (CREATE + CREATE[39:], "1.8", "SYNTAX"),
        (b" " + CREATE, "1.8", "SYNTAX"),
        (b'<Foo xmlns="urn:x"/>', "1.8", "ROOT"),
        (b"<Envelope xmlns='http://schemas.xmlsoap.org/soap/envelope/'/>", "1.8", "ROOT"),
        (b'<!DOCTYPE a [<!ENTITY x "y">]>' + CREATE[39:], "7.7", "DTD"),
        (b'<?xml version="1.0"?>\n<!-- a --><!DOCTYPE a>' + CREATE[39:], "7.7", "DTD"),
        (CREATE.replace(b'"1.0"', b'"1.1"'), "1.8", "XMLVERSION"),
        (b"<a>" * 10_000, "7.7", "DEPTH"),
        (xml.generic("create", "DERGroups", payload="<a>" * 40 + "</a>" * 40), "7.7", "DEPTH"),
        (CREATE.replace(b"GA", b"x" * 70_000), "7.7", "TEXT"),
        (CREATE.replace(b"<mRID>", b'<mRID a="%s">' % (b"x" * 5_000)), "7.7", "ATTRLEN"),
        (CREATE.replace(b"<Payload>", b"<Payload %s>" % b" ".join(b'a%d=""' % i for i in range(40))), "7.7", "ATTRS"),
        (CREATE.replace(b"<Payload>", b"<Payload %s>" % b" ".join(b'xmlns:a%d="u"' % i for i in range(300))), "7.7", "NAMESPACES"),
        (CREATE.replace(b"2011/schema", b"2021/schema"), "1.9", "EDITION"),
        (CREATE.replace(b"//iec.ch/TC57/2011/schema", b"//www.iec.ch/TC57/2011/schema"), "1.9", "EDITION"),
        (CREATE.replace(b"http://iec.ch/TC57/2011/schema/message", b"urn:something"), "1.9", "EDITION"),
        (CREATE.replace(b"G-A", b"G\0A"), "1.8", "NUL"),
        (CREATE.replace(b"G-A", b"G\xffA"), "1.8", "ENCODING"),
        (CREATE.replace(b"UTF-8", b"UTF-7"), "1.8", "ENCODING"),
        (CREATE.replace(b"UTF-8", b"UTF-16"), "1.8", "ENCODING"),
        (CREATE.decode().encode("utf-32"), "1.8", "ENCODING"),
        (CREATE.replace(b"G-A", b"G<?x y?>A"), "1.8", "PI"),
        (CREATE.replace(b"G-A", b"G<!-- -->A"), "1.8", "COMMENT"),
        (CREATE.replace(b"<mRID>G-A", b'<mRID xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true">'), "1.8", "XSI"),
        (f'<RequestMessage xmlns="{xml.MESSAGE}"/>'.encode(), "1.8", "HEADER"),
    ],
)  # fmt: skip
def test_what_has_no_readable_header_is_refused_without_believing_anything(body: bytes, code: str, rule: str) -> None:
    refusal = refused(body)

    assert (refusal.error.code, refusal.error.rule) == (code, rule)
    assert refusal.outline is None


def test_a_message_over_the_size_limit_is_refused_unread() -> None:
    refusal = refused(CREATE, limits=Limits(message_bytes=100))

    assert (refusal.error.code, refusal.error.rule) == ("7.7", "SIZE")


@pytest.mark.parametrize(
    ("body", "code", "rule"),
    [
        (xml.generic("create", "", payload=xml.der_groups(GROUP)), "1.5", "HEADER-FIELD"),
        (CREATE.replace(b"<Noun>DERGroups</Noun>", b""), "1.5", "HEADER-FIELD"),
        (CREATE.replace(b"<Verb>create</Verb>", b""), "1.5", "HEADER-FIELD"),
        (xml.generic("create", "DERGroups", payload=xml.der_groups(GROUP), message_id=None), "1.5", "MESSAGEID"),
        (xml.generic("create", "DERGroups", payload=xml.der_groups(GROUP), message_id="x" * 256), "1.8", "MESSAGEID"),
        (xml.generic("create", "DERGroups", payload=xml.der_groups(GROUP), message_id="a\u202eb"), "1.8", "MESSAGEID"),
        (xml.generic("CREATE", "DERGroups", payload=xml.der_groups(GROUP)), "1.8", "VERB"),
        (xml.generic("update", "DERGroups", payload=xml.der_groups(GROUP)), "1.8", "VERB"),
        (xml.generic("cancelled", "DERGroups", payload=xml.der_groups(GROUP), root="EventMessage"), "1.8", "VERB"),
        (xml.generic("created", "DERGroups", payload=xml.der_groups(GROUP)), "2.9", "VERB-ARCHETYPE"),
        (xml.generic("reply", "DERGroups", payload=xml.der_groups(GROUP)), "2.9", "VERB-ARCHETYPE"),
        (xml.generic("create", "DERGroups", payload=xml.der_groups(GROUP), root="EventMessage"), "2.9", "VERB-ARCHETYPE"),
        (xml.typed("CreateDERGroups", "DERGroups", "delete", "DERGroups", payload=xml.der_groups(GROUP)), "2.9", "VERB-ROOT"),
        (xml.typed("CreateDERGroups", "DERGroups", "create", "EndDeviceEvents", payload=xml.der_groups(GROUP)), "2.5", "NOUN-ROOT"),
        (xml.generic("create", "Frobnicators", payload=xml.der_groups(GROUP)), "2.5", "NOUN"),
        (xml.generic("create", "DERGroups"), "1.7", "EMPTY-PAYLOAD"),
        (xml.generic("create", "DERGroups", payload=""), "1.7", "EMPTY-PAYLOAD"),
        (xml.generic("create", "DERGroups", payload='<ID kind="uuid">G-A</ID>'), "1.7", "EMPTY-PAYLOAD"),
        (xml.generic("execute", "OperationSet", payload=xml.operation_set()), "1.7", "EMPTY-PAYLOAD"),
        (xml.generic("get", "DERGroups"), "1.6", "EMPTY-REQUEST"),
        (xml.generic("get", "DERGroups", request=""), "1.6", "EMPTY-REQUEST"),
        (CREATE.replace(b"<Noun>DERGroups</Noun>", b"<Source>x</Source><Noun>DERGroups</Noun>"), "1.8", "XSD"),
        (CREATE.replace(b"<Payload>", b"<Payload><x xmlns=''/>"), "1.8", "XSD"),
        (xml.generic("create", "DERGroups", payload=xml.der_groups(xml.group(mrid="G-A"))), "1.8", "XSD"),
        (xml.generic("create", "DERGroups", payload='<DERGroups xmlns="urn:x"/>'), "1.8", "NOUN-MISMATCH"),
        (xml.generic("create", "DERGroups", payload=xml.der_groups(GROUP).replace("DERGroups", "DERGroupDispatches")), "1.8", "NOUN-MISMATCH"),
        (xml.generic("create", "DERGroups", payload=xml.der_groups(GROUP) + "<Compressed>x</Compressed>"), "1.8", "PAYLOAD-COUNT"),
        (xml.generic("create", "DERGroups", payload=xml.der_groups(GROUP) + '<x xmlns="urn:x"/>'), "1.8", "PAYLOAD-COUNT"),
        (xml.generic("create", "DERGroups", payload=xml.operation_set(xml.operation(1, xml.der_groups(GROUP)))), "2.9", "VERB-NOUN"),
        (xml.generic("execute", "OperationSet", payload=xml.operation_set(*[xml.operation(1, xml.der_groups(GROUP))] * 2)), "1.8", "DUP-OPID"),
        (xml.generic("delete", "DERGroups", payload='<ID kind="mrid">G-A</ID>'), "1.8", "XSD"),
        (CREATE.replace(b"<major>1<", b"<major>9223372036854775808<"), "1.8", "INTRANGE"),
        (CREATE.replace(b"<major>1<", b"<major>" + b"9" * 5_000 + b"<"), "1.8", "BIND"),
        (CREATE.replace(b"<date>2024", b"<date>-0044"), "1.8", "TIME-RANGE"),
        (CREATE.replace(b"<date>2024", b"<date>12026"), "1.8", "TIME-RANGE"),
    ],
)  # fmt: skip
def test_what_has_a_readable_header_is_refused_in_its_senders_terms(body: bytes, code: str, rule: str) -> None:
    refusal = refused(body)

    assert (refusal.error.code, refusal.error.rule) == (code, rule)
    assert refusal.outline is not None


def test_a_refusal_names_the_line_and_what_was_expected() -> None:
    body = CREATE.replace(b"<EndDevices>", b"\n<EndDevices>", 1).replace(b"DEV-1</mRID>", b"DEV-1</mRID><colour/>")

    error = refused(body).error

    assert error.line == 3
    assert "colour" in str(error)
    assert "Names" in str(error)


def test_no_more_than_64_characters_of_a_value_are_told_again() -> None:
    body = CREATE.replace(b"<connectDisconnect>true", b"<connectDisconnect>" + b"x" * 1000)

    assert "x" * 65 not in str(refused(body).error)


@pytest.mark.parametrize(
    "body",
    [
        CREATE.replace(b"<EndDevices>", b"<!-- the members --><EndDevices>", 1),
        CREATE.replace(b"<Payload>", b'<Payload xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:schemaLocation="a b">'),
        CREATE.replace(b"<description>", b"<description/>"),
        b"\xef\xbb\xbf" + CREATE,
        CREATE.decode().replace("UTF-8", "UTF-16").encode("utf-16"),
        CREATE.replace(b"UTF-8", b"ISO-8859-1"),
        CREATE.replace(b"G-A", b"<![CDATA[G-A]]>"),
        CREATE.replace(b"G-A", b"not a uuid at all"),
        CREATE.replace(b"08:00:00Z</date>", b"08:00:00.1234567Z</date>"),
        CREATE.replace(b"08:00:00Z</date>", b"24:00:00Z</date>"),
        CREATE.replace(b"<date>2024-05-01T08:00:00Z</date>", b"<date>  2024-05-01T08:00:00Z\n</date>"),
        CREATE.replace(b"<Timestamp>2024-05-01T08:00:00Z</Timestamp>", b"<Timestamp> 2024-05-01T08:00:00Z </Timestamp>"),
        CREATE.replace(b"<Noun>DERGroups</Noun>", b"<Noun>DERGroups</Noun><!-- <!DOCTYPE x> -->"),
    ],
)  # fmt: skip
def test_what_real_peers_send_is_read(body: bytes) -> None:
    assert groups_of(read(body))[0].end_devices == groups_of(read(CREATE))[0].end_devices


def test_text_decoded_by_the_broker_is_read_whatever_its_declaration_says() -> None:
    body = CREATE.decode().replace("UTF-8", "ISO-8859-1").replace("GA", "Gä").encode()

    message = Codec().decode(body, is_text=True)

    assert isinstance(message, Envelope)
    assert groups_of(message)[0].names[0].name == "Gä"


def test_text_of_a_jms_sender_is_read_though_its_broker_writes_surrogates() -> None:
    body = CREATE.decode().replace("GA", "G\U0001f50b").encode("utf-16").decode("utf-16")
    surrogates = body.replace("\U0001f50b", "\ud83d\udd0b").encode("utf-8", "surrogatepass")

    message = Codec().decode(surrogates, is_text=True)

    assert isinstance(message, Envelope)
    assert groups_of(message)[0].names[0].name == "G\U0001f50b"
    assert refused(surrogates).error.rule == "ENCODING"
    assert refused(surrogates.replace(b"\xed\xb4\x8b", b""), is_text=True).error.rule == "ENCODING"


def test_a_time_without_zone_is_taken_in_the_configured_one_and_said_so() -> None:
    body = CREATE.replace(b"08:00:00Z</date>", b"08:00:00</date>")

    (group,) = groups_of(read(body, zone=ZoneInfo("Europe/Berlin")))

    assert group.version is not None
    assert group.version.date is not None
    assert group.version.date.at == datetime(2024, 5, 1, 6, tzinfo=UTC)
    assert group.version.date.zone_assumed


def test_a_change_or_delete_needs_no_function_and_no_more_than_a_name() -> None:
    named = xml.der_groups(xml.group(name="GA"))

    for verb in ("change", "delete"):
        assert groups_of(read(xml.generic(verb, "DERGroups", payload=named)))[0].names[0].name == "GA"
        typed = xml.typed(f"{verb.capitalize()}DERGroups", "DERGroups", verb, "DERGroups", payload=named)
        assert groups_of(read(typed))[0].names[0].name == "GA"


def test_ids_in_a_payload_are_read_with_their_kind() -> None:
    message = read(xml.generic("delete", "DERGroups", payload='<ID kind="uuid">G-A</ID><ID kind="name">GB</ID>'))

    assert message.payload is not None
    assert [(each.value, each.kind) for each in message.payload.ids] == [("G-A", IDKind.UUID), ("GB", IDKind.NAME)]


def test_a_foreign_element_beside_the_query_is_left_alone() -> None:
    request = xml.der_group_queries(xml.group(name="GA")) + '<note xmlns="urn:tool">left by a tool</note>'

    assert read(xml.generic("get", "DERGroups", request=request)).request is not None


def test_an_extension_in_the_header_is_kept() -> None:
    body = CREATE.replace(b"</Header>", b'<x xmlns="urn:x">1</x></Header>')

    message = read(body)

    assert message.header is not None
    assert message.header.extensions == (b'<x xmlns="urn:x">1</x>',)


# -- compressed payloads -------------------------------------------------------------------------------------------


def compressed(content: bytes, form: str = "XML") -> bytes:
    text = base64.encodebytes(content).decode()
    return xml.generic("create", "DERGroups", payload=f"<Compressed>{text}</Compressed><Format>{form}</Format>")


def test_a_compressed_payload_is_the_same_as_a_plain_one() -> None:
    message = read(compressed(gzip.compress(xml.der_groups(GROUP).encode())))

    assert message.payload == read(CREATE).payload


@pytest.mark.parametrize(
    ("body", "code", "rule"),
    [
        (compressed(b"not gzip"), "1.8", "GZIP"),
        (compressed(gzip.compress(b"<a/>")[:-4]), "1.8", "GZIP"),
        (compressed(gzip.compress(b"<a/>") * 2), "1.8", "GZIP"),
        (compressed(gzip.compress(b"\0" * 50_000_000)), "7.7", "INFLATE-LIMIT"),
        (compressed(gzip.compress(b"<!DOCTYPE a><a/>")), "7.7", "DTD"),
        (compressed(gzip.compress(xml.der_groups(GROUP).encode()), "BINARY"), "1.8", "FORMAT"),
        (xml.generic("create", "DERGroups", payload="<Compressed>*</Compressed>"), "1.8", "BASE64"),
    ],
)
def test_a_broken_or_monstrous_compressed_payload_is_refused(body: bytes, code: str, rule: str) -> None:
    refusal = refused(body)

    assert (refusal.error.code, refusal.error.rule) == (code, rule)
    assert refusal.outline is not None


# -- tolerance -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "repair"),
    [
        (xml.generic("CREATE", "DERGroups", payload=xml.der_groups(GROUP)), "verb-spelling"),
        (xml.generic(" create ", "DERGroups", payload=xml.der_groups(GROUP)), "verb-spelling"),
        (CREATE.replace(b"//iec.ch/TC57/2011", b"//www.iec.ch/TC57/2011"), "www-namespace"),
        (xml.generic("get", "DERGroupQueries", request=xml.der_group_queries(xml.group(name="GA"))), "noun-spelling"),
        (
            xml.generic(
                "execute",
                "OperationSet",
                payload=xml.operation_set(xml.operation(1, xml.der_groups(xml.group(name="GA")), verb="DERGroups", noun="delete")),
            ),
            "operation-noun-verb-swapped",
        ),
    ],
)  # fmt: skip
def test_a_known_deviation_is_refused_by_a_strict_reader_and_mended_by_a_tolerant_one(body: bytes, repair: str) -> None:
    message = read(body, tolerance=Tolerance.TOLERANT)

    assert [each.name for each in message.repairs] == [repair]
    strict = Codec().decode(body)
    assert isinstance(strict, Refusal) or not strict.repairs


def test_a_tolerant_reader_takes_a_reply_with_the_verb_and_noun_of_its_request() -> None:
    body = (
        f'<ResponseMessage xmlns="{xml.MESSAGE}"><Header><Verb>create</Verb></Header>'
        "<Reply><Result>FAILED</Result><Error><level>CATASTROPHIC</level></Error></Reply></ResponseMessage>"
    ).encode()

    message = read(body, tolerance=Tolerance.TOLERANT)

    assert {each.name for each in message.repairs} == {"reply-verb", "missing-reply-noun", "missing-error-code"}
    assert message.reply is not None
    assert message.reply.errors[0].code == "5.3"
    assert isinstance(Codec().decode(body), Refusal)


def test_a_tolerant_reader_takes_an_acknowledgement_under_another_nouns_root() -> None:
    body = (
        f'<w:DERGroupsResponseMessage xmlns:w="{xml.wrapper_namespace("DERGroups")}" xmlns="{xml.MESSAGE}">'
        "<w:Header><Verb>reply</Verb><Noun>DERGroupStatuses</Noun></w:Header>"
        "<w:Reply><Result>OK</Result></w:Reply></w:DERGroupsResponseMessage>"
    ).encode()

    assert read(body, tolerance=Tolerance.TOLERANT).reply is not None
    assert refused(body).error.code == "2.5"


def test_another_namespace_year_is_read_where_it_is_configured_and_only_there() -> None:
    wrapper = xml.typed("CreateDERGroups", "DERGroups", "create", "DERGroups", payload=xml.der_groups(GROUP))
    body = wrapper.replace(b"TC57/2017", b"TC57/2020")

    assert read(body, year=2020).payload == read(CREATE).payload
    assert refused(body).error.code == "1.9"
    assert refused(wrapper, year=2020).error.code == "1.9"


def test_a_message_that_is_request_and_response_at_once_is_refused() -> None:
    body = (
        f'<Message xmlns="{xml.MESSAGE}"><Header>{xml.header("create", "DERGroups")}</Header><Request/>'
        "<Reply><Result>OK</Result></Reply></Message>"
    ).encode()

    assert refused(body).error.code == "1.8"


def test_a_response_that_says_nothing_is_refused() -> None:
    body = xml.generic("reply", "DERGroups", payload=xml.der_groups(GROUP)).replace(b"RequestMessage", b"Message")

    refusal = refused(body)

    assert (refusal.error.code, refusal.error.rule) == ("1.8", "REPLY")
    assert refusal.archetype is Archetype.RESPONSE


def test_a_fault_is_read_though_it_has_no_header() -> None:
    body = (
        f'<FaultMessage xmlns="{xml.MESSAGE}"><Reply><Result>FAILED</Result><Error><code>1.8</code></Error></Reply>'
        "</FaultMessage>"
    ).encode()

    message = read(body)

    assert message.archetype is Archetype.FAULT
    assert message.reply is not None
    assert message.reply.errors[0].code == "1.8"
