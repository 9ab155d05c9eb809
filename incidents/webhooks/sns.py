"""Amazon CloudWatch alarms through SNS."""

from __future__ import annotations

import json

from common.payloads import BadPayload, dig, required_text, text, time_at
from common.signing import Token
from incidents.webhooks.base import AlertEvent, Event, Ignored, Incoming, Webhook


class CloudWatchSns(Webhook):
    """SNS cannot send a header with the secret, so it is in the URL.

    Confirming a subscription means opening an address that the payload names. We never do that:
    the delivery shows it, and a person opens it.
    """

    kind = "sns"
    title = "Amazon CloudWatch (SNS)"
    scheme = Token(in_url=True)
    id_header = "x-amz-sns-message-id"

    def read(self, incoming: Incoming) -> list[Event]:
        data = incoming.json()
        if required_text(data, "Type") == "SubscriptionConfirmation":
            address = text(data, "SubscribeURL", 1000)
            return [Ignored(f"Confirm the subscription: open {address} if you asked for it.")]
        try:
            alarm = json.loads(required_text(data, "Message", 100_000))
        except (ValueError, RecursionError) as error:
            raise BadPayload("“Message” is not the JSON of a CloudWatch alarm.") from error
        state = required_text(alarm, "NewStateValue")
        if state not in ("ALARM", "OK"):
            return [Ignored(f"The alarm went to {state}.")]
        found = dig(alarm, "Trigger.Dimensions", [])
        dimensions = {
            text(row, "name", 100): text(row, "value", 500)
            for row in (found if isinstance(found, list) else [])
        }
        firing = state == "ALARM"
        at = time_at(alarm, "StateChangeTime")
        return [
            AlertEvent(
                fingerprint=text(alarm, "AlarmArn", 200) or required_text(alarm, "AlarmName", 200),
                name=required_text(alarm, "AlarmName", 200),
                firing=firing,
                ends_at=None if firing else at,
                summary=text(alarm, "NewStateReason", 500),
                service=text(alarm, "AlarmDescription", 100),
                labels={key: value for key, value in dimensions.items() if key and value},
            )
        ]
