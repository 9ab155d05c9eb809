"""The base of all HTTP sources: one client with deadlines and size limits, one set of settings."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar
from urllib.parse import urlsplit

import httpx
from django import forms
from django.utils.translation import gettext_lazy as _

from analysis.sources.base import SourceError, SourceForm, SourcePlugin
from common import json_text
from common.outbound_addresses import AddressRefused, http_client

MAX_BYTES = 20 * 1024 * 1024


class HttpForm(SourceForm):
    """Settings of every HTTP source; a subclass adds its own."""

    url = forms.URLField(
        label=_("Address"),
        assume_scheme="http",
        help_text=_("Such as http://prometheus:9090"),
    )
    username = forms.CharField(
        label=_("Username"), required=False, help_text=_("For basic authentication.")
    )
    password = forms.CharField(
        label=_("Password"),
        required=False,
        widget=forms.PasswordInput(render_value=False),
        strip=False,
    )
    token = forms.CharField(
        label=_("Token"),
        required=False,
        widget=forms.PasswordInput(render_value=False),
        help_text=_("Sent as “Authorization: Bearer …”."),
    )
    header_name = forms.RegexField(
        r"^[A-Za-z0-9-]+$",
        label=_("Header name"),
        required=False,
        help_text=_("An extra header, such as X-Scope-OrgID for a tenant."),
    )
    header_value = forms.CharField(
        label=_("Header value"),
        required=False,
        widget=forms.PasswordInput(render_value=False),
        strip=False,
    )
    ca_certificate = forms.CharField(
        label=_("CA certificate"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("PEM text of a private certificate authority."),
    )

    secret_fields = ("password", "token", "header_value")

    def clean_url(self) -> str:
        url = self.cleaned_data["url"].rstrip("/")
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https"):
            raise forms.ValidationError(_("Use an http:// or https:// address."))
        if parts.username or parts.password:
            raise forms.ValidationError(_("Put user name and password into their own fields."))
        return url

    def clean_ca_certificate(self) -> str:
        pem = self.cleaned_data["ca_certificate"].strip()
        if pem:
            try:
                ssl.create_default_context(cadata=pem)
            except (ssl.SSLError, TypeError, ValueError) as error:
                raise forms.ValidationError(_("This is not a PEM certificate.")) from error
        return pem


class HttpClient:
    """Queries one configured address. A redirect is refused: it could lead into the own network.

    What the server wrote is only ever `detail` of an error, never part of its message: the message
    is shown to everybody who may see the incident.
    """

    def __init__(self, settings: dict[str, Any]) -> None:
        self.base = settings["url"].rstrip("/")
        self.settings = settings

    def get_json(self, path: str, params: Any = None, *, deadline: float) -> Any:
        return self._json(self._request("GET", path, deadline, params=params))

    def get_documents(self, path: str, params: Any = None, *, deadline: float) -> list[Any]:
        """Like `get_json`, for servers that stream one JSON document after the other."""
        text = self._request("GET", path, deadline, params=params).decode("utf-8", "replace")
        decoder, documents, at = json.JSONDecoder(), [], 0
        try:
            while at < len(text):
                if text[at].isspace():
                    at += 1
                    continue
                document, at = decoder.raw_decode(text, at)
                documents.append(document)
        except (ValueError, RecursionError) as error:
            raise self._no_json() from error
        if not documents:
            raise self._no_json()
        return documents

    def post_json(self, path: str, body: Any, *, deadline: float, params: Any = None) -> Any:
        return self._json(self._request("POST", path, deadline, params=params, json=body))

    def _json(self, body: bytes) -> Any:
        try:
            return json_text.loads(body)
        except (ValueError, RecursionError) as error:
            raise self._no_json() from error

    def _no_json(self) -> SourceError:
        host = urlsplit(self.base).netloc
        return SourceError("garbage", f"{host} did not answer with JSON. Is the address right?")

    def _client(self, deadline: float) -> httpx.Client:
        settings = self.settings
        headers = {"Accept": "application/json", "User-Agent": "causebook"}
        auth = None
        if settings.get("token"):
            headers["Authorization"] = f"Bearer {settings['token']}"
        elif settings.get("username"):
            auth = httpx.BasicAuth(settings["username"], settings.get("password") or "")
        if settings.get("header_name"):
            headers[settings["header_name"]] = settings.get("header_value") or ""
        return http_client(
            auth=auth,
            headers=headers,
            authority=settings.get("ca_certificate") or "",
            timeout=httpx.Timeout(deadline, connect=min(5.0, deadline)),
        )

    def _request(self, method: str, path: str, deadline: float, **request: Any) -> bytes:
        host = urlsplit(self.base).netloc
        try:
            with (
                self._client(deadline) as client,
                client.stream(method, self.base + path, **request) as response,
            ):
                body = self._read(response, deadline)
        except AddressRefused as error:
            raise SourceError("not-allowed", str(error)) from error
        except httpx.ConnectTimeout as error:
            raise SourceError(
                "unreachable", f"{host} did not accept a connection in time.", passing=True
            ) from error
        except httpx.TimeoutException as error:
            raise SourceError(
                "timeout", f"{host} did not answer within {deadline:.0f} s.", passing=True
            ) from error
        except httpx.ConnectError as error:
            if "CERTIFICATE" in str(error).upper():
                raise SourceError(
                    "certificate",
                    f"The certificate of {host} is not trusted: {error}. "
                    "Set “CA certificate” if it comes from your own authority.",
                ) from error
            raise SourceError(
                "unreachable", f"{host} cannot be reached: {error}.", passing=True
            ) from error
        except httpx.HTTPError as error:
            raise SourceError(
                "broken", f"{host} broke off the answer.", passing=True, detail=str(error)[:300]
            ) from error
        self._refuse_bad_status(response, body, host)
        return body

    @staticmethod
    def _read(response: httpx.Response, deadline: float) -> bytes:
        until = time.monotonic() + deadline
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > MAX_BYTES:
                raise SourceError(
                    "too-large",
                    f"The answer is over {MAX_BYTES // 1024**2} MB. Narrow the query.",
                )
            if time.monotonic() > until:
                raise SourceError(
                    "timeout", f"The answer took longer than {deadline:.0f} s.", passing=True
                )
        return bytes(body)

    @staticmethod
    def _refuse_bad_status(response: httpx.Response, body: bytes, host: str) -> None:
        status = response.status_code
        if status < 300:
            return
        if status < 400:
            raise SourceError(
                "redirect", f"{host} redirects elsewhere ({status}). Set the final address."
            )
        if status in (401, 403):
            raise SourceError(
                "denied", f"{host} refused the credentials ({status}). Check user, password, token."
            )
        detail = body[:300].decode("utf-8", "replace").strip()
        if status == 404:
            raise SourceError(
                "not-found",
                f"{host} has no such path (404). Check the address.",
                detail=detail,
            )
        raise SourceError(
            "refused" if status < 500 else "server-error",
            f"{host} answered {status}.",
            passing=status >= 500 or status == 429,
            detail=detail,
        )


_WRONG_SHAPE = (KeyError, TypeError, ValueError, AttributeError, IndexError)


class HttpSource(SourcePlugin):
    """Base of sources with an HTTP API. `self.http` queries it; the two contexts check answers."""

    product: ClassVar[str]
    """What should answer at the address, as in "not like …"."""
    SettingsForm = HttpForm

    def __init__(self, settings: dict[str, Any]) -> None:
        super().__init__(settings)
        self.http = HttpClient(settings)

    @contextmanager
    def expecting(self, shape: str) -> Iterator[None]:
        """Read an answer: if it has another shape, the pull fails with that for a reason."""
        try:
            yield
        except _WRONG_SHAPE as error:
            raise SourceError("garbage", f"The answer is not {shape}.") from error

    @contextmanager
    def probing(self) -> Iterator[None]:
        """Read the answer to a probe: another shape means that the address is wrong."""
        try:
            yield
        except _WRONG_SHAPE as error:
            raise self.unlike_product() from error

    def unlike_product(self) -> SourceError:
        return SourceError(
            "garbage", f"The address answers, but not like {self.product}. Check “Address”."
        )
