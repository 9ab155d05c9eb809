"""REST API of code hosts, for those who manage them."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import viewsets

from kb.api.connections import ConnectionSerializer, ConnectionViewSet
from practice.code_hosts import registry
from practice.models import CodeHost
from practice.permissions import MANAGE_CODE_HOSTS
from practice.records import code_hosts


class CodeHostSerializer(ConnectionSerializer):
    plugins = registry
    settings_changed = staticmethod(code_hosts.settings_changed)

    class Meta:
        model = CodeHost
        fields = [
            "id", "kind", "name", "enabled", "settings", "secrets", "secrets_unreadable", "trouble",
            "created_at",
        ]  # fmt: skip
        read_only_fields = ["trouble"]


@extend_schema_view(probe=extend_schema(summary="Probe a code host"))
class CodeHostViewSet(ConnectionViewSet):
    """Code hosts, which show load tests beside their commits."""

    act = act_to_read = MANAGE_CODE_HOSTS
    queryset = CodeHost.objects.all()
    serializer_class = CodeHostSerializer
    probe_record = staticmethod(code_hosts.probe)


VIEWSETS: dict[str, type[viewsets.GenericViewSet]] = {"code-hosts": CodeHostViewSet}
