"""The DMS side: typed calls to a DERMS and subscriptions to its events.

::

    with DMSClient(transport, Codec(), responder="derms1", source="dms1") as client:
        client.events(print, noun="DERGroups")
        created = client.create_groups(group).raise_for_result()
        ordered = client.create_dispatches(order).raise_for_result()
        for page in client.pages(client.get_groups(limit=100)):
            print(page.groups)
"""

from dermsbus.client.answer import Answer, AnswerPart, AnswerTimedOut, Asked, Correlation, UnreadableAnswer
from dermsbus.client.calls import Counters
from dermsbus.client.dms import DMSClient
from dermsbus.client.requester import Direction, Requester, Traffic
from dermsbus.client.switching import Switching

__all__ = [
    "Answer",
    "AnswerPart",
    "AnswerTimedOut",
    "Asked",
    "Correlation",
    "Counters",
    "DMSClient",
    "Direction",
    "Requester",
    "Switching",
    "Traffic",
    "UnreadableAnswer",
]
