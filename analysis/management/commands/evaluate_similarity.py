from analysis.evaluation import similarity
from analysis.management.evaluating import EvaluateCommand


class Command(EvaluateCommand):
    help = "Rank the documents of a set for each of its queries."
    evaluate = staticmethod(similarity)
    input_name = "SET_DIR"
