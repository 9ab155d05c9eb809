"""The keys in a backup, sealed with a passphrase: scrypt makes a key of it, Fernet seals."""

from __future__ import annotations

import base64
import json
import os
from dataclasses import asdict, dataclass

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from django.conf import settings

from config.backup import restored_settings
from config.backup.archive import BackupError

SHORTEST = 12
"""Letters of a passphrase: whoever finds the file may try as many as they like."""
COST = {"n": 2**17, "r": 8, "p": 1}
"""128 MB and half a second for each attempt. Written to the file to be read by people only."""


@dataclass(frozen=True)
class Keys:
    secret_key: str
    fallbacks: list[str]
    settings: dict[str, str]
    """the secret ones"""
    manifest: str = ""
    """digest of the manifest these were written with: proves who wrote the rest of the file"""


def present_keys(manifest: str = "") -> Keys:
    fallbacks = list(settings.SECRET_KEY_FALLBACKS)
    return Keys(settings.SECRET_KEY, fallbacks, restored_settings.sealed(), manifest)


def seal(keys: Keys, passphrase: str) -> bytes:
    check_passphrase(passphrase)
    salt = os.urandom(16)
    sealed = _fernet(passphrase, salt).encrypt(json.dumps(asdict(keys)).encode())
    about = {"made_by": "scrypt and Fernet", **COST}
    content = {**about, "salt": base64.b64encode(salt).decode(), "sealed": sealed.decode()}
    return json.dumps(content, indent=1).encode()


def unseal(content: bytes, passphrase: str) -> Keys:
    try:
        about = json.loads(content)
        salt, sealed = base64.b64decode(about["salt"], validate=True), str(about["sealed"])
        return Keys(**json.loads(_fernet(passphrase, salt).decrypt(sealed.encode())))
    except InvalidToken as error:
        raise BackupError(
            "The passphrase does not open the keys of this backup, or they were changed. Use the "
            "passphrase of the day it was made, or restore --without-keys."
        ) from error
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise BackupError(
            "The keys in this backup are damaged. Use another backup, or restore --without-keys."
        ) from error


def check_passphrase(passphrase: str) -> None:
    if len(passphrase) < SHORTEST:
        raise BackupError(f"The passphrase must have at least {SHORTEST} characters.")


def _fernet(passphrase: str, salt: bytes) -> Fernet:
    key = Scrypt(salt=salt, length=32, **COST).derive(passphrase.encode())
    return Fernet(base64.urlsafe_b64encode(key))
