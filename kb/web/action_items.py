"""Pages of action items."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from common.language import in_language_of
from common.viewer import signed_in
from incidents.web.shortcuts import act_and_redirect, add_errors, form_page
from kb.models import ActionItem
from kb.permissions import EDIT_ACTIONS, WRITE_POSTMORTEMS, visible_actions
from kb.postmortems import action_items
from kb.tracking.issue_text import withheld_reason
from kb.web.forms import ActionForm, IssueForm
from kb.web.postmortems import get_postmortem
from people.permissions import requires


@requires(WRITE_POSTMORTEMS)
@require_POST
def action_add(request: HttpRequest, pk: int) -> HttpResponse:
    postmortem = get_postmortem(request, pk)
    form = ActionForm(request.POST, postmortem=postmortem)
    if not form.is_valid():
        with in_language_of(request):
            for name, problems in form.errors.items():
                messages.error(request, f"{name}: {' '.join(map(str, problems))}")
        return redirect(postmortem)
    data = form.cleaned_data
    return act_and_redirect(
        request, postmortem,
        lambda: action_items.add_action(postmortem, author=signed_in(request), **data),
        _("Action added."),
    )  # fmt: skip


@requires(EDIT_ACTIONS)
@require_http_methods(["GET", "POST"])
def action_form(request: HttpRequest, pk: int) -> HttpResponse:
    action = get_object_or_404(visible_actions(request.user), pk=pk)
    form = ActionForm(request.POST or None, instance=action, postmortem=action.postmortem)
    if request.method == "POST" and form.is_valid():
        action.refresh_from_db()
        try:
            action_items.edit_action(action, signed_in(request), **form.cleaned_data)
            return redirect(action.postmortem)
        except ValidationError as error:
            add_errors(form, error)
    # As it is stored, not as the form has changed it.
    rows = visible_actions(request.user).select_related("postmortem", "issue__tracker")
    stored = rows.get(pk=pk)
    return form_page(
        request, "kb/action_items/form.html", form, action=stored,
        issue_form=IssueForm(), withheld=withheld_reason(stored),
    )  # fmt: skip


@requires(EDIT_ACTIONS)
@require_POST
def action_state(request: HttpRequest, pk: int) -> HttpResponse:
    action = get_object_or_404(visible_actions(request.user), pk=pk)
    state = request.POST.get("state", "")
    return act_and_redirect(
        request, action.postmortem,
        lambda: action_items.edit_action(action, signed_in(request), state=state), _("Noted."),
    )  # fmt: skip


LISTS = {
    "open": pgettext_lazy("action items", "open"),
    "mine": pgettext_lazy("action items", "mine"),
    "overdue": pgettext_lazy("action items", "overdue"),
    "all": pgettext_lazy("action items", "all"),
}


@require_GET
def action_list(request: HttpRequest) -> HttpResponse:
    rows = visible_actions(request.user).select_related(
        "owner", "postmortem", "cause", "issue__tracker"
    )
    which = request.GET.get("which", "open")
    if which == "mine":
        rows = rows.filter(owner=signed_in(request), state=ActionItem.State.OPEN)
    elif which == "overdue":
        rows = rows.filter(state=ActionItem.State.OPEN, due_on__lt=timezone.now().date())
    elif which != "all":
        rows = rows.filter(state=ActionItem.State.OPEN)
    page = Paginator(rows, 50).get_page(request.GET.get("page"))
    context = {"page": page, "which": which, "choices": LISTS.items()}
    return render(request, "kb/action_items/list.html", context)
