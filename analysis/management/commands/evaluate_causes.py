from analysis.evaluation import causes
from analysis.management.evaluating import EvaluateCommand


class Command(EvaluateCommand):
    help = "Rank services as origins of the faults of recorded cases."
    evaluate = staticmethod(causes)
    input_name = "CASES_DIR"
