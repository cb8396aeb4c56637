"""What an operator can set: one frozen value, gathered from four places and refused by the name the operator used.

What comes first wins: command line, environment (``DERMSBUS_…``, tables with ``__``, as in
``DERMSBUS_BEHAVIOUR__TOLERANCE``), configuration file (TOML), default. The same settings serve the DERMS
(``dermsbus serve``) and the DMS commands (table ``dms``), so that one file describes both ends.

Source: defaults and destination naming of the project's reference tables; the keys are a house choice, ADR 7.
"""

from dermsbus.settings.loading import load
from dermsbus.settings.model import DevicesSettings, DmsSettings, PeerSettings, PushSettings, Settings
from dermsbus.settings.urls import BusScheme, BusUrl, HttpAddress, why_unreadable

__all__ = [
    "BusScheme",
    "BusUrl",
    "DevicesSettings",
    "DmsSettings",
    "HttpAddress",
    "PeerSettings",
    "PushSettings",
    "Settings",
    "load",
    "why_unreadable",
]
