from analysis.evaluation import templates
from analysis.management.evaluating import EvaluateCommand


class Command(EvaluateCommand):
    help = "Give each log line its template."
    evaluate = staticmethod(templates)
    input_name = "FILE"
