from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from simple_history.admin import SimpleHistoryAdmin

from kb.models import Category, Cause, CauseLink, Postmortem, PostmortemTemplate
from kb.permissions import visible_causes, visible_links, visible_postmortems


class LinkInline(admin.TabularInline):
    model = CauseLink
    extra = 0
    raw_id_fields = ["incident", "author"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[CauseLink]:
        return visible_links(request.user)


@admin.register(Cause)
class CauseAdmin(SimpleHistoryAdmin):
    list_display = ["name", "category", "updated_at"]
    list_filter = ["category"]
    search_fields = ["name"]
    inlines = [LinkInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Cause]:
        return visible_causes(request.user)


@admin.register(Postmortem)
class PostmortemAdmin(SimpleHistoryAdmin):
    list_display = ["title", "state", "published_at"]
    list_filter = ["state"]
    search_fields = ["title"]
    raw_id_fields = ["incidents", "author"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Postmortem]:
        return visible_postmortems(request.user)


@admin.register(Category)
class CategoryAdmin(admin.ModelAdmin):
    list_display = ["name", "slug", "position"]
    list_editable = ["position"]


@admin.register(PostmortemTemplate)
class PostmortemTemplateAdmin(admin.ModelAdmin):
    list_display = ["name", "severities"]
