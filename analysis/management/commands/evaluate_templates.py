from analysis.benchmarks.command import EvaluateCommand
from analysis.benchmarks.datasets import templates


class Command(EvaluateCommand):
    help = "Give each log line its template."
    evaluate = staticmethod(templates)
    input_name = "FILE"
