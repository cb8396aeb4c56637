"""The DMS side: typed calls to a DERMS and subscriptions to its events.

::

    with DMSClient(transport, Codec(), responder="derms1", source="dms1") as client:
        client.events(print, noun="DERGroups")
        created = client.create_groups(group).raise_for_result()
"""

from dermsbus.client.answer import Answer, AnswerPart, AnswerTimedOut, Correlation, UnreadableAnswer
from dermsbus.client.calls import Counters
from dermsbus.client.dms import Direction, DMSClient, Traffic

__all__ = [
    "Answer",
    "AnswerPart",
    "AnswerTimedOut",
    "Correlation",
    "Counters",
    "DMSClient",
    "Direction",
    "Traffic",
    "UnreadableAnswer",
]
