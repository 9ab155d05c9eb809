"""Samples of a JMeter log (JTL), and the summary of those that are requests.

A transaction controller writes a sample of its own. Beside the samples that it sums up it is no
request; with “Generate parent sample” those are not in the file, and it is what was measured.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from practice.load_tests.base import (
    BadFile,
    LoadTestSummary,
    checked,
    listed,
    number,
    percentile,
)

_TRANSACTION = re.compile(r"Number of samples in transaction : (\d{1,9})", re.ASCII)
EMPTY = "Number of samples in transaction : 0"
WORDS = {"true": True, "false": False}
DEFAULT_COLUMNS = ("timestamp", "elapsed", "label", "responsecode", "responsemessage", "threadname")
"""Of a log without a head, which older versions write."""
FORMATS = (
    "%Y/%m/%d %H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%d-%m-%Y %H:%M:%S", "%m-%d-%Y %H:%M:%S",
    "%Y%m%d%H%M%S", "%Y%m%d %H%M%S", "%d/%m/%y %H:%M:%S", "%m/%d/%y %H:%M:%S", "%H:%M:%S",
    "%Y/%m/%d %I:%M:%S %p", "%m/%d/%Y %I:%M:%S %p", "%m/%d/%y %I:%M:%S %p",
)  # fmt: skip
"""What people set as `timestamp_format`, without fractions of a second and zones."""
LONGEST_TIME = 60
"""Characters."""
HALF_A_DAY = 12 * 3_600_000.0
_EPOCH = re.compile(r"\d{10}(?:\d{3})?(?:\.\d+)?", re.ASCII)
_FRACTION = re.compile(r"(\d\d:?\d\d:?\d\d)[.,:](\d{1,9})", re.ASCII)
_ZONE = re.compile(r"(?:Z|UTC|[+-]\d\d:?\d\d)$", re.ASCII)


class Sample(NamedTuple):
    at: str
    elapsed: float
    succeeded: bool | None
    thread: str
    label: str
    samples: int
    """of a transaction; 0 for a request"""


def of_table(rows: Sequence[list[str]]) -> list[Sample]:
    """Raises BadFile, which names line and field."""
    columns, first = _columns(rows)
    elapsed_at = columns["elapsed"]
    samples: list[Sample] = []
    for line, row in enumerate(rows[first:], first + 1):
        if not any(row):
            continue
        if len(row) <= max(columns.values()) and line == len(rows) and samples:
            break  # A test that was stopped leaves half a line.

        def cell(name: str, row: list[str] = row) -> str:
            at = columns.get(name, len(row))
            return row[at].strip() if at < len(row) else ""

        elapsed = number(row[elapsed_at] if elapsed_at < len(row) else "")
        if elapsed is None:
            raise BadFile(f"Line {line}: “elapsed” is “{cell('elapsed')[:40]}”, no milliseconds.")
        if cell("responsemessage").startswith(EMPTY):
            continue
        samples.append(
            Sample(
                cell("timestamp")[:LONGEST_TIME],
                elapsed,
                _succeeded(cell("success"), f"Line {line}") if "success" in columns else None,
                cell("threadname"),
                cell("label"),
                _samples_within(cell, columns),
            )
        )
    return samples


def _samples_within(cell: Callable[[str], str], columns: dict[str, int]) -> int:
    if "responsemessage" in columns:
        return _said(cell("responsemessage"))
    # Without messages: what has no address, no type and no code of its own.
    has_both = {"url", "datatype"} <= columns.keys()
    return int(has_both and cell("url").lower() == "null" and not cell("datatype"))


def _said(message: str) -> int:
    """How many samples a transaction says it has; 0 for the message of a request."""
    match = _TRANSACTION.match(message)
    return int(match[1]) if match else 0


def _columns(rows: Sequence[list[str]]) -> tuple[dict[str, int], int]:
    """Where each column is, and the index of the first row of values. Raises BadFile."""
    head = rows[0] if rows else []
    names = {name.strip().strip('"').lower(): at for at, name in reversed(list(enumerate(head)))}
    if "elapsed" in names:
        return names, 1
    if len(head) > 6 and number(head[1]) is not None and head[0].strip()[:1].isdigit():
        columns = {name: at for at, name in enumerate(DEFAULT_COLUMNS)}
        words = [at for at, value in enumerate(head) if at > 5 and value.strip().lower() in WORDS]
        return columns | ({"success": words[0]} if words else {}), 0
    raise BadFile(
        f"Its first line has no column “elapsed”, but {listed(head)}. For a log, set "
        "jmeter.save.saveservice.print_field_names=true and …time=true."
    )


def _succeeded(word: str, where: str) -> bool:
    found = WORDS.get(word.lower())
    if found is None:
        raise BadFile(f"{where}: “success” is “{word[:40]}”, neither true nor false.")
    return found


def of_xml(content: str) -> list[Sample]:
    """Raises BadFile. Redirects and embedded resources are parts of their sample."""
    if "<!DOCTYPE" in content or "<!ENTITY" in content:
        raise BadFile("It has a DOCTYPE, which a JTL has not.")
    samples: list[Sample] = []
    parser: Any = ElementTree.XMLPullParser(["start", "end"])
    opened: list[list[bool]] = []
    try:
        parser.feed(content.encode("utf-8", "replace").decode())
        parser.close()
        for event, element in parser.read_events():
            if element.tag not in ("httpSample", "sample"):
                continue
            if event == "start":
                if opened:
                    opened[-1][1] = True
                message = element.get("rm", "")
                # Within transactions only: parts of a request are no requests.
                within = not opened or (opened[-1][0] and opened[-1][2])
                opened.append([_said(message) > 0, False, within])
                continue
            is_transaction, has_samples, counts = opened.pop()
            if counts and not (is_transaction and has_samples):
                samples += _of_element(element)
            element.clear()
    except ElementTree.ParseError as error:
        raise BadFile(
            f"This is not whole XML: {error}. A test that was stopped leaves out the last line, "
            "</testResults>: add it."
        ) from error
    if not samples:
        raise BadFile("It holds no <httpSample> and no <sample>.")
    return samples


def _of_element(element: ElementTree.Element) -> Iterator[Sample]:
    label = element.get("lb", "")
    elapsed = number(element.get("t"))
    if elapsed is None:
        raise BadFile(f"The sample “{label[:60]}” has no time “t”: set …saveservice.time=true.")
    message = element.get("rm", "")
    if message.startswith(EMPTY):
        return
    word = element.get("s")
    succeeded = _succeeded(word, f"The sample “{label[:60]}”") if word is not None else None
    at, thread = element.get("ts", "")[:LONGEST_TIME], element.get("tn", "")
    yield Sample(at, elapsed, succeeded, thread, label, _said(message))


def summary_of(samples: Sequence[Sample]) -> LoadTestSummary:
    """Raises BadFile."""
    if not samples:
        raise BadFile("It holds no samples.")
    starts, whole_days = _times([sample.at for sample in samples])
    counted = _requests(samples, starts)
    times = sorted(samples[at].elapsed for at in counted)
    words = [word for at in counted if (word := samples[at].succeeded) is not None]
    rate = None
    if starts:
        ends = [starts[at] + samples[at].elapsed for at in counted]
        length = max(ends) - min(starts[at] for at in counted)
        if length > 0 and (whole_days or length < HALF_A_DAY):
            rate = len(counted) / length * 1000
    return checked(
        LoadTestSummary(
            p50=percentile(times, 0.5),
            p95=percentile(times, 0.95),
            p99=percentile(times, 0.99),
            rate=rate,
            errors=words.count(False) / len(words) if len(words) == len(counted) else None,
            requests=len(counted),
        ),
        "It holds no samples.",
    )


def _requests(samples: Sequence[Sample], starts: Sequence[float]) -> list[int]:
    """Indexes of the samples to count."""
    plain = [at for at, sample in enumerate(samples) if not sample.samples]
    transactions = [at for at, sample in enumerate(samples) if sample.samples]
    if not plain:
        return transactions
    if not transactions or not starts:
        return plain
    by_thread: dict[str, list[float]] = defaultdict(list)
    for at in plain:
        by_thread[samples[at].thread].append(starts[at])
    for begun in by_thread.values():
        begun.sort()
    beside: Counter[str] = Counter()
    for at in transactions:
        sample, begun = samples[at], by_thread.get(samples[at].thread, [])
        # A log has the time at which a sample began or, by a setting, ended.
        first = bisect_left(begun, starts[at] - sample.elapsed)
        if bisect_right(begun, starts[at] + sample.elapsed) - first >= sample.samples:
            beside[sample.label] += 1
    # By label: samples just before a transaction are not its own.
    all_of = Counter(samples[at].label for at in transactions)
    counted = [
        at for at in transactions if beside[samples[at].label] * 2 < all_of[samples[at].label]
    ]
    return sorted([*plain, *counted])


def _times(written: Sequence[str]) -> tuple[list[float], bool]:
    """Milliseconds on one scale, and whether it is longer than a day; empty where none is given.

    Raises BadFile for times in no known format.
    """
    if not all(written):
        return [], True
    if all(_EPOCH.fullmatch(each) for each in written):
        scale = 1000.0 if len(written[0].partition(".")[0]) == 10 else 1.0
        return [float(each) * scale for each in written], True
    parts = [_FRACTION.search(each) for each in written]
    fractions = [float(f"0.{part[2]}") * 1000 if part else 0.0 for part in parts]
    plain = [_ZONE.sub("", _FRACTION.sub(r"\1", each)).strip() for each in written]
    for pattern in FORMATS:
        try:
            moments = [datetime.strptime(each, pattern) for each in plain]
        except ValueError:
            continue
        zero = datetime(1900, 1, 1)
        return [
            (moment - zero).total_seconds() * 1000 + fraction
            for moment, fraction in zip(moments, fractions, strict=True)
        ], "%d" in pattern
    raise BadFile(
        f"“timeStamp” is “{written[0][:40]}”: set jmeter.save.saveservice.timestamp_format to ms "
        "or yyyy/MM/dd HH:mm:ss.SSS."
    )
