"""Accounts in Django's administration, where it is on: the last administrator stays there too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from people.membership import LastAdministrator, an_administrator_remains

admin.site.unregister(User)


@admin.register(User)
class AccountAdmin(UserAdmin):
    def changeform_view(self, request: HttpRequest, *args: Any, **options: Any) -> Any:
        return _guarded(request, super().changeform_view, *args, **options)

    def changelist_view(self, request: HttpRequest, *args: Any, **options: Any) -> Any:
        return _guarded(request, super().changelist_view, *args, **options)

    def delete_view(self, request: HttpRequest, *args: Any, **options: Any) -> Any:
        return _guarded(request, super().delete_view, *args, **options)


def _guarded(
    request: HttpRequest, view: Callable[..., HttpResponse], *args: Any, **options: Any
) -> HttpResponse:
    if request.method != "POST":
        return view(request, *args, **options)
    try:
        # Around the view and its transaction, with which an entry of the audit log would go.
        with an_administrator_remains():
            return view(request, *args, **options)
    except LastAdministrator as error:
        # What the view says that it did has not happened.
        list(messages.get_messages(request))
        messages.error(request, " ".join(error.messages))
        return HttpResponseRedirect(request.get_full_path())
