"""Jenkins, Notification plug-in, format JSON."""

from __future__ import annotations

from datetime import timedelta

from common.payloads import dig, required_text, text, time_at, web_address
from common.signing import Token
from incidents.webhooks.base import ChangeEvent, Event, Ignored, Incoming, Webhook

OUTCOMES = {"SUCCESS": "succeeded", "UNSTABLE": "succeeded", "FAILURE": "failed"}


class Jenkins(Webhook):
    """COMPLETED and FINALIZED of one build are one change: the build's number names it."""

    kind = "jenkins"
    title = "Jenkins (Notification plug-in)"
    brings = "changes"
    scheme = Token(in_url=True)

    def read(self, incoming: Incoming) -> list[Event]:
        data = incoming.json()
        job, number = required_text(data, "name", 200), required_text(data, "build.number", 20)
        phase = required_text(data, "build.phase").upper()
        if phase == "QUEUED":
            return [Ignored("The build has not started yet.")]
        status = text(data, "build.status").upper()
        if status in ("ABORTED", "NOT_BUILT"):
            return [Ignored("The build was aborted.")]
        at = time_at(data, "build.timestamp") or incoming.received_at
        took = dig(data, "build.duration", 0)
        ended = phase != "STARTED"
        known = isinstance(took, int | float) and 0 < took < 7 * 86_400_000
        return [
            ChangeEvent(
                title=f"{job} #{number}",
                job=job,
                service=text(data, "build.parameters.SERVICE", 100),
                version=(
                    text(data, "build.parameters.VERSION", 200)
                    or text(data, "build.scm.commit", 40)[:12]
                ),
                author=text(data, "build.scm.culprits.0", 200),
                outcome=OUTCOMES.get(status, "failed") if ended else "running",
                started_at=at - timedelta(milliseconds=took) if ended and known else at,
                finished_at=at if ended else None,
                external_id=f"{job}#{number}"[:200],
                url=web_address(data, "build.full_url"),
            )
        ]
