from analysis.evaluation import anomalies
from analysis.management.evaluating import EvaluateCommand


class Command(EvaluateCommand):
    help = "Find anomalies in every series below a folder."
    evaluate = staticmethod(anomalies)
    input_name = "DIR"
