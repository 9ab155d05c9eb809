"""What the API's records of plug-ins share: a kind, settings of its own form, secrets kept back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from django import forms
from rest_framework import serializers


def defaults_of(form_class: type[forms.Form]) -> dict[str, Any]:
    """What a form shows before anybody types: what an API's asker may leave out."""
    form = form_class()
    shown = {name: form.get_initial_for_field(f, name) for name, f in form.fields.items()}
    return {name: value for name, value in shown.items() if value is not None}


class PluginSerializer(serializers.ModelSerializer):
    """Settings are checked by the plug-in's own form. Secrets are written, never read."""

    plugins: ClassVar[Callable[[], Mapping[str, Any]]]
    settings = serializers.DictField(required=False)
    secrets = serializers.DictField(
        child=serializers.CharField(), required=False, write_only=True,
        help_text="Only those given are replaced.",
    )  # fmt: skip

    def validate_kind(self, kind: str) -> str:
        known = type(self).plugins()
        if kind not in known:
            raise serializers.ValidationError(f"There are: {', '.join(known)}.")
        if self.instance and self.instance.kind != kind:
            raise serializers.ValidationError("The kind cannot change: make another one.")
        return kind

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        former = self.instance
        kind = attrs.get("kind") or (former.kind if former else "")
        form_class = type(self).plugins()[kind].SettingsForm
        stored = getattr(former, "secrets", {}) if former else {}
        kept = {**stored, **attrs.pop("secrets", {})} if "secrets" in self.fields else {}
        settings = attrs.get("settings", former.settings if former else {})
        form = form_class({**defaults_of(form_class), **settings, **kept})
        if not form.is_valid():
            raise serializers.ValidationError({"settings": form.errors})
        hidden, data = getattr(form, "secret_fields", ()), form.cleaned_data
        attrs["settings"] = {key: data[key] for key in data if key not in hidden}
        if "secrets" in self.fields:
            attrs["secrets"] = {key: data[key] for key in hidden if data[key]}
        return attrs

    def create(self, validated_data: dict[str, Any]) -> Any:
        return self.update(self.Meta.model(), validated_data)

    def update(self, instance: Any, validated_data: dict[str, Any]) -> Any:
        for name, value in validated_data.items():
            setattr(instance, name, value)
        instance.save()
        return instance
