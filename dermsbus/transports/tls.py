"""TLS towards a broker: always verified, the same for every transport."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from dermsbus.errors import SettingsError

__all__ = ["TlsSettings", "client_context"]


@dataclass(frozen=True, kw_only=True, slots=True)
class TlsSettings:
    """How to know the broker, and how to be known by it.

    There is no switch to turn verification off. The server's name is always checked against the host connected to.

    Attributes:
        ca_file: PEM file with the authorities to trust; None = those of the operating system.
        cert_file: PEM file with our certificate chain; None = we show none.
        key_file: PEM file with its key; None = it is in *cert_file*.
    """

    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None


def client_context(tls: TlsSettings) -> ssl.SSLContext:
    """A context that verifies chain and host name, TLS 1.2 or later.

    Raises:
        SettingsError: a file is missing or is not what it should be.

    Source: TLS rows of the project's reference tables; strict X.509 checks as Python 3.13 has them by default.
    """
    try:
        context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=tls.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError("tls.ca_file", f"cannot use {tls.ca_file}: {error}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
    if tls.cert_file is not None:
        try:
            context.load_cert_chain(tls.cert_file, tls.key_file)
        except (OSError, ssl.SSLError) as error:
            raise SettingsError(
                "tls.cert_file", f"cannot use {tls.cert_file} with key {tls.key_file or tls.cert_file}: {error}"
            ) from error
    elif tls.key_file is not None:
        raise SettingsError("tls.key_file", "a key without tls.cert_file is of no use: name the certificate too")
    return context
