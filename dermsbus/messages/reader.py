"""Received bytes to an `Envelope`, step by step, each step with the code it refuses with.

::

    hardened parse → sender → root and edition → repairs (tolerant) → outline → mandatory header fields
      → verb, noun, root agree → envelope schema → one payload branch → profile schema → binding

What is refused before the outline is a `MalformedMessage`; after it the message can be answered in its own terms. How
much a message is forgiven depends on who it says it is from; what is forgiven gives nobody more than a right message.

Source: read pipeline, archetype and verb matrix and error-code policy of the project's reference tables.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Final

from lxml import etree

from dermsbus.domain.behaviour import Tolerance
from dermsbus.errors import MalformedMessage, MessageError, SchemaViolation, UnsupportedMessage, Violation
from dermsbus.messages.content import ContentCodec
from dermsbus.messages.envelope import Archetype, Envelope, Outline, Refusal, Repair, Style, Verb
from dermsbus.messages.intake import Limits, read_tree
from dermsbus.messages.namespaces import move_namespace, namespaces_of_year
from dermsbus.messages.parts import PartReader, child
from dermsbus.messages.peers import Peers
from dermsbus.messages.repairs import WWW_NAMESPACE, Tree, mend, mend_namespace
from dermsbus.messages.roots import GENERIC_ROOTS, TYPED_ROOTS, RootForm, noun_of
from dermsbus.messages.schemas import Schemas
from dermsbus_profiles import (
    MESSAGE_NAMESPACE,
    MESSAGE_SCHEMA,
    YEAR,
    Variant,
    profiles,
    wrapper_namespace,
)

__all__ = ["EnvelopeReader", "ReaderSettings"]

_M: Final = f"{{{MESSAGE_NAMESPACE}}}"
_VERBS: Final = tuple(verb.value for verb in Verb)
_ANY_EDITION: Final = re.compile(r"http://(?:www\.)?iec\.ch/TC57/\d{4}/(?:\w+Message|schema/message)")
_LONGEST_ID_BYTES: Final = 255
_LONGEST_NOUN: Final = 64
_ARCHETYPE_VERBS: Final = {
    Archetype.REQUEST: frozenset(verb for verb in Verb if not verb.is_event and verb is not Verb.REPLY),
    Archetype.EVENT: frozenset(verb for verb in Verb if verb.is_event),
    Archetype.RESPONSE: frozenset({Verb.REPLY}),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class ReaderSettings:
    """How messages are read.

    Attributes:
        peers: how much each sender is forgiven.
        tolerance: of all senders alike, whatever is known of them; None for what *peers* says of each.
        zone: where times without zone are.
        year: the namespace year of payloads and wrappers, four digits.
        limits: how large a message may be.
    """

    peers: Peers = field(default_factory=Peers)
    tolerance: Tolerance | None = None
    zone: tzinfo = UTC
    year: int = YEAR
    limits: Limits = field(default_factory=Limits)


@dataclass(slots=True)
class _Reading:
    """One message on its way through the steps."""

    root: etree._Element
    form: RootForm
    namespace: str
    tolerant: bool
    repairs: tuple[Repair, ...] = ()
    archetype: Archetype = Archetype.REQUEST
    header: etree._Element | None = None

    def blank(self) -> Envelope:
        """The envelope with what is known before its parts are read."""
        return Envelope(
            archetype=self.archetype,
            style=self.form.style,
            root=self.form.local,
            namespace=self.namespace,
            repairs=self.repairs,
        )


class EnvelopeReader:
    """Reads messages of all peers, each as it is to be met."""

    def __init__(self, settings: ReaderSettings, schemas: Schemas, content: ContentCodec) -> None:
        self._settings = settings
        self._schemas = schemas
        self._year_namespaces = namespaces_of_year(settings.year)
        self._parts = {
            tolerance is Tolerance.TOLERANT: PartReader(
                content=content,
                limits=settings.limits,
                tolerance=tolerance,
                year_namespaces=self._year_namespaces,
            )
            for tolerance in Tolerance
        }
        self._profiles = profiles(settings.year)

    def read(self, body: bytes, *, is_text: bool = False) -> Envelope | Refusal:
        """The message in *body*, or why it is refused. Never raises for anything a sender can send."""
        reading: _Reading | None = None
        outline: Outline | None = None
        archetype: Archetype | None = None
        try:
            root = read_tree(body, self._settings.limits, is_text=is_text)
            archetype = _archetype_by_name(root)
            reading = self._open(root)
            archetype = reading.archetype
            if reading.archetype is not Archetype.FAULT:
                self._find_header(reading)
                outline = _outline(reading)
            return self._read_whole(reading)
        except MessageError as error:
            repairs = reading.repairs if reading else ()
            _forget_frames(error)
            return Refusal(error=error, outline=outline, archetype=archetype, repairs=repairs)

    def _read_whole(self, reading: _Reading) -> Envelope:
        parts = self._parts[reading.tolerant]
        if reading.archetype is Archetype.FAULT:
            self._mend(reading)
            self._check_envelope(reading, Variant.CONSTRAINED)
            return parts.fault(reading.root, reading.blank())
        header = reading.header
        assert header is not None
        _check_mandatory(header, reading)
        verb = self._check_agreement(header, reading)
        variant = _variant(reading, verb)
        if reading.archetype is not Archetype.RESPONSE:
            parts.check_items(reading.root)
        self._check_envelope(reading, variant)
        return parts.envelope(reading.root, reading.blank(), variant)

    def _open(self, root: etree._Element) -> _Reading:
        """Recognise the root and its edition; bring other spellings of the namespaces to the schemas' own."""
        name = etree.QName(root)
        namespace = name.namespace or ""
        tolerant = self._tolerance(root) is Tolerance.TOLERANT
        form = self._form(name.localname, namespace, tolerant=tolerant)
        repairs = mend_namespace(root) if tolerant else ()
        if form.style is Style.TYPED and namespace != (shipped := wrapper_namespace(form.wrapper, YEAR)):
            _refuse_mixture(root, namespace, shipped)
            move_namespace(root, namespace, shipped)
        for shipped, used in self._year_namespaces.items():
            move_namespace(root, used, shipped)
        if form.style is Style.TYPED and repairs:
            namespace = WWW_NAMESPACE
        reading = _Reading(root=root, form=form, namespace=namespace, tolerant=tolerant, repairs=repairs)
        reading.archetype = form.archetype or _archetype_of_message(root)
        return reading

    def _tolerance(self, root: etree._Element) -> Tolerance:
        return self._settings.tolerance or self._settings.peers.of(_source(root)).tolerance

    def _form(self, local: str, namespace: str, *, tolerant: bool) -> RootForm:
        message_namespaces = {MESSAGE_NAMESPACE, WWW_NAMESPACE} if tolerant else {MESSAGE_NAMESPACE}
        if namespace in message_namespaces and local in GENERIC_ROOTS:
            return GENERIC_ROOTS[local]
        form = TYPED_ROOTS.get(local)
        if form and namespace in self._wrapper_namespaces(form.wrapper, tolerant=tolerant):
            return form
        if local in GENERIC_ROOTS or form or _ANY_EDITION.fullmatch(namespace):
            details = (
                f"root {local[:64]} in namespace {namespace[:128]!r} is of an edition that is not read here; "
                f"expected {MESSAGE_NAMESPACE} or a typed message of {self._settings.year}"
            )
            raise MalformedMessage(Violation(rule="EDITION", details=details), code="1.9")
        details = f"root {local[:64]} in namespace {namespace[:128]!r} is no IEC 61968-100 message"
        raise MalformedMessage(Violation(rule="ROOT", details=details))

    def _wrapper_namespaces(self, wrapper: str, *, tolerant: bool) -> frozenset[str]:
        """The namespaces in which the wrapper's roots are read; EndDevice nouns in 2011, too, as others write."""
        own = wrapper_namespace(wrapper, self._settings.year)
        if not wrapper.startswith("EndDevice"):
            return frozenset({own})
        older = own.replace(f"/{self._settings.year}/", "/2011/")
        www = older.replace("http://iec.ch", "http://www.iec.ch")
        return frozenset({own, older, www} if tolerant else {own, older})

    def _find_header(self, reading: _Reading) -> None:
        root = reading.root
        header = child(root, "Header")
        if header is None or etree.QName(header).namespace != etree.QName(root).namespace:
            details = f"{reading.form.local} has no Header in its namespace"
            raise MalformedMessage(Violation(rule="HEADER", details=details, line=root.sourceline))
        reading.header = header
        if reading.tolerant and reading.form.style is Style.TYPED and reading.archetype is Archetype.RESPONSE:
            _generalise(root, reading.form)
        self._mend(reading)

    def _mend(self, reading: _Reading) -> None:
        is_answer = reading.archetype in {Archetype.RESPONSE, Archetype.FAULT}
        # what is refused for its size is not worth the time that mending it takes
        if reading.tolerant and (is_answer or not self._parts[True].has_too_many_items(reading.root)):
            tree = Tree(root=reading.root, form=reading.form, archetype=reading.archetype, header=reading.header)
            reading.repairs += mend(tree)

    def _check_agreement(self, header: etree._Element, reading: _Reading) -> Verb:
        """Verb, noun, root and archetype have to tell the same story."""
        if child(reading.root, "Request") is not None and child(reading.root, "Reply") is not None:
            raise _refusal("ARCHETYPE", "a Message holds both a Request and a Reply", reading.root, code="1.8")
        text, noun_text = _text(header, "Verb"), _text(header, "Noun")
        if text not in _VERBS:
            details = f"Header/Verb {text[:64]!r} is none of {', '.join(_VERBS)}"
            raise _refusal("VERB", details, header, code="1.8")
        verb = Verb(text)
        if verb not in _ARCHETYPE_VERBS[reading.archetype]:
            details = f"Verb {verb} does not go with a message of kind {reading.archetype}"
            raise _refusal("VERB-ARCHETYPE", details, header, code="2.9")
        form = reading.form
        if form.verb and verb is not form.verb:
            details = f"Verb {verb} does not go with root {form.local}, which means {form.verb}"
            raise _refusal("VERB-ROOT", details, header, code="2.9")
        noun = noun_of(noun_text)
        lenient = reading.tolerant and reading.archetype is Archetype.RESPONSE
        if noun is None and not lenient:
            raise _refusal("NOUN", f"Noun {noun_text[:64]!r} is not known", header, code="2.5")
        if form.noun and noun is not form.noun and not lenient:
            details = f"Noun {noun_text[:64]!r} does not go with root {form.local}, which means {form.noun}"
            raise _refusal("NOUN-ROOT", details, header, code="2.5")
        return verb

    def _check_envelope(self, reading: _Reading, variant: Variant) -> None:
        """Validate, then bring a typed message to the generic form, so that one reader serves both."""
        form = reading.form
        self._check_namespaces(reading.root)
        if etree.QName(reading.root).namespace == MESSAGE_NAMESPACE:
            self._schemas.check(reading.root, MESSAGE_SCHEMA)
            return
        self._schemas.check(reading.root, self._profiles[form.wrapper].wrapper_schema(variant))
        _take_out_of_wrapper(reading.root, form)

    def _check_namespaces(self, root: etree._Element) -> None:
        """A payload or query without namespace is the slip of a moment, and what the schema says of it is no help."""
        parts = (part for part in (child(root, "Payload"), child(root, "Request")) if part is not None)
        for element in (each for part in parts for each in part.iterchildren("{}*")):
            name = etree.QName(element)
            profile = self._profiles.get(name.localname)
            if profile is not None and profile.payload_namespace is not None:
                details = f"{name.localname} is in no namespace: it is {profile.payload_namespace}"
                raise _refusal("PAYLOAD-NAMESPACE", details, element, code="1.8")


