"""Amazon CloudWatch metrics, through boto3."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from analysis.sources.base import (
    MAX_POINTS,
    MAX_QUOTED,
    Series,
    SourceAnswer,
    SourceError,
    SourceForm,
    SourcePlugin,
    SourceQuery,
    Target,
    Window,
    check_name,
    fill,
)
from analysis.sources.templates import FOR_SERVICES, parse_templates, queries_for

# for whom | what | unit | namespace metric statistic dimension=value …
TEMPLATES = """\
postgresql | cpu | % | AWS/RDS CPUUtilization Average DBInstanceIdentifier=$service
postgresql | connections | | AWS/RDS DatabaseConnections Maximum DBInstanceIdentifier=$service
postgresql | read latency | s | AWS/RDS ReadLatency Average DBInstanceIdentifier=$service
postgresql | free storage | bytes | AWS/RDS FreeStorageSpace Minimum DBInstanceIdentifier=$service
http,jvm | request rate | | AWS/ApplicationELB RequestCount Sum LoadBalancer=$service
http,jvm | errors | | AWS/ApplicationELB HTTPCode_Target_5XX_Count Sum LoadBalancer=$service
http,jvm | latency | s | AWS/ApplicationELB TargetResponseTime p99 LoadBalancer=$service
cache | cpu | % | AWS/ElastiCache EngineCPUUtilization Average CacheClusterId=$service
cache | evictions | | AWS/ElastiCache Evictions Sum CacheClusterId=$service
queue | messages waiting | | AWS/SQS ApproximateNumberOfMessagesVisible Maximum QueueName=$service
queue | oldest message | s | AWS/SQS ApproximateAgeOfOldestMessage Maximum QueueName=$service
node | cpu | % | AWS/EC2 CPUUtilization Average InstanceId=$service
"""


def _metric(text: str) -> dict[str, Any]:
    """The MetricStat of `namespace metric statistic dimension=value …`, without its period."""
    namespace, metric, statistic, *dimensions = text.split()
    pairs = [each.partition("=") for each in dimensions]
    if not all(name and equals and value for name, equals, value in pairs):
        raise ValueError("dimensions are written name=value")
    return {
        "Metric": {
            "Namespace": namespace,
            "MetricName": metric,
            "Dimensions": [{"Name": name, "Value": value} for name, _, value in pairs],
        },
        "Stat": statistic,
    }


class CloudWatchForm(SourceForm):
    region = forms.RegexField(r"^[a-z0-9-]+$", label=_("Region"), initial="eu-central-1")
    access_key_id = forms.CharField(
        label=_("Access key id"),
        required=False,
        help_text=_("Empty: the worker's own role or environment."),
    )
    secret_access_key = forms.CharField(
        label=_("Secret access key"),
        required=False,
        widget=forms.PasswordInput(render_value=False),
    )
    templates = forms.CharField(
        label=_("Templates"),
        initial=TEMPLATES,
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
        help_text=format_lazy(
            _("One query a line: {services} | what | unit | {query}"),
            services=FOR_SERVICES,
            query="namespace metric statistic dimension=value",
        ),
    )
    secret_fields = ("secret_access_key",)

    def clean_templates(self) -> str:
        text = self.cleaned_data["templates"]
        try:
            for _, query in parse_templates(text):
                _metric(query.text)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error
        return text


class CloudWatch(SourcePlugin):
    kind = "cloudwatch"
    title = "Amazon CloudWatch"
    items = "series"
    SettingsForm = CloudWatchForm

    def queries(self, target: Target) -> list[SourceQuery]:
        check_name(target)
        if " " in target.name:
            raise SourceError("bad-name", "A name with spaces cannot be a dimension's value.")
        return [
            SourceQuery(query.what, fill(query.text, target), query.unit)
            for query in queries_for(self.settings.get("templates") or TEMPLATES, target)
        ]

    def pull(self, query: SourceQuery, window: Window, deadline: float) -> SourceAnswer:
        try:
            metric = _metric(query.text)
        except ValueError as error:
            raise SourceError("refused", f"Not a CloudWatch query: {error}.") from error
        metric["Period"] = max(60, math.ceil(window.seconds / MAX_POINTS / 60) * 60)
        request = {
            "MetricDataQueries": [{"Id": "metric", "MetricStat": metric}],
            "StartTime": window.start,
            "EndTime": window.end,
            "ScanBy": "TimestampAscending",
        }
        found: dict[str, Series] = {}
        gaps: list[str] = []
        for page in self._pages(request, deadline):
            gaps += [f"{each['Code']}: {each['Value']}" for each in page.get("Messages") or []]
            for row in page["MetricDataResults"]:
                series = found.setdefault(row["Label"], Series({"label": row["Label"]}, [], []))
                series.times.extend(at.timestamp() for at in row["Timestamps"])
                series.values.extend(float(value) for value in row["Values"])
                if row["StatusCode"] not in ("Complete", "PartialData"):
                    gaps.append(f"CloudWatch says of this answer: {row['StatusCode']}.")
        series_found = [series for series in found.values() if series.times]
        if not series_found:
            gaps.append("No values of this metric in the window.")
        region = self.settings["region"]
        link = f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}"
        return SourceAnswer(series_found, link, gaps)

    def probe(self, deadline: float) -> str:
        self._call(lambda client: client.list_metrics(RecentlyActive="PT3H"), deadline)
        return "Answers; we may list metrics."

    def _pages(self, request: dict[str, Any], deadline: float) -> Iterator[dict[str, Any]]:
        for _page in range(10):
            page = self._call(lambda client: client.get_metric_data(**request), deadline)
            yield page
            if not page.get("NextToken"):
                return
            request["NextToken"] = page["NextToken"]

    def _call(self, act: Any, deadline: float) -> dict[str, Any]:
        try:
            import boto3
            from botocore.config import Config
            from botocore.exceptions import BotoCoreError, ClientError
        except ImportError as error:
            raise SourceError(
                "not-installed", "Install what it needs: pip install -r requirements-cloudwatch.txt"
            ) from error
        try:
            client = boto3.client(
                "cloudwatch",
                region_name=self.settings.get("region"),
                aws_access_key_id=self.settings.get("access_key_id") or None,
                aws_secret_access_key=self.settings.get("secret_access_key") or None,
                config=Config(
                    connect_timeout=min(5.0, deadline),
                    read_timeout=deadline,
                    retries={"total_max_attempts": 1},
                ),
            )
            return act(client)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if code in ("AccessDenied", "AccessDeniedException", "InvalidClientTokenId",
                        "SignatureDoesNotMatch", "UnrecognizedClientException"):  # fmt: skip
                raise SourceError(
                    "denied", "AWS refused the credentials.", detail=str(error)[:MAX_QUOTED]
                ) from error
            throttled = "Throttl" in code or "LimitExceeded" in code
            raise SourceError(
                "refused", "AWS refused the query.", passing=throttled,
                detail=str(error)[:MAX_QUOTED],
            ) from error  # fmt: skip
        except BotoCoreError as error:
            raise SourceError(
                "unreachable", f"AWS cannot be reached: {type(error).__name__}.", passing=True,
                detail=str(error)[:MAX_QUOTED],
            ) from error  # fmt: skip
