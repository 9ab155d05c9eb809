from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import QueryDict

from incidents.models import SavedFilter
from incidents.search import saved_filters
from incidents.search.saved_filters import filter_query, save_filter

pytestmark = pytest.mark.django_db


def test_only_what_filters_is_saved_in_one_order() -> None:
    given = QueryDict("page=2&severity=SEV2&severity=SEV1&q=&evil=1&open=true")
    assert filter_query(given) == "open=true&severity=SEV1&severity=SEV2"


def test_a_name_is_used_once_in_any_case(user: User) -> None:
    save_filter(user, "Burning", QueryDict("open=true"))
    save_filter(user, "  burning ", QueryDict("severity=SEV1"))
    saved = SavedFilter.objects.get()
    assert (saved.name, saved.query) == ("burning", "severity=SEV1")


@pytest.mark.parametrize(
    ("name", "query", "field"),
    [
        ("", "open=true", "name"), ("x" * 61, "open=true", "name"), ("All", "page=2", "query"),
        ("Long", "q=" + "w" * 2001, "query"),
    ],
)  # fmt: skip
def test_what_cannot_be_saved_is_named(user: User, name: str, query: str, field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        save_filter(user, name, QueryDict(query))
    assert field in caught.value.message_dict
    assert not SavedFilter.objects.exists()


def test_a_person_has_only_so_many(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_filters, "MOST", 1)
    save_filter(user, "One", QueryDict("open=true"))
    with pytest.raises(ValidationError, match="up to 1"):
        save_filter(user, "Two", QueryDict("open=false"))
    save_filter(user, "One", QueryDict("open=false"))
