"""The health check for load balancers and containers."""

from django.contrib.auth.decorators import login_not_required
from django.db import OperationalError, connection
from django.http import HttpRequest, HttpResponse

from config.version import VERSION


@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    """200 with the version if the database answers, else 503. Without Redis, work only waits."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except OperationalError:
        return HttpResponse("the database does not answer\n", "text/plain", status=503)
    return HttpResponse(f"ok {VERSION}\n", "text/plain")
