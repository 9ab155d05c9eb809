"""Pages of postmortems."""

from __future__ import annotations

from difflib import unified_diff
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from common.language import in_english
from common.viewer import signed_in
from incidents.web.shortcuts import act_and_redirect, add_errors, form_page, submitted_key
from kb import privacy
from kb.exporters import registry
from kb.exporters.base import file_name
from kb.models import Comment, Postmortem, PostmortemReview, PublishTarget
from kb.permissions import (
    MAKE_RECORDS_PUBLIC,
    PUBLISH_POSTMORTEMS,
    REVIEW_POSTMORTEMS,
    WRITE_POSTMORTEMS,
    visible_postmortems,
)
from kb.postmortems import editing, images, picture_files
from kb.postmortems.blameless import hints_for
from kb.publishing.document import withheld_reason
from kb.web.forms import ActionForm, EditorForm, ReviewersForm, StartForm
from people import audit
from people.permissions import requires

MAX_PREVIEW = 200_000
"""Characters that the preview beside the editor renders."""


@require_GET
def postmortem_list(request: HttpRequest) -> HttpResponse:
    postmortems = visible_postmortems(request.user).defer("body", "search")
    state = request.GET.get("state", "")
    if state in Postmortem.State.values:
        postmortems = postmortems.filter(state=state)
    rows = postmortems.select_related("author").prefetch_related("incidents")
    page = Paginator(rows, 50).get_page(request.GET.get("page"))
    context = {"page": page, "state": state, "states": Postmortem.State.choices}
    return render(request, "kb/postmortems/list.html", context)


def get_postmortem(request: HttpRequest, pk: int) -> Postmortem:
    rows = visible_postmortems(request.user).select_related("author")
    return audit.record_reading(get_object_or_404(rows, pk=pk))


@require_GET
def postmortem_page(request: HttpRequest, pk: int) -> HttpResponse:
    postmortem = get_postmortem(request, pk)
    incidents = postmortem.incidents.prefetch_related("cause_links__cause").order_by("pk")
    return render(
        request,
        "kb/postmortems/detail.html",
        {
            "postmortem": postmortem,
            "incidents": incidents,
            "actions": postmortem.action_items.select_related("owner", "cause", "issue__tracker"),
            "action_form": ActionForm(postmortem=postmortem),
            "reviews": postmortem.reviews.select_related("reviewer"),
            "own_review": postmortem.reviews.filter(reviewer=signed_in(request)).first(),
            "reviewers_form": ReviewersForm(),
            "comments": postmortem.comments.select_related("author", "settled_by"),
            "hints": [] if postmortem.state == "published" else hints_for(postmortem.body),
            "exporters": registry().values(),
            "versions": postmortem.history.count(),
            "copies": postmortem.copies.select_related("target"),
            "targets": PublishTarget.objects.filter(enabled=True),
            "withheld": withheld_reason(postmortem),
        },
    )


@requires(WRITE_POSTMORTEMS)
@require_http_methods(["GET", "POST"])
def postmortem_start(request: HttpRequest) -> HttpResponse:
    initial = {"references": request.GET.get("incident", "")}
    form = StartForm(request.POST or None, initial=initial, user=request.user)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            postmortem = editing.start_postmortem(
                data["references"], signed_in(request), data["template"]
            )
            return redirect("kb:postmortem-edit", postmortem.pk)
        except ValidationError as error:
            add_errors(form, error)
    return form_page(request, "kb/postmortems/new.html", form)


@requires(WRITE_POSTMORTEMS)
@require_http_methods(["GET", "POST"])
def postmortem_edit(request: HttpRequest, pk: int) -> HttpResponse:
    postmortem = get_postmortem(request, pk)
    if request.method == "POST" and "discard" in request.POST:
        postmortem.drafts.filter(user=signed_in(request)).delete()
        return redirect("kb:postmortem-edit", pk)
    if request.method == "POST":
        return _save(request, postmortem)
    draft = postmortem.drafts.filter(user=signed_in(request)).first()
    source: Any = draft or postmortem
    initial = {
        "title": source.title,
        "body": source.body,
        "base_version": draft.base_version if draft else postmortem.version,
        "references": _references(postmortem),
    }
    form = EditorForm(initial=initial, user=request.user)
    context: dict[str, Any] = {
        "draft": draft,
        "behind": bool(draft and draft.base_version < postmortem.version),
    }
    return _editor(request, postmortem, form, **context)


