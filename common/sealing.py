"""Encrypts passwords and tokens, so that a database dump does not reveal them."""

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.apps import apps
from django.conf import settings
from django.db import models

from common.registry import Registry

FIELD = "sealed"
"""The name of every column of our own with sealed secrets."""


class UnreadableSecret(ValueError):
    """Neither SECRET_KEY nor a fallback decrypts what is stored; the message says the cure."""


def _fernet() -> MultiFernet:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(_key(key)) for key in keys])


def _key(text: str) -> bytes:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest())


def seal(values: dict[str, str]) -> str:
    if not values:
        return ""
    return _fernet().encrypt(json.dumps(values).encode()).decode()


def unseal(sealed: str) -> dict[str, str]:
    """Raises UnreadableSecret if neither SECRET_KEY nor a fallback decrypts it."""
    if not sealed:
        return {}
    try:
        values: dict[str, str] = json.loads(_fernet().decrypt(sealed.encode()))
    except InvalidToken as error:
        raise UnreadableSecret(
            "The stored password cannot be read with this SECRET_KEY. Enter it again, "
            "or put the former key into SECRET_KEY_FALLBACKS."
        ) from error
    return values


def reseal(sealed: str) -> str:
    """The same values sealed with SECRET_KEY itself, whichever key they were sealed with.

    Raises UnreadableSecret if neither SECRET_KEY nor a fallback decrypts them.
    """
    return seal(unseal(sealed))


def is_sealed_with_newest(sealed: str) -> bool:
    """Whether SECRET_KEY alone decrypts it."""
    try:
        Fernet(_key(settings.SECRET_KEY)).decrypt(sealed.encode())
    except InvalidToken:
        return False
    return True


class SealedSecrets(models.Model):
    """A model whose field `sealed` holds passwords and tokens, sealed with SECRET_KEY at rest."""

    sealed: Any

    class Meta:
        abstract = True

    @property
    def secrets(self) -> dict[str, str]:
        """By setting name. Raises UnreadableSecret when the key was replaced without a fallback."""
        return unseal(self.sealed)

    @secrets.setter
    def secrets(self, values: dict[str, str]) -> None:
        self.sealed = seal(values)


def sealed_models() -> list[type[models.Model]]:
    """All models with a field of this name: a new one is found by itself."""
    return [
        model
        for model in apps.get_models()
        if any(field.name == FIELD for field in model._meta.concrete_fields)
    ]


@dataclass(frozen=True)
class SealedColumn:
    """A column of sealed texts or, with `keys`, of JSON objects with sealed texts under these."""

    model: type[models.Model]
    name: str = FIELD
    keys: tuple[str, ...] = ()

    def rows(self) -> models.QuerySet[Any]:
        """Those with something sealed."""
        rows = self.model._base_manager.all()
        if self.keys:
            return rows.filter(**{f"{self.name}__has_any_keys": self.keys})
        return rows.exclude(**{self.name: ""})

    def texts(self, value: Any) -> list[str]:
        """What is sealed in a value of the column."""
        return [value[key] for key in self.keys if key in value] if self.keys else [value]

    def is_readable(self, value: Any) -> bool:
        try:
            for text in self.texts(value):
                unseal(text)
        except UnreadableSecret:
            return False
        return True

    def resealed(self, value: Any) -> Any:
        """The value sealed with SECRET_KEY itself. Raises UnreadableSecret."""
        if self.keys:
            return value | {key: reseal(value[key]) for key in self.keys if key in value}
        return reseal(value)


SEALED_IN_JSON: Registry[SealedColumn] = Registry("columns with sealed texts in JSON")
"""Of models that are not ours."""


def sealed_columns() -> list[SealedColumn]:
    return [*(SealedColumn(model) for model in sealed_models()), *SEALED_IN_JSON.values()]
