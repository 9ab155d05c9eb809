"""Requests to one configured tracker."""

from __future__ import annotations

from common import json_api
from common.json_api import USUAL_WAIT, Answer, limit_wait, required, required_time

__all__ = ["USUAL_WAIT", "Answer", "JsonApi", "limit_wait", "required", "required_time"]


class JsonApi(json_api.JsonApi):
    words = json_api.Words("tracker", "read, create and edit issues of the project")
