from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from analysis.benchmarks.command import write_lines
from analysis.benchmarks.worlds import suggestions
from analysis.similarity.calibration import Judgement, calibrate
from analysis.suggestions.calibration_versions import simulated


class Command(BaseCommand):
    help = (
        "Suggest causes for the questions of a set; without one, put this installation's own past "
        "incidents as new ones: hits, refusals, and confidence against outcome."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("input", type=Path, nargs="?", metavar="SET_DIR")
        parser.add_argument("--out", type=Path, metavar="RUN.jsonl")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["input"] is None:
            self._judge_own_history(options["json"])
            return
        if options["out"] is None:
            raise CommandError("Say where to write with --out RUN.jsonl.")
        if not options["input"].is_dir():
            raise CommandError(f"There is no folder {options['input']}.")
        count = write_lines(options["out"], suggestions(options["input"]))
        self.stdout.write(f"{count} lines written to {options['out']}.")

    def _judge_own_history(self, as_json: bool) -> None:
        answers = simulated()
        calibration = calibrate(answers)
        count = sum(answer.original and bool(answer.causes) for answer in answers)
        if as_json:
            judged = asdict(calibration.judged) if calibration else None
            self.stdout.write(json.dumps({"answers": count, "judged": judged}))
        elif calibration is None:
            self.stdout.write(f"{count} incidents with a confirmed cause: too few to know.")
        else:
            self._write(calibration.judged)

    def _write(self, judged: Judgement) -> None:
        lines = [f"{judged.answers} incidents with a confirmed cause, each put as if it were new."]
        for most, hits in judged.hits.items():
            lines.append(f"cause among the first {most}: {hits} of {judged.answers}")
        lines.append(f"refused: {judged.refused_known} of {judged.answers} whose cause is known")
        lines.append(f"refused: {judged.refused_new} of {judged.new} as if it had never been seen")
        lines.append(
            f"refused: {judged.refused_vague} of {judged.vague} questions of a few common words"
        )
        for each in judged.bins:
            lines.append(
                f"stated {each.stated:.2f} (from {each.low} to {each.high}): "
                f"{each.right} of {each.total} right, {each.right / each.total:.2f}"
            )
        self.stdout.write("\n".join(lines))
