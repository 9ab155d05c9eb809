"""PostgreSQL itself: its costliest statements, busy sessions and who waits for whose lock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString

import psycopg
from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from analysis.sources.base import (
    Line,
    SourceAnswer,
    SourceError,
    SourceForm,
    SourcePlugin,
    SourceQuery,
    Target,
    Window,
    check_name,
    fill,
)
from common.outbound_addresses import (
    AddressRefused,
    NameUnknown,
    check_host_as_written,
    resolve,
)
from common.redaction import redact

# Each gives a moment (or null for now) and a text; only columns every version since 13 has.
STATEMENTS: LiteralString = """
select null::timestamptz, format('%s s in %s calls, mean %s ms, %s rows: %s',
    round(total_exec_time::numeric / 1000, 1), calls, round(mean_exec_time::numeric, 1), rows,
    left(query, 1000))
from pg_stat_statements
where dbid = (select oid from pg_database where datname = current_database())
order by total_exec_time desc limit 30"""
SESSIONS: LiteralString = """
select query_start, format('%s for %s s, waits for %s: %s', state,
    round(extract(epoch from clock_timestamp() - query_start)),
    coalesce(wait_event_type, 'nothing'), left(query, 1000))
from pg_stat_activity
where state <> 'idle' and backend_type = 'client backend' and pid <> pg_backend_pid()
order by query_start limit 30"""
LOCKS: LiteralString = """
select waiting.query_start, format('waits %s s for a lock: %s · held by: %s',
    round(extract(epoch from clock_timestamp() - waiting.query_start)),
    left(waiting.query, 500), left(holding.query, 500))
from pg_stat_activity waiting
join lateral unnest(pg_blocking_pids(waiting.pid)) blocker(pid) on true
join pg_stat_activity holding on holding.pid = blocker.pid
order by waiting.query_start limit 30"""
STATISTICS: dict[str, LiteralString] = {
    "statements": STATEMENTS,
    "sessions": SESSIONS,
    "locks": LOCKS,
}


class PostgresqlForm(SourceForm):
    service = forms.CharField(
        label=_("Service"),
        required=False,
        help_text=_("The service this server is; empty: every PostgreSQL service."),
    )
    host = forms.CharField(label=_("Host"), help_text=_("Such as orders-db.internal"))
    port = forms.IntegerField(label=_("Port"), initial=5432, min_value=1, max_value=65535)
    database = forms.CharField(label=_("Database"), initial="postgres")
    username = forms.CharField(
        label=_("Username"),
        help_text=_("A role with pg_monitor suffices: it may read statistics."),
    )
    password = forms.CharField(
        label=_("Password"),
        required=False,
        widget=forms.PasswordInput(render_value=False),
        strip=False,
    )
    sslmode = forms.ChoiceField(
        label=_("Sslmode"),
        initial="prefer",
        choices=[(mode, mode) for mode in ("disable", "prefer", "require", "verify-full")],
    )
    secret_fields = ("password",)

    def clean_host(self) -> str:
        host = self.cleaned_data["host"].strip()
        if "," in host:
            raise forms.ValidationError(_("Enter one host."))
        try:
            check_host_as_written("localhost" if _is_socket(host) else host)
        except AddressRefused as error:
            raise forms.ValidationError(str(error)) from error
        return host


def _is_socket(host: str) -> bool:
    """Whether libpq reads it as a path: such a server trusts the users of this very host."""
    return host.startswith(("/", "@"))


class PostgreSQL(SourcePlugin):
    kind = "postgresql"
    title = _("PostgreSQL statistics")
    items = "lines"
    SettingsForm = PostgresqlForm

    def queries(self, target: Target) -> list[SourceQuery]:
        check_name(target)
        if target.kind != "postgresql" or self.settings.get("service") not in (
            "",
            None,
            target.name,
        ):
            return []
        return [SourceQuery(what, fill(f"{what} $service", target)) for what in STATISTICS]

    def pull(self, query: SourceQuery, window: Window, deadline: float) -> SourceAnswer:
        statement = STATISTICS.get(query.text.partition(" ")[0])
        if statement is None:
            raise SourceError("refused", f"Query one of: {', '.join(STATISTICS)}.")
        gaps = []
        if (timezone.now() - window.end).total_seconds() > 120:
            gaps.append("PostgreSQL remembers no past: this is how it was when queried.")
        try:
            rows = self._run(statement, deadline)
        except SourceError as error:
            if error.reason != "no-extension":
                raise
            return SourceAnswer([], "", [*gaps, str(error)])
        now = timezone.now()
        lines = [Line((at or now).timestamp(), redact(text)) for at, text in rows]
        return SourceAnswer(
            lines, "", gaps if lines else [*gaps, "Nothing to report at this moment."]
        )

    def probe(self, deadline: float) -> str:
        [(_, version)] = self._run("select null::timestamptz, version()", deadline)
        return f"Answers: {version.partition(' on ')[0]}."

    def _run(
        self, statement: LiteralString, deadline: float
    ) -> Sequence[tuple[datetime | None, str]]:
        settings: dict[str, Any] = self.settings
        port = int(settings.get("port") or 5432)
        host = f"{settings['host']}:{port}"
        try:
            with psycopg.connect(
                **_pinned(settings["host"], port),
                port=port,
                dbname=settings.get("database") or "postgres",
                user=settings["username"],
                password=settings.get("password") or None,
                sslmode=settings.get("sslmode") or "prefer",
                application_name="causebook",
                connect_timeout=max(2, min(5, int(deadline))),
                tcp_user_timeout=int(deadline * 1000),
                options=f"-c statement_timeout={int(deadline * 1000)} "
                "-c default_transaction_read_only=on",
            ) as connection:
                return connection.execute(statement).fetchall()
        except AddressRefused as error:
            raise SourceError("not-allowed", str(error)) from error
        except NameUnknown as error:
            raise SourceError(
                "unreachable", f"{host} cannot be reached: {error}.", passing=True
            ) from error
        except psycopg.errors.UndefinedTable as error:
            raise SourceError(
                "no-extension", "Run “create extension pg_stat_statements” to see statements."
            ) from error
        except psycopg.errors.QueryCanceled as error:
            raise SourceError(
                "timeout", f"{host} did not answer within {deadline:.0f} s.", passing=True
            ) from error
        except psycopg.errors.InsufficientPrivilege as error:
            raise SourceError(
                "denied", f"{host} denies it. Grant pg_monitor.", detail=_first_line(error)
            ) from error
        except psycopg.OperationalError as error:
            reason = _first_line(error)
            if "authentication" in reason or "role" in reason:
                raise SourceError(
                    "denied", f"{host} refused the credentials.", detail=reason
                ) from error
            raise SourceError(
                "unreachable", f"{host} cannot be reached.", passing=True, detail=reason
            ) from error
        except psycopg.Error as error:
            raise SourceError(
                "refused", f"{host} refused the query.", detail=_first_line(error)
            ) from error


def _pinned(host: str, port: int) -> dict[str, Any]:
    """Where to connect: the addresses that were checked, with the name for its certificate."""
    if _is_socket(host):
        check_host_as_written("localhost")
        return {"host": host}
    addresses = resolve(host, port)
    return {"host": ",".join([host] * len(addresses)), "hostaddr": ",".join(addresses)}


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:300]
