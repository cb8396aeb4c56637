"""Bytes to `Envelope` and back: the one door between the wire and the rest of dermsbus."""

from __future__ import annotations

from collections.abc import Sequence

from dermsbus.messages.content import ContentCodec
from dermsbus.messages.envelope import Content, DERNamePlate, Envelope, Refusal, WrittenObjects
from dermsbus.messages.name_plates import CategorySpelling
from dermsbus.messages.reader import EnvelopeReader, ReaderSettings
from dermsbus.messages.schemas import Schemas
from dermsbus.messages.writer import EnvelopeWriter

__all__ = ["Codec", "ReaderSettings"]


class Codec:
    """Reads and writes whole messages. Not for several threads at once.

    Args:
        settings: how messages are read; None for the defaults.
        categories: how the categories of name plates are written.
    """

    def __init__(
        self, settings: ReaderSettings | None = None, *, categories: CategorySpelling = CategorySpelling.PLAIN
    ) -> None:
        settings = settings or ReaderSettings()
        self._schemas = schemas = Schemas()
        content = ContentCodec(schemas=schemas, zone=settings.zone, categories=categories)
        self._reader = EnvelopeReader(settings, schemas, content)
        self._writer = EnvelopeWriter(content, settings.year)
        self._content = content

    def prepare(self) -> None:
        """Load what the first message of each kind would load, so that it can fail at the start only."""
        self._schemas.load()

    def decode(self, body: bytes, *, is_text: bool = False) -> Envelope | Refusal:
        """The message in *body*, or why it is refused; nothing a sender can send makes it raise.

        Args:
            body: as received.
            is_text: the broker delivered text, already decoded and here encoded as UTF-8.
        """
        return self._reader.read(body, is_text=is_text)

    def encode(self, envelope: Envelope, *, compress_above_bytes: int = 0) -> bytes:
        """The message as UTF-8 XML, valid against its schema if the values in it are.

        Args:
            envelope: what to write.
            compress_above_bytes: a profile element of more bytes than this goes out as ``Payload/Compressed``, where
                the message's schema has room for that; 0 for never.

        Raises:
            ValueError: it has parts that its root cannot carry.
        """
        return self._writer.write(envelope, compress_above_bytes)

    def write_objects(self, content: Content) -> WrittenObjects:
        """The objects of a payload, written once however many messages they go out in.

        Raises:
            ValueError: one of them cannot be written.
        """
        return self._content.write_objects(content)

    def write_name_plates(self, plates: Sequence[DERNamePlate]) -> WrittenObjects:
        """One or more name plates, written each for itself."""
        return self._content.write_each_name_plate(plates)
