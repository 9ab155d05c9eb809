"""The library's OpenID Connect views, which let errors of the provider's address through."""

from __future__ import annotations

from allauth.socialaccount.providers.openid_connect import views
from django.utils.translation import gettext_lazy as _
from requests import RequestException

from accounts.web.single_sign_on import explaining

SENTENCE = _("The identity provider does not answer, or not as it should.")
login = explaining(views.login, (RequestException, KeyError), SENTENCE)
callback = views.callback
