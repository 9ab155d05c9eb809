"""Imports past incidents from uploaded files: first a dry run, then the same files for real.

Between the two the files wait for a while in the cache, encrypted, for the person who sent them.
"""

from __future__ import annotations

import base64
import json
import secrets
import tempfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from common.language import Text
from common.sealing import UnreadableSecret, seal, unseal
from incidents.custom_fields.values import BelongsTo, labels_of
from incidents.history_rows import RowOptions, mapping_of, options_from
from kb.import_runner import KnowledgeImportReport, import_records
from kb.importers import registry
from kb.importers.base import FIELDS, CannotImport, ReadResult
from kb.importers.unpacking import unpacked, written

MAX_FILES = 100
MAX_BYTES = 10 * 1024 * 1024
"""Of all files together."""
MAX_RECORDS = 1_000
"""Each takes some 20 ms, and proxies give up on a request after a minute."""
MAX_NAME = 200
"""Bytes of the name of a file."""
WAIT = 30 * 60
"""Seconds for which the files wait for the import."""
IN_PARTS = _("send them in parts, or use manage.py import_knowledge on the server")


@dataclass(frozen=True)
class Upload:
    """Files of one kind, and how they are read; what is empty has its default."""

    kind: str
    files: Mapping[str, bytes]
    source: str = ""
    mapping: str = ""
    """FIELD=COLUMN, one a line."""
    zone: str = ""
    dates: str = ""

    def options(self) -> RowOptions:
        """Raises ValidationError by field."""
        pairs = [pair.strip() for pair in self.mapping.splitlines() if pair.strip()]
        custom = labels_of(BelongsTo.INCIDENTS)
        return options_from(mapping_of(pairs, [*FIELDS, *custom]), self.zone, self.dates, custom)


def import_upload(upload: Upload, dry_run: bool) -> KnowledgeImportReport:
    """Store what the files hold, or with `dry_run` only say what would come.

    Raises ValidationError by field when nothing of it can be read.
    """
    if upload.kind not in registry():
        raise ValidationError({"kind": f"Choose one of {', '.join(registry())}."})
    importer = registry()[upload.kind](options=upload.options())
    if problem := problem_of((name, len(content)) for name, content in upload.files.items()):
        raise ValidationError({"file": problem})
    with tempfile.TemporaryDirectory(prefix="history-") as folder:
        try:
            files = unpacked(upload.files)
            records = _few(importer.read(written(files, Path(folder))))
        except CannotImport as error:
            text = str(error).replace(folder, "these files")
            raise ValidationError({"file": text}) from error
    whole = [name for name in upload.files if name in files]
    records += _unread(whole, records)
    return import_records(records, upload.source or upload.kind, dry_run)


def _unread(files: Iterable[str], records: list[ReadResult]) -> list[ReadResult]:
    """Files of which no record says anything: importers pass over what has another suffix."""
    places = [place for place, _ in records]
    return [
        (name, "nothing of the chosen kind was found in it")
        for name in files
        if not any(place.startswith(name) for place in places)
    ]


def problem_of(sizes: Iterable[tuple[str, int]]) -> Text:
    """Why files, by name and bytes, are not read: too many, too large, misnamed; or empty."""
    sizes = list(sizes)
    names = [name for name, _ in sizes]
    total = sum(size for _, size in sizes)
    if not names:
        return _("Choose at least one file.")
    if len(names) > MAX_FILES:
        return format_lazy(
            _("Up to {most} files at once, these are {given}: {cure}."),
            most=MAX_FILES, given=f"{len(names):,}", cure=IN_PARTS,
        )  # fmt: skip
    if total > MAX_BYTES:
        return format_lazy(
            _("Up to {most} MB at once, these have {given} MB: {cure}."),
            most=MAX_BYTES // 2**20, given=f"{total / 2**20:.1f}", cure=IN_PARTS,
        )  # fmt: skip
    if twice := next((name for name in names if names.count(name) > 1), ""):
        two = _("Two files are called {name}: rename one, their names are their ids.")
        return format_lazy(two, name=twice)
    if wrong := next((name for name in names if not _is_name(name)), ""):
        rename = _("Rename {name}: the name of a file has up to {most} bytes.")
        return format_lazy(rename, name=repr(wrong[:40]), most=MAX_NAME)
    return ""


def _is_name(name: str) -> bool:
    return name == Path(name).name and name.isprintable() and len(name.encode()) <= MAX_NAME


def _few(records: Iterable[ReadResult]) -> list[ReadResult]:
    found = list(islice(records, MAX_RECORDS + 1))
    if len(found) > MAX_RECORDS:
        text = format_lazy(
            _("Up to {most} records at once, these files have more: {cure}."),
            most=f"{MAX_RECORDS:,}", cure=IN_PARTS,
        )  # fmt: skip
        raise ValidationError({"file": text})
    return found


def store_upload(upload: Upload, owner_id: int) -> str:
    """Store it for this person. Returns the key under which `take_upload` finds it."""
    key = secrets.token_urlsafe(24)
    packed = {
        name: base64.b64encode(zlib.compress(content, 6)).decode()
        for name, content in upload.files.items()
    }
    fields = json.dumps({**asdict(upload), "files": packed})
    cache.set(_cache_key(key, owner_id), seal({"upload": fields}), WAIT)
    return key


def take_upload(key: str, owner_id: int) -> Upload | None:
    """What this person stored, once; None when it was taken already or waited for too long."""
    name = _cache_key(key, owner_id)
    sealed = cache.get(name)
    if sealed is None or not cache.delete(name):
        return None
    try:
        fields = json.loads(unseal(sealed)["upload"])
    except UnreadableSecret:  # SECRET_KEY was replaced meanwhile.
        return None
    packed = fields.pop("files")
    files = {file: zlib.decompress(base64.b64decode(text)) for file, text in packed.items()}
    return Upload(files=files, **fields)


def _cache_key(key: str, owner_id: int) -> str:
    return f"uploaded-history:{owner_id}:{key}"
