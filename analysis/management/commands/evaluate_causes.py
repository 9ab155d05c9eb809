from analysis.benchmarks.command import EvaluateCommand
from analysis.benchmarks.datasets import causes


class Command(EvaluateCommand):
    help = "Rank services as origins of the faults of recorded cases."
    evaluate = staticmethod(causes)
    input_name = "CASES_DIR"
