"""The API of plug-ins' records: kind, settings by the plug-in's form, secrets never shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from rest_framework import serializers

from common.plugin_settings import PluginSettings


class ProbeSerializer(serializers.Serializer):
    """Whether what a plug-in connects answers, and what it said."""

    well = serializers.BooleanField()
    answer = serializers.CharField()


class PluginSerializer(serializers.ModelSerializer):
    """Settings are checked by the plug-in's own form. Secrets are written, never read."""

    plugins: ClassVar[Callable[[], Mapping[str, Any]]]
    settings = serializers.DictField(required=False)
    secrets: serializers.DictField | None = serializers.DictField(
        child=serializers.CharField(allow_blank=True), required=False, write_only=True,
        help_text="Only those given are replaced; an empty one is forgotten. Give all again when "
        "the address changes.",
    )  # fmt: skip
    secrets_unreadable = serializers.SerializerMethodField(
        help_text="The stored secrets cannot be read with this SECRET_KEY: enter them again."
    )

    def validate_kind(self, kind: str) -> str:
        known = type(self).plugins()
        if kind not in known:
            raise serializers.ValidationError(f"There are: {', '.join(known)}.")
        if self.instance and self.instance.kind != kind:
            raise serializers.ValidationError("The kind cannot change: make another one.")
        return kind

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """The form's checks, unless a stored record changes in nothing that the form knows."""
        record = self.instance or self._new(kind=attrs["kind"])
        entered = attrs.pop("secrets", {})
        if self.instance and "settings" not in attrs and not entered:
            return attrs
        settings = attrs.pop("settings", record.settings)
        plugin_settings = self._settings_of(record)
        form = plugin_settings.api_form(settings, entered)
        if not form.is_valid():
            problems = {name: list(map(str, each)) for name, each in form.errors.items()}
            raise serializers.ValidationError({"settings": problems})
        return {**attrs, **plugin_settings.values_of(form)}

    def get_secrets_unreadable(self, record: Any) -> bool:
        return record.kind in type(self).plugins() and self._settings_of(record).unreadable

    def to_representation(self, record: Any) -> dict[str, Any]:
        """Without values that became secrets after they were stored."""
        shown: dict[str, Any] = super().to_representation(record)
        if record.kind in type(self).plugins():
            hidden = self._settings_of(record).secret_fields
            stored = shown["settings"]
            shown["settings"] = {name: stored[name] for name in stored if name not in hidden}
        return shown

    def _settings_of(self, record: Any) -> PluginSettings:
        return PluginSettings(type(self).plugins()[record.kind].SettingsForm, record)

    def _new(self, **fields: str) -> Any:
        model: type[Any] = self.Meta.model
        return model(**fields)

    def create(self, validated_data: dict[str, Any]) -> Any:
        return self.update(self._new(), validated_data)

    def update(self, instance: Any, validated_data: dict[str, Any]) -> Any:
        for name, value in validated_data.items():
            setattr(instance, name, value)
        instance.save()
        return instance
