from analysis.benchmarks.command import EvaluateCommand
from analysis.benchmarks.datasets import anomalies


class Command(EvaluateCommand):
    help = "Find anomalies in every series below a folder."
    evaluate = staticmethod(anomalies)
    input_name = "DIR"
