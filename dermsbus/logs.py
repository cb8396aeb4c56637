"""The log: structured events on standard error, pretty for a person or one JSON object a line for a machine.

What our libraries log themselves goes through the same processors. Message bodies are never logged, and what looks like
a secret is blotted out whoever logged it.

Source: "secrets" row of the project's reference tables; formats: house choice, ADR 8.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Final, Literal

import structlog

__all__ = ["conceal_secrets", "configure", "configure_for_library"]

_SECRET_NAME: Final = re.compile(r"passw|passcode|secret|token|credential|authorization|private_?key", re.IGNORECASE)
_USERINFO: Final = re.compile(r"([a-z][a-z0-9+.-]*://[^/\s:@]*):\S*@", re.IGNORECASE)
_CONCEALED: Final = "***"


def configure(
    level: Literal["debug", "info", "warning", "error"] = "info",
    log_format: Literal["auto", "pretty", "json"] = "auto",
) -> None:
    """Set up the log of this process, anew at each call.

    Args:
        level: the least severity that is written. Other libraries are never more talkative than ``warning``, since some
            log whole frames.
        log_format: ``auto`` is pretty if standard error is a terminal, else JSON.
    """
    pretty = log_format == "pretty" or (log_format == "auto" and sys.stderr.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    # Plain tracebacks: the rich ones show local variables, and so message bodies and passwords.
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)
        if pretty
        else structlog.processors.JSONRenderer(default=str)
    )
    last: list[structlog.typing.Processor] = [structlog.processors.format_exc_info, conceal_secrets, renderer]
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    _adopt_standard_library(shared, last, max(logging.getLevelNamesMapping()[level.upper()], logging.WARNING))


def configure_for_library() -> None:
    """Let warnings alone be heard, on standard error, in a program that has not set up structlog itself.

    Standard output belongs to that program; its own logging is left as it is.
    """
    if structlog.is_configured():
        return
    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            conceal_secrets,
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger("warning"),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def conceal_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:  # noqa: ANN401 structlog's signature
    """Replace values whose name speaks of a secret, and the password in any URL, by ``***``."""
    for name, value in event.items():
        if _SECRET_NAME.search(name):
            event[name] = _CONCEALED
        elif isinstance(value, str):
            event[name] = _USERINFO.sub(rf"\1:{_CONCEALED}@", value)
    return event


def _adopt_standard_library(
    shared: list[structlog.typing.Processor], last: list[structlog.typing.Processor], level: int
) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # pika writes several errors for each attempt to connect; the state of the link says it once.
    logging.getLogger("pika").setLevel(logging.CRITICAL)