def _references(postmortem: Postmortem) -> str:
    return ", ".join(row.reference for row in postmortem.incidents.order_by("pk"))


def _save(request: HttpRequest, postmortem: Postmortem) -> HttpResponse:
    form = EditorForm(request.POST, user=request.user)
    if not form.is_valid():
        return _editor(request, postmortem, form)
    data = form.cleaned_data
    try:
        saved = editing.save_postmortem(
            postmortem, signed_in(request), base_version=data["base_version"], title=data["title"],
            body=data["body"], incidents=data["references"],
        )  # fmt: skip
    except ValidationError as error:
        add_errors(form, error)
        return _editor(request, postmortem, form)
    except editing.EditConflict as conflict:
        current = conflict.current
        # The merged text is stored as a draft, so that leaving the page loses nothing.
        editing.save_draft(
            current, signed_in(request), current.version, data["title"], conflict.merged
        )
        merged = {
            "title": data["title"], "body": conflict.merged, "base_version": current.version,
            "references": request.POST.get("references", ""),
        }  # fmt: skip
        latest = current.history.order_by("-history_id").first()
        context = {
            "conflict": conflict,
            "who": latest and latest.history_user,
            "difference": _difference(data["body"], conflict.merged),
        }
        return _editor(
            request, current, EditorForm(initial=merged, user=request.user), 409, **context
        )
    messages.success(request, "Saved.")
    return redirect(saved)


def _editor(
    request: HttpRequest, postmortem: Postmortem, form: Any, status: int = 0, **context: Any
) -> HttpResponse:
    status = status or (422 if form.errors else 200)
    body = form["body"].value() or ""
    context = {
        "form": form, "postmortem": postmortem, "preview": body[:MAX_PREVIEW],
        "hints": hints_for(body), **context,
    }  # fmt: skip
    return render(request, "kb/postmortems/edit.html", context, status=status)


@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    text = request.POST.get("body", "").replace("\x00", "")
    context = {"text": text[:MAX_PREVIEW], "cut": len(text) > MAX_PREVIEW, "hints": hints_for(text)}
    return render(request, "kb/postmortems/_preview.html", context)


@requires(WRITE_POSTMORTEMS)
@require_POST
def draft_save(request: HttpRequest, pk: int) -> HttpResponse:
    """Stores what is being typed, every few seconds; reports if somebody else saved since."""
    postmortem = get_postmortem(request, pk)
    base = submitted_key(request.POST.get("base_version", ""))
    if not 0 < base < 2**31:
        return JsonResponse({"error": "base_version is missing."}, status=400)
    try:
        editing.save_draft(
            postmortem, signed_in(request), base, request.POST.get("title", ""),
            request.POST.get("body", ""),
        )  # fmt: skip
    except ValidationError as error:
        return JsonResponse({"error": " ".join(error.messages)}, status=422)
    at = timezone.now().isoformat()
    return JsonResponse({"saved_at": at, "behind": base < postmortem.version})


@requires(WRITE_POSTMORTEMS)
@require_POST
def picture_add(request: HttpRequest, pk: int) -> HttpResponse:
    postmortem = get_postmortem(request, pk)
    file = request.FILES.get("picture")
    if file is None:
        return JsonResponse({"error": "Send the picture as “picture”."}, status=400)
    try:
        body = file.read(picture_files.MAX_BYTES + 1)
        image = editing.store_image(postmortem, body, signed_in(request))
    except ValidationError as error:
        return JsonResponse({"error": " ".join(error.messages)}, status=422)
    return JsonResponse({"path": image.get_absolute_url()}, status=201)


@require_GET
def picture(request: HttpRequest, pk: int) -> HttpResponse:
    image = images.find_image(request.path, request.user)
    if image is None:
        raise Http404("No such picture.")
    response = HttpResponse(image.body, content_type=image.content_type)
    return response


