from analysis.benchmarks.command import EvaluateCommand
from analysis.benchmarks.datasets import similarity


class Command(EvaluateCommand):
    help = "Rank the documents of a set for each of its queries."
    evaluate = staticmethod(similarity)
    input_name = "SET_DIR"
