"""Page of the monthly review."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from common.language import in_english
from common.viewer import signed_in
from incidents.models import Service
from incidents.web.shortcuts import show_errors, submitted_key
from practice import monthly_review
from practice.models import Subscription


@require_http_methods(["GET", "POST"])
def review(request: HttpRequest, month: str = "") -> HttpResponse:
    """The monthly review; `as=md` gives Markdown."""
    key = submitted_key(request.POST.get("service") or request.GET.get("service", ""))
    services = Service.objects.all()
    service = get_object_or_404(services, pk=key) if key else None
    try:
        first = monthly_review.month_of(month) if month else monthly_review.last_month()
    except ValidationError as error:
        show_errors(request, error)
        return redirect("practice:monthly")
    if request.method == "POST":
        monthly_review.subscribe(signed_in(request), service, request.POST.get("wanted") == "yes")
        query = f"?service={service.pk}" if service else ""
        return redirect(f"{reverse('practice:month', args=[f'{first:%Y-%m}'])}{query}")
    if request.GET.get("as") == "md":
        with in_english():
            found = monthly_review.build_review(request.user, first, service)
            text = monthly_review.as_markdown(found)
        name = f"reliability-{first:%Y-%m}{f'-{service.pk}' if service else ''}.md"
        return HttpResponse(
            text,
            content_type="text/markdown; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )
    later = monthly_review.next_month(first)
    context = {
        "found": monthly_review.build_review(request.user, first, service),
        "services": services,
        "earlier": monthly_review.last_month(first),
        "later": later if later <= monthly_review.last_month() else None,
        "this_one": monthly_review.next_month(monthly_review.last_month()),
        "subscribed": Subscription.objects.filter(
            user=signed_in(request), service=service
        ).exists(),
    }
    return render(request, "practice/monthly/review.html", context)
