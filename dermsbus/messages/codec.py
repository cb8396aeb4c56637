"""Bytes to `Envelope` and back: the one door between the wire and the rest of dermsbus."""

from __future__ import annotations

from dermsbus.messages.content import ContentCodec
from dermsbus.messages.envelope import Envelope, Refusal
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

    def encode(self, envelope: Envelope) -> bytes:
        """The message as UTF-8 XML, valid against its schema if the values in it are.

        Raises:
            ValueError: it has parts that its root cannot carry.
        """
        return self._writer.write(envelope)
