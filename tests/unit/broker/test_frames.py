from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dermsbus.broker.frames import Frame, FrameError, FrameLimits, FrameParser, Version, encode

# A busy machine may be slow to draw and to run an example: that says nothing about the parser.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

LIMITS = FrameLimits(max_body_bytes=1000, max_header_bytes=500, max_headers=10)


def parse(*chunks: bytes, version: Version = Version.V1_2, limits: FrameLimits = LIMITS) -> list[Frame]:
    parser = FrameParser(limits)
    parser.version = version
    return [frame for chunk in chunks for frame in parser.feed(chunk)]


def cut(data: bytes, places: Iterable[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


# A NUL in a header is refused, and before 1.2 there is no escape for a carriage return.
texts = {
    Version.V1_1: st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=20),
    Version.V1_2: st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20),
}


@st.composite
def frames(draw: st.DrawFn, version: Version) -> Frame:
    body = draw(st.binary(max_size=50))
    headers = draw(
        st.dictionaries(texts[version].filter(lambda name: name not in {"", "content-length"}), texts[version])
    )
    return Frame(
        command=draw(st.sampled_from(["SEND", "MESSAGE"])),
        headers={**headers, "content-length": str(len(body))},
        body=body,
    )


@pytest.mark.parametrize("version", [Version.V1_1, Version.V1_2])
@unhurried
@given(data=st.data())
def test_any_frames_cut_anywhere_come_back_as_they_were_encoded(version: Version, data: st.DataObject) -> None:
    sent = data.draw(st.lists(frames(version), max_size=4))
    beats = data.draw(st.lists(st.sampled_from([b"", b"\n", b"\r\n\n"]), min_size=len(sent), max_size=len(sent)))
    stream = b"".join(beat + encode(frame, version) for beat, frame in zip(beats, sent, strict=True))
    chunks = cut(stream, data.draw(st.lists(st.integers(min_value=0), max_size=10)))

    assert parse(*chunks, version=version, limits=FrameLimits()) == sent


@unhurried
@given(stream=st.binary(max_size=300), places=st.lists(st.integers(min_value=0), max_size=5))
def test_whatever_bytes_arrive_the_parser_gives_frames_or_a_frame_error(stream: bytes, places: list[int]) -> None:
    def outcome(chunks: list[bytes]) -> list[Frame | str]:
        parser = FrameParser(LIMITS)
        seen: list[Frame | str] = []
        try:
            for chunk in chunks:
                seen.extend(parser.feed(chunk))
        except FrameError as error:
            seen.append(error.summary)
        return seen

    assert outcome(cut(stream, places)) == outcome([stream])


def test_a_frame_fed_byte_by_byte_is_complete_with_its_nul() -> None:
    stream = b"SEND\ndestination:/queue/a\n\nhello\0"
    parser = FrameParser(LIMITS)
    early = [frame for index in range(len(stream) - 1) for frame in parser.feed(stream[index : index + 1])]

    assert early == []
    assert [frame.body for frame in parser.feed(b"\0")] == [b"hello"]


def test_lines_may_end_with_carriage_return_and_line_feed() -> None:
    (frame,) = parse(b"SEND\r\ndestination:/queue/a\r\n\r\nhello\0")

    assert frame == Frame(command="SEND", headers={"destination": "/queue/a"}, body=b"hello")


def test_of_a_repeated_header_the_first_value_holds() -> None:
    (frame,) = parse(b"SEND\nfoo:first\nfoo:second\n\n\0")

    assert frame.headers == {"foo": "first"}


def test_a_body_with_nul_is_whole_when_its_length_is_given() -> None:
    (frame,) = parse(b"SEND\ncontent-length:3\n\na\0b\0")

    assert frame.body == b"a\0b"


