from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from analysis.similarity.calibration import Judgement, calibrate
from analysis.suggestions.calibration_versions import replayed


class Command(BaseCommand):
    help = "Replay history in the order of time: hits, refusals, and confidence against outcome."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        answers = replayed()
        calibration = calibrate(answers)
        if options["json"]:
            judged = asdict(calibration.judged) if calibration else None
            self.stdout.write(json.dumps({"answers": len(answers), "judged": judged}))
        elif calibration is None:
            self.stdout.write(f"{len(answers)} incidents with a confirmed cause: too few to know.")
        else:
            self._write(calibration.judged)

    def _write(self, judged: Judgement) -> None:
        lines = [
            f"{judged.answers} incidents with a confirmed cause, replayed in the order of time."
        ]
        for most, hits in judged.hits.items():
            lines.append(f"cause among the first {most}: {hits} of {judged.known} known before")
        lines.append(f"refused: {judged.refused_new} of {judged.new} never seen before")
        lines.append(f"refused: {judged.refused_known} of {judged.known} known before")
        lines.append(
            f"refused: {judged.refused_made_new} of {judged.made_new} repeated "
            "as if their cause had never been seen"
        )
        for each in judged.bins:
            lines.append(
                f"stated {each.stated:.2f} (from {each.low} to {each.high}): "
                f"{each.right} of {each.total} right, {each.right / each.total:.2f}"
            )
        self.stdout.write("\n".join(lines))
