"""Mattermost: public and private channels of one team by its REST API, version 4.

https://github.com/mattermost/mattermost/tree/master/api/v4/source, read on 2026-11-28: names of up
to 64 lower-case letters, digits, hyphens and underscores, which archived channels keep; purpose of
up to 250 characters, header of up to 1,024. A refusal has a status of its own and a word in `id`.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from common.payloads import dig, text
from common.slack_words import OWN_MESSAGE
from common.written_times import without_accents
from kb.channel_hosts.base import ChannelHost, FoundChannel
from kb.chat.base import OutboundRequest, clip
from kb.chat.mattermost import plain

TITLE, PURPOSE, HEADER, NEWEST = 64, 250, 1024, 15
_NOT_ALLOWED = re.compile(r"[^a-z0-9]+")
OPEN, PRIVATE = "O", "P"


class MattermostChannels(ChannelHost):
    kind = "mattermost"
    longest_name = 64
    name_taken = (
        "store.sql_channel.save_channel.exists.app_error",
        "store.sql_channel.save_channel.previously.app_error",
    )
    so_already = ("api.channel.delete_channel.deleted.app_error",)
    missing = (
        "app.channel.get.existing.app_error",
        "app.channel.update.bad_id",
        "api.channel.add_user_to_channel.deleted.app_error",
        "api.post.create_post.can_not_post_to_deleted.error",
    )
    nothing_found = (
        "app.channel.get_by_name.missing.app_error",
        "app.team.get_by_name.missing.app_error",
        "app.user.missing_account.const",
        "app.user.get_by_username.app_error",
    )
    locked_out = ("api.context.session_expired.app_error", "api.context.invalid_token.error")
    _team_id = ""

    def problem(self) -> str:
        if not self.secrets.get("bot_token"):
            return "Enter a bot token in the settings: a webhook cannot create channels."
        if not self.settings.get("team"):
            return "Enter the team in the settings: channels are opened in it."
        return ""

    def allowed_name(self, words: str) -> str:
        plain_words = _NOT_ALLOWED.sub("-", without_accents(words).lower())
        return plain_words[: self.longest_name].strip("-") or "incident"

    def find_team(self) -> OutboundRequest:
        return self._request("GET", f"teams/name/{quote(self.settings['team'], safe='')}")

    def use_team(self, answer: Any) -> None:
        self._team_id = text(answer, "id", 50)
        if not self._team_id:
            raise ValueError(
                f"Mattermost shows the bot no team “{self.settings['team']}”: correct it in the "
                "settings, or add the bot to the team."
            )

    def create(self, name: str, private: bool) -> OutboundRequest:
        kind = PRIVATE if private else OPEN
        return self._request(
            "POST", "channels", team_id=self._team_id, name=name, display_name=clip(name, TITLE),
            type=kind,
        )  # fmt: skip

    def created_id(self, answer: Any) -> str:
        return text(answer, "id", 50)

    def who_am_i(self) -> OutboundRequest:
        return self._request("GET", "users/me")

    def own_id(self, answer: Any) -> str:
        return text(answer, "id", 50)

    def own_channels(self, name: str, private: bool, cursor: str) -> OutboundRequest:
        return self._request("GET", f"teams/{self._team_id}/channels/name/{quote(name, safe='')}")

    def listed(self, answer: Any) -> tuple[list[FoundChannel], str]:
        created = dig(answer, "create_at")
        seconds = created / 1000 if isinstance(created, int | float) else 0.0
        found = FoundChannel(
            text(answer, "id", 50), text(answer, "name", 100), text(answer, "creator_id", 50),
            seconds, text(answer, "type") == PRIVATE,
        )  # fmt: skip
        return [found], ""

    def describe(self, channel: str, text: str) -> OutboundRequest:
        purpose = clip(" ".join(text.split()), PURPOSE)
        return self._request("PUT", f"channels/{channel}/patch", purpose=purpose)

    def set_topic(self, channel: str, text: str) -> OutboundRequest:
        header = clip(plain(" ".join(text.split())), HEADER)
        return self._request("PUT", f"channels/{channel}/patch", header=header)

    def with_key(self, message: OutboundRequest, key: str) -> OutboundRequest:
        props = {**message.body.get("props", {}), OWN_MESSAGE: key}
        return replace(message, body={**message.body, "props": props})

    def newest_messages(self, channel: str) -> OutboundRequest:
        return self._request("GET", f"channels/{channel}/posts?per_page={NEWEST}")

    def posted_keys(self, answer: Any) -> set[str]:
        posts = dig(answer, "posts")
        rows = posts.values() if isinstance(posts, dict) else ()
        return {key for each in rows if (key := text(each, f"props.{OWN_MESSAGE}", 100))}

    def find_person(self, email: str, username: str) -> OutboundRequest:
        by = f"email/{quote(email, safe='')}" if email else f"username/{quote(username, safe='')}"
        return self._request("GET", f"users/{by}")

    def person_id(self, answer: Any) -> str:
        return "" if dig(answer, "is_bot") is True else text(answer, "id", 50)

    def invite(self, channel: str, person: str) -> OutboundRequest:
        return self._request("POST", f"channels/{channel}/members", user_id=person)

    def remove(self, channel: str, person: str) -> OutboundRequest:
        return self._request("DELETE", f"channels/{channel}/members/{quote(person, safe='')}")

    def archive(self, channel: str) -> OutboundRequest:
        return self._request("DELETE", f"channels/{channel}")

    def address(self, channel: str) -> str:
        server, team = self.settings["server"].rstrip("/"), self.settings.get("team", "")
        return f"{server}/{team}/channels/{channel}"

    def _request(self, method: str, path: str, **body: Any) -> OutboundRequest:
        url = f"{self.settings['server'].rstrip('/')}/api/v4/{path}"
        token = {"Authorization": f"Bearer {self.secrets['bot_token']}"}
        return OutboundRequest(url, body, token, method=method)