def _refuse_mixture(root: etree._Element, namespace: str, shipped: str) -> None:
    """A message of one edition has no part of another one: moved together they would pass for one that was never sent.

    Raises:
        MalformedMessage: 1.9, *root* is in *namespace* and something below it in *shipped*.
    """
    stray = next(root.iter(f"{{{shipped}}}*"), None)
    if stray is not None:
        details = (
            f"the root is in namespace {namespace!r}, {etree.QName(stray).localname} in {shipped!r}: use one of them"
        )
        raise MalformedMessage(Violation(rule="EDITION", details=details, line=stray.sourceline), code="1.9")


def _forget_frames(error: BaseException | None) -> None:
    """Have *error* forget where it was raised: the frames hold the whole tree, as long as the error is remembered."""
    while error is not None:
        error.__traceback__ = None
        error = error.__cause__ or error.__context__


def _variant(reading: _Reading, verb: Verb) -> Variant:
    """Which variant of the profile the verb asks for; a tolerant reader asks less of reports."""
    whole = verb in {Verb.CREATE, Verb.GET}
    report = reading.archetype is Archetype.RESPONSE or verb is Verb.CREATED
    constrained = whole or (report and not reading.tolerant)
    return Variant.CONSTRAINED if constrained else Variant.UNCONSTRAINED