def test_the_escapes_of_each_version_are_undone() -> None:
    stream = rb"SEND" + b"\n" + rb"k\cey:a\nb\\c" + b"\n\n\0"

    assert parse(stream, version=Version.V1_2)[0].headers == {"k:ey": "a\nb\\c"}
    assert parse(stream, version=Version.V1_1)[0].headers == {"k:ey": "a\nb\\c"}
    assert parse(stream, version=Version.V1_0)[0].headers == {"k\\cey": "a\\nb\\\\c"}


def test_a_connect_frame_is_never_unescaped() -> None:
    (frame,) = parse(rb"CONNECT" + b"\n" + rb"passcode:a\nb " + b"\n\n\0", version=Version.V1_2)

    assert frame.headers == {"passcode": "a\\nb "}


@pytest.mark.parametrize("version", [Version.V1_1, Version.V1_2])
def test_an_undefined_escape_is_refused(version: Version) -> None:
    with pytest.raises(FrameError, match="escape"):
        parse(rb"SEND" + b"\n" + rb"a:\t" + b"\n\n\0", version=version)


def test_stomp_1_0_trims_blanks_around_headers_and_later_versions_keep_them() -> None:
    stream = b"SEND\nfoo : bar \n\n\0"

    assert parse(stream, version=Version.V1_0)[0].headers == {"foo": "bar"}
    assert parse(stream, version=Version.V1_2)[0].headers == {"foo ": " bar "}


def test_the_version_may_change_between_two_frames_of_one_chunk() -> None:
    parser = FrameParser(LIMITS)
    seen = []
    for frame in parser.feed(b"CONNECT\na:1\n\n\0" + rb"SEND" + b"\n" + rb"a:x\cy" + b"\n\n\0"):
        seen.append(frame.headers["a"])
        parser.version = Version.V1_2

    assert seen == ["1", "x:y"]


@pytest.mark.parametrize(
    ("stream", "complaint"),
    [
        (b"SEND\nno-colon\n\n\0", "NAME:VALUE"),
        (b"SEND\n:no name\n\n\0", "NAME:VALUE"),
        (b"SEND\ndestination:/queue/a\0", "blank line"),
        (b"SEND\0\n\n", "blank line"),
        (b"SEND\na:\xff\n\n\0", "UTF-8"),
        (b"SEND\ncontent-length:12x\n\n\0", "content-length"),
        (b"SEND\ncontent-length:-1\n\n\0", "content-length"),
        (b"SEND\ncontent-length:2\n\nabc\0", "no NUL after the 2 bytes"),
        (b"SEND\n" + b"a:b\n" * 11 + b"\n\0", "more than 10 headers"),
        (b"SEND\na:" + b"x" * 500 + b"\n\n\0", "larger than 500 bytes"),
        (b"SEND\na:" + b"x" * 500, "larger than 500 bytes"),
        (b"SEND\n\n" + b"x" * 1001, "more than the 1000 bytes"),
        (b"SEND\n\n" + b"x" * 1001 + b"\0", "more than the 1000 bytes"),
        (b"SEND\ncontent-length:1001\n\n", "more than the 1000 bytes"),
        (b"SEND\ncontent-length:" + b"9" * 400 + b"\n\n", "more than the 1000 bytes"),
    ],
)
def test_what_is_no_frame_or_too_large_is_refused_as_soon_as_it_shows(stream: bytes, complaint: str) -> None:
    with pytest.raises(FrameError, match=complaint):
        parse(stream)


def test_the_largest_frame_allowed_passes() -> None:
    (with_length, without) = parse(
        b"SEND\ncontent-length:1000\n\n" + b"x" * 1000 + b"\0" + b"SEND\n\n" + b"y" * 1000 + b"\0"
    )

    assert (len(with_length.body), len(without.body)) == (1000, 1000)


def test_a_line_feed_in_a_header_cannot_start_another_header_for_a_1_0_peer() -> None:
    data = encode(Frame(command="MESSAGE", headers={"a": "b\nreply-to:/queue/evil"}), Version.V1_0)

    assert b"\nreply-to" not in data
    assert parse(data, version=Version.V1_0)[0].headers["a"] == "b reply-to:/queue/evil"