@requires(WRITE_POSTMORTEMS, "POST")
@require_GET
def versions(request: HttpRequest, pk: int) -> HttpResponse:
    """Every saved version, and what changed between one and the one before it."""
    postmortem = get_postmortem(request, pk)
    rows = (
        postmortem.history.select_related("history_user")
        .order_by("-version", "-history_id")
        .only("version", "state", "title", "history_date", "history_user", "history_type")
    )
    page = Paginator(rows, 50).get_page(request.GET.get("page"))
    version = submitted_key(request.GET.get("version", "")[:9])
    context: dict[str, Any] = {"postmortem": postmortem, "page": page}
    if version:
        after = postmortem.history.filter(version=version).order_by("history_id").last()
        before = postmortem.history.filter(version=version - 1).order_by("history_id").last()
        if after is None:
            raise Http404("No such version.")
        context |= {
            "version": after,
            "difference": _difference(before.body if before else "", after.body),
        }
    return render(request, "kb/postmortems/versions.html", context)


def _difference(before: str, after: str) -> list[tuple[str, str]]:
    """Lines of a unified difference with their CSS class; at most 2,000."""
    kinds = {"+": "added", "-": "removed", "@": "place", " ": "same"}
    lines = unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=2)
    return [
        (kinds.get(line[0], "same"), line)
        for _, line in zip(range(2002), lines, strict=False)
        if not line.startswith(("---", "+++"))
    ]


@require_GET
@in_english()
def export(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    postmortem = get_postmortem(request, pk)
    plugin = registry().get(kind)
    if plugin is None:
        raise Http404("No such format.")
    response = HttpResponse(
        plugin().export(postmortem, request.user), content_type=plugin.content_type
    )
    name = f"{file_name(postmortem)}.{plugin.extension}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


@requires(PUBLISH_POSTMORTEMS)
@require_POST
def publish(request: HttpRequest, pk: int) -> HttpResponse:
    postmortem = get_postmortem(request, pk)
    if "back" in request.POST:
        return act_and_redirect(
            request, postmortem, lambda: editing.return_to_draft(postmortem), "Back to draft."
        )
    return act_and_redirect(
        request, postmortem, lambda: editing.publish(postmortem),
        "Published. Suggestions use it from now on.",
    )  # fmt: skip


@requires(MAKE_RECORDS_PUBLIC)
@require_POST
def postmortem_open(request: HttpRequest, pk: int) -> HttpResponse:
    postmortem = get_postmortem(request, pk)
    return act_and_redirect(
        request, postmortem, lambda: privacy.open_postmortem(postmortem, signed_in(request)),
        "Everybody sees it.",
    )  # fmt: skip


@requires(WRITE_POSTMORTEMS)
@require_POST
def review_request(request: HttpRequest, pk: int) -> HttpResponse:
    postmortem = get_postmortem(request, pk)
    form = ReviewersForm(request.POST)
    chosen = form.cleaned_data["reviewers"] if form.is_valid() else []
    return act_and_redirect(
        request, postmortem, lambda: editing.request_review(postmortem, chosen, signed_in(request)),
        "Review requested.",
    )  # fmt: skip


@requires(REVIEW_POSTMORTEMS)
@require_POST
def review_answer(request: HttpRequest, pk: int) -> HttpResponse:
    postmortem = get_postmortem(request, pk)
    review = get_object_or_404(PostmortemReview, postmortem=postmortem, reviewer=signed_in(request))
    state = request.POST.get("state", "")
    return act_and_redirect(
        request, postmortem, lambda: editing.answer_review(review, state), "Review saved."
    )


@requires(REVIEW_POSTMORTEMS)
@require_POST
def comment(request: HttpRequest, pk: int) -> HttpResponse:
    postmortem = get_postmortem(request, pk)
    text, passage = request.POST.get("text", ""), request.POST.get("passage", "")
    return act_and_redirect(
        request, postmortem,
        lambda: editing.comment_on(postmortem, text, signed_in(request), passage), "Comment added.",
    )  # fmt: skip


@requires(REVIEW_POSTMORTEMS)
@require_POST
def comment_settle(request: HttpRequest, pk: int, comment: int) -> HttpResponse:
    postmortem = get_postmortem(request, pk)
    row = get_object_or_404(Comment, postmortem=postmortem, pk=comment)
    return act_and_redirect(
        request, postmortem, lambda: editing.toggle_resolved(row, signed_in(request)), "Noted."
    )
