"""What the fuzzer found once, as small as it is still worth reading; each of these was read otherwise, or not at all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dermsbus.messages.codec import Codec
from dermsbus.messages.envelope import Envelope, Refusal
from tests.fuzz.derms import recording_faults
from tests.fuzz.seeds import seeds
from tests.fuzz.shots import Shot
from tests.fuzz.targets import Serving

TYPED = "built/CreateDERGroups"
GENERIC = "built/whole-header"


@pytest.fixture(scope="module")
def codec() -> Codec:
    return Codec()


@pytest.fixture
def serving() -> Iterator[Serving]:
    with recording_faults() as faults:
        yield Serving(faults=faults)


def changed(name: str, old: bytes, new: bytes) -> bytes:
    """A seed with the first *old* replaced by *new*; it has to be there."""
    body = next(seed.body for seed in seeds() if seed.name == name)
    assert old in body
    return body.replace(old, new, 1)


def in_header(element: bytes) -> bytes:
    """A typed create with *element*, of the wrapper's namespace, as an extension of its header."""
    return changed(TYPED, b"</w:Header>", element + b"</w:Header>")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(
            changed(TYPED, b"<w:Payload>", b'<w:Request><w:ID kind="bogus">1</w:ID></w:Request><w:Payload>'), id="ID"
        ),
        pytest.param(in_header(b"<w:ReplayDetection/>"), id="ReplayDetection"),
    ],
)
def test_an_extension_that_is_named_like_a_field_and_that_no_schema_has_seen_is_not_read_as_one(
    codec: Codec, serving: Serving, body: bytes
) -> None:
    message = codec.decode(body)

    assert isinstance(message, Envelope), message
    verdict = serving.take(Shot(body=body))
    assert (verdict.word, verdict.findings) == ("accepted", ())


def test_nobody_gets_another_name_by_an_extension_of_the_header(codec: Codec) -> None:
    without = in_header(b"<w:Source>dms9</w:Source>").replace(b"<Source>dms1</Source>", b"")

    message = codec.decode(without)

    assert isinstance(message, Envelope), message
    assert message.header is not None
    assert (message.header.source, message.outline.source) == (None, None)


@pytest.mark.parametrize(
    "broken",
    [
        b"<x:operationId>one</x:operationId>",
        b"<x:Error><m:code>0.0</m:code><m:level>BAD</m:level></x:Error>",
        b"<x:ID kind='bogus'/>",
    ],
)
def test_a_reply_with_an_extension_that_is_named_like_its_fields_is_read_without_it(
    codec: Codec, broken: bytes
) -> None:
    namespace = b"http://iec.ch/TC57/2017/DERGroupsMessage"
    body = (
        b'<x:DERGroupsResponseMessage xmlns:x="%s" xmlns:m="http://iec.ch/TC57/2011/schema/message">'
        b"<x:Header><m:Verb>reply</m:Verb><m:Noun>DERGroups</m:Noun></x:Header>"
        b"<x:Reply><m:Result>OK</m:Result>%s</x:Reply></x:DERGroupsResponseMessage>"
    ) % (namespace, broken)

    message = codec.decode(body)

    assert isinstance(message, Envelope), message
    assert message.reply is not None
    assert (message.reply.errors, message.reply.ids, message.reply.operation_id) == ((), (), None)


@pytest.mark.parametrize(
    "declaration",
    [
        b'<?xml version="1.0" encoding3"UTF-8"?>',
        b'<?xml version="1.0" encoding="UTFing="UTFing="UTF-8"?>',
        b'<?xml version="1.0" encoding="U\x14F-8"?>',
        b'<?xml version="1.0" standalone="maybe"?>',
    ],
)
@pytest.mark.parametrize("is_text", [False, True], ids=["bytes", "text"])
def test_an_xml_declaration_that_other_readers_refuse_is_refused(
    codec: Codec, declaration: bytes, *, is_text: bool
) -> None:
    body = next(seed.body for seed in seeds() if seed.name == TYPED)

    refused = codec.decode(declaration + body, is_text=is_text)

    assert isinstance(refused, Refusal)
    assert refused.error.code == "1.8"


def test_a_message_of_two_editions_is_of_none(codec: Codec) -> None:
    older = b"http://iec.ch/TC57/2011/EndDeviceControlsMessage"
    name = "built/CreateEndDeviceControls"
    body = changed(name, b"<w:CreateEndDeviceControls ", b'<o:CreateEndDeviceControls xmlns:o="%s" ' % older)

    refused = codec.decode(body.replace(b"</w:CreateEndDeviceControls>", b"</o:CreateEndDeviceControls>"))

    assert isinstance(refused, Refusal)
    assert (refused.error.code, refused.error.rule) == ("1.9", "EDITION")


def test_a_field_behind_an_extension_is_refused_as_the_schema_has_it(codec: Codec) -> None:
    body = changed(GENERIC, b"<Comment>a note</Comment>", b'<x:Comment xmlns:x="urn:x">a note</x:Comment>')

    refused = codec.decode(body)

    assert isinstance(refused, Refusal)
    assert (refused.error.code, refused.error.rule) == ("1.8", "XSD")
    assert "Property comes after extension" in str(refused.error)


def test_a_text_with_a_nul_is_put_aside_in_a_way_that_every_broker_takes(serving: Serving) -> None:
    done = serving.take(Shot(body=b"<EventMessage>\0</EventMessage>", is_text=True))

    assert (done.word, done.findings) == ("1.8 NUL", ())
