"""Words of Slack's Web API that everything shares that talks to it or reads its messages."""

from __future__ import annotations

REFUSED_TOKENS = frozenset(
    ["invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive"]
)
"""Its words for a token that another one has to replace."""
OWN_MESSAGE = "causebook_message"
"""The type of metadata of what this product posts into a channel."""