def _check_mandatory(header: etree._Element, reading: _Reading) -> None:
    for name in ("Verb", "Noun"):
        if not _text(header, name).strip():
            raise _refusal("HEADER-FIELD", f"Header/{name} is missing or empty", header, code="1.5")
    message_id = _text(header, "MessageID")
    if not message_id.strip() and reading.archetype is Archetype.REQUEST and not reading.tolerant:
        raise _refusal("MESSAGEID", "Header/MessageID is missing or empty", header, code="1.5")
    if len(_text(header, "Noun")) > _LONGEST_NOUN:
        raise _refusal("NOUN", f"Header/Noun is longer than {_LONGEST_NOUN} characters", header, code="2.5")
    for name in ("MessageID", "CorrelationID"):
        if not _is_identifier(_text(header, name)):
            details = f"Header/{name} is longer than {_LONGEST_ID_BYTES} bytes or holds control characters"
            raise _refusal("MESSAGEID", details, header, code="1.8")
    if not _is_identifier(_text(header, "Source").strip()):
        details = f"Header/Source is longer than {_LONGEST_ID_BYTES} bytes or holds control characters"
        raise _refusal("SOURCE", details, header, code="2.14")


def _refusal(rule: str, details: str, element: etree._Element, *, code: str) -> MessageError:
    violation = Violation(rule=rule, details=details, line=element.sourceline)
    kind = UnsupportedMessage if code.startswith("2.") else SchemaViolation
    return kind(violation, code=code)


