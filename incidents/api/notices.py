"""REST API of notices."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from common.viewer import signed_in
from incidents.api.mixins import EtagRetrieveMixin, Resource
from incidents.events.notices import visible_notices
from incidents.models import Notice


class NoticeSerializer(serializers.ModelSerializer):
    class Meta:
        model = Notice
        fields = ["id", "text", "path", "created_at", "read_at"]


class NoticeViewSet(EtagRetrieveMixin, mixins.ListModelMixin, Resource):
    """Your notices, newest first."""

    queryset = Notice.objects.none()
    serializer_class = NoticeSerializer

    def get_queryset(self) -> QuerySet[Notice]:
        if getattr(self, "swagger_fake_view", False):
            return Notice.objects.none()
        return visible_notices(signed_in(self.request))

    @extend_schema(request=None, responses=NoticeSerializer, summary="Mark a notice as read")
    @action(detail=True, methods=["post"])
    def read(self, request: Request, pk: str | None = None) -> Response:
        notice = self.get_object()
        notice.read_at = notice.read_at or timezone.now()
        notice.save()
        return Response(NoticeSerializer(notice).data)


VIEWSETS: dict[str, type[viewsets.GenericViewSet]] = {"notices": NoticeViewSet}
