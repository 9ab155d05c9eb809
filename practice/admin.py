from django.contrib import admin
from simple_history.admin import SimpleHistoryAdmin

from practice.models import Drill, LoadTest, Practice, Slo


@admin.register(Practice)
class PracticeAdmin(admin.ModelAdmin):
    list_display = ["name", "parent", "position"]
    list_filter = ["parent"]


@admin.register(Slo)
class SloAdmin(SimpleHistoryAdmin):
    list_display = ["service", "name", "target", "window", "enabled"]


@admin.register(LoadTest)
class LoadTestAdmin(admin.ModelAdmin):
    list_display = ["service", "release", "scenario", "tool", "at"]


@admin.register(Drill)
class DrillAdmin(admin.ModelAdmin):
    list_display = ["service", "kind", "at", "worked"]