def _text(header: etree._Element, name: str) -> str:
    element = header.find(f"{_M}{name}")
    return (element.text or "") if element is not None else ""


def _source(root: etree._Element) -> str | None:
    """``Header/Source`` of a message of which nothing is believed yet; None where it states none."""
    header = child(root, "Header")
    if header is None:
        return None
    spelled = (header.find(f"{{{namespace}}}Source") for namespace in (MESSAGE_NAMESPACE, WWW_NAMESPACE))
    return next((source.text for source in spelled if source is not None), None)


def _archetype_by_name(root: etree._Element) -> Archetype | None:
    """What the root's local name says, in whatever namespace; None where it is no root that is known."""
    local = etree.QName(root).localname
    form = GENERIC_ROOTS.get(local) or TYPED_ROOTS.get(local)
    return form.archetype if form else None


def _archetype_of_message(root: etree._Element) -> Archetype:
    """The kind of a generic Message, told by its content; one that is two kinds at once is refused as a request."""
    if child(root, "Request") is not None:
        return Archetype.REQUEST
    if child(root, "Reply") is not None:
        return Archetype.RESPONSE
    header = child(root, "Header")
    verb = _text(header, "Verb").strip().lower() if header is not None else ""
    if verb == Verb.REPLY:
        return Archetype.RESPONSE
    return Archetype.EVENT if verb in {past.value for past in Verb if past.is_event} else Archetype.REQUEST


def _is_identifier(text: str) -> bool:
    return len(text.encode()) <= _LONGEST_ID_BYTES and text.isprintable()


def _identifier(header: etree._Element, name: str) -> str | None:
    """What an answer may repeat of an id; None for one that is refused."""
    text = _text(header, name)
    return text if text.strip() and _is_identifier(text) else None


def _outline(reading: _Reading) -> Outline:
    header = reading.header
    assert header is not None
    noun = _text(header, "Noun").strip()[:_LONGEST_NOUN]
    if not noun and reading.form.noun:
        noun = reading.form.noun.value
    return Outline(
        archetype=reading.archetype,
        style=reading.form.style,
        root=reading.form.local,
        namespace=reading.namespace,
        verb=_text(header, "Verb") or None,
        noun=noun,
        message_id=_identifier(header, "MessageID"),
        correlation_id=_identifier(header, "CorrelationID"),
        source=_text(header, "Source") or None,
        ack_required=_text(header, "AckRequired").strip() in {"true", "1"},
    )


def _generalise(root: etree._Element, form: RootForm) -> None:
    """Give a typed message the tags of the generic one before it is validated as such; other namespaces stay."""
    move_namespace(root, etree.QName(root).namespace or "", MESSAGE_NAMESPACE)
    _rename_root(root, form)


def _take_out_of_wrapper(root: etree._Element, form: RootForm) -> None:
    """Give a valid typed message the tags of the generic one where its schema declares them.

    Whatever else is in the wrapper's namespace is an extension, of whose content no schema has seen anything, and stays
    one.
    """
    wrapper = f"{{{etree.QName(root).namespace}}}"
    with_own_children = {f"{wrapper}Payload"} | ({f"{wrapper}Request"} if form.wrapper.endswith("Queries") else set())
    for part in root:
        for element in (part, *part) if part.tag in with_own_children else (part,):
            if str(element.tag).startswith(wrapper):
                element.tag = f"{_M}{etree.QName(element).localname}"
    _rename_root(root, form)


def _rename_root(root: etree._Element, form: RootForm) -> None:
    kinds = {Archetype.REQUEST: "Request", Archetype.RESPONSE: "Response", Archetype.EVENT: "Event"}
    root.tag = f"{_M}{kinds.get(form.archetype or Archetype.REQUEST, 'Fault')}Message"
