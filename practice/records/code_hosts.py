"""Code hosts: which one a result belongs to, and their plug-ins with settings."""

from __future__ import annotations

from kb import remote_connections
from kb.remote_connections import configured_plugin
from practice.code_hosts import registry
from practice.code_hosts.base import CodeHostPlugin, RemoteError, names_repository
from practice.models import CodeHost, LoadTest, Publication

UNREADABLE = (
    "The token of this code host cannot be read with this SECRET_KEY: enter it again in its "
    "settings."
)
NOTHING_TO_PROBE = (
    "Name one repository in full among those of the settings, or send a result first: then there "
    "is something to read."
)


def plugin_of(host: CodeHost) -> CodeHostPlugin:
    """The plug-in with its settings. Raises RemoteError where there is none or no token."""
    found: CodeHostPlugin = configured_plugin(host, registry(), "code host", UNREADABLE)
    return found


def host_of(repository: str) -> CodeHost | None:
    """The enabled code host whose settings name this repository; by name, the first of several."""
    for host in CodeHost.objects.filter(enabled=True):
        if names_repository(host.settings.get("repositories", ""), repository):
            return host
    return None


def publish_later(test: LoadTest) -> Publication | None:
    """Have a load test published where its repository is; None where no host is set up for it."""
    host = host_of(test.repository) if test.repository else None
    if host is None:
        return None
    row, new = Publication.objects.get_or_create(test=test, defaults={"host": host})
    if not new:
        Publication.objects.filter(pk=row.pk).update(host=host)
        Publication.objects.filter(pk=row.pk).request()
    return row


def forget_failures(host: CodeHost) -> None:
    remote_connections.forget_failures(CodeHost.objects.filter(pk=host.pk))


def settings_changed(host: CodeHost) -> None:
    """What failed for the former settings is tried again."""
    forget_failures(host)
    Publication.objects.filter(host=host, state=Publication.State.FAILED).request()


def probe(host: CodeHost) -> str:
    """A sentence that says that the settings are right. Raises RemoteError.

    What failed before is tried again if they are.
    """
    lines = host.settings.get("repositories", "").splitlines()
    named = [line for line in lines if not line.endswith("*")]
    if not named:
        newest = host.publications.order_by("-pk").values_list("test__repository", flat=True)
        named = [name for name in newest[:1] if names_repository("\n".join(lines), name)]
    if not named:
        raise RemoteError(NOTHING_TO_PROBE)
    answer = plugin_of(host).probe(named[0])
    if host.trouble or host.last_refusal:
        settings_changed(host)
    return answer
