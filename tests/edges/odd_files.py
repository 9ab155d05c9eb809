"""Files that make readers fail, run for minutes or fill memory, small as they are."""

# ruff: noqa: E501

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

LAUGHS = "\n".join(
    ["a0: &a0 {x: ha}", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9))]
)
MERGES = "\n".join(
    ["a0: &a0 {x: ha}", *(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}" for n in range(1, 30))]
)
ENTITIES = (
    '<?xml version="1.0"?><!DOCTYPE t [<!ENTITY a "haha">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1 or str()};" * 10}">' for n in range(1, 9))
    + "]><testResults>&a8;</testResults>"
)
JTL = "timeStamp,elapsed,label,responseCode,responseMessage,threadName,success"
SAMPLE = "1700000000000,100,a,200,OK,t,true"
WIDE = ",".join(f"c{n}" for n in range(10_000))

WRONG_TYPES: list[Any] = [
    None,
    1,
    -1,
    1.5,
    True,
    "",
    "x",
    [],
    {},
    [[]],
    [{}],
    {"a": []},
    10**300,
    "\x00",
]

TEXTS = {
    "nothing": "",
    "spaces": " \t\r\n\u00a0",
    "null": "\x00\x00",
    "word": "hello",
    "number": "1",
    "json null": "null",
    "json list": "[]",
    "json object": "{}",
    "list of nulls": "[null, 1, \"a\", [], {}, true]",
    "deep lists": "[" * 5_000 + "]" * 5_000,
    "deep objects": '{"a":' * 5_000 + "1" + "}" * 5_000,
    "half json": '{"a": [1, 2, {"b":',
    "long number": "9" * 10_000,
    "long number in json": '{"a": %s}' % ("9" * 10_000),
    "not finite": '{"Total": {"medianResTime": NaN, "sampleCount": Infinity, "throughput": -1e999}}',
    "half pair": '[{"id": "\\ud800", "title": "\\udfff", "name": "\\ud83d", "created_at": "\\ud800"}]',
    "wrong types": json.dumps([
        dict.fromkeys(
            ["id", "title", "name", "number", "created_at", "started_at", "service", "services",
             "severity", "status", "labels", "fields", "causes", "body", "metrics", "stats"],
            value,
        )
        for value in WRONG_TYPES
    ]),
    "control characters": "".join(map(chr, range(32))) + "\x7f\x85\u2028\u2029",
    "yaml aliases": LAUGHS,
    "yaml merge keys": MERGES,
    "yaml itself": "a: &a [*a]",
    "yaml tag": "!!python/object/apply:os.system ['true']",
    "yaml odd keys": "{1: a, [x]: b, {c: d}: e, null: f, 2020-01-01: g, ? : h}",
    "yaml many documents": "---\n" * 2_000,
    "yaml dates": "a: 0000-00-00\nb: 9999-99-99T99:99:99Z\nc: 0x\nd: 1_000_000__\ne: !!int x\n",
    "yaml base 60": "a: " + ":".join(["59"] * 3000),
    "xml entities": ENTITIES,
    "xml deep": "<testResults>" + "<sample>" * 50_000,
    "xml deep closed": "<testResults>" + "<sample>" * 5_000 + "</sample>" * 5_000 + "</testResults>",
    "xml many attributes": "<testResults><sample " + " ".join(f'a{n}="1"' for n in range(20_000)) + "/></testResults>",
    "html": "<html><body>" + "<div>" * 5_000 + "x",
    "html tables": "<html><body>" + "<table><tr><td>" * 1_000 + "x",
    "html unclosed": "<html><body>" + "<a href='" * 20_000,
    "html open comments": "<html><body>" + "<!-- >" * 20_000,
    "html many": "<html><body><h1>INC 2024-01-02 10:00</h1>" + "<p>a <b>b</b> <i>c</i></p>" * 5_000,
    "svg": '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>',
    "wide table": f"{WIDE}\n{WIDE}",
    "wide jtl": f"{JTL},{WIDE}\n{SAMPLE},{WIDE}\n" + f"{SAMPLE}\n" * 20,
    "double columns": f"{JTL},elapsed,timeStamp\n{SAMPLE},1,2\n",
    "all columns the same": "elapsed," * 200 + "\n" + "1," * 200,
    "empty heads": ",,,,\n1,2,3,4,5\n",
    "head only": JTL,
    "no rows but lines": JTL + "\n" * 100_000,
    "semicolons": f"{JTL}\n{SAMPLE}".replace(",", ";"),
    "huge times": f"{JTL}\n999999999999999999999,1e308,a,200,OK,t,true\n-5,-1,a,,,,true\n",
    "huge sums": f"{JTL}\n" + "1700000000000,1.7e308,a,200,OK,t,true\n" * 3,
    "marked": f"\ufeff\ufeff{JTL}\n{SAMPLE}",
    "long cell": "id,title,started_at\n1," + "w" * 1_100_000 + ",2024-01-02",
    "open quote": 'id,title,started_at\n1,"' + "a,b\n" * 10_000,
    "many quotes": "id,title,started_at\n" + '"' * 200_001,
    "carriage returns": "id,title,started_at\r1,a,2024-01-02\r2,b,2024-01-03\r",
    "line separators": "id,title,started_at\n1,a\u2028b,2024-01-02\n",
    "odd dates": "id,title,started_at\n" + "\n".join(
        f"{n},t,{at}" for n, at in enumerate([
            "0000-01-01", "9999-12-31T23:59:59-23:59", "2016-12-31T23:59:60Z", "NaN", "inf", "-1",
            "1e308", "99999999999999999999", "2024-02-30", "24:00", "1/1/1", "0001-01-01T00:00:00+23:59",
            "١٢/٣/٢٠٢٤", "²", "=NOW()",
        ])),
    "formulas": 'id,title,started_at\n=1+1,"=HYPERLINK(""http://x"")",2024-01-02\n@x,+y,2024-01-02',
    "separator line": "sep=\n1,2",
    "separator is a quote": 'sep="\n"a"b',
    "separator is a line": "sep=\r\n1,2",
    "front matter": "---\n" + LAUGHS + "\n---\n# INC 2024-01-02\n\ntext\n",
    "front matter deep": "---\na: " + "[" * 5_000 + "\n---\n# x\n",
    "front matter odd": "---\n- 1\n---\n# x\n\ny\n",
    "front matter open": "---\n" + "a: b\n" * 2_000,
    "brackets": "# 2024-01-02 outage\n\n" + "[" * 20_000,
    "links": "# 2024-01-02 outage\n\n" + "[a](" * 10_000,
    "images": "# 2024-01-02 outage\n\n" + "![" * 10_000 + "](" * 10_000,
    "emphasis": "# 2024-01-02 outage\n\n" + "*a **a " * 5_000,
    "underscores": "# 2024-01-02 outage\n\n" + "_" * 20_000 + "a",
    "backticks": "# 2024-01-02 outage\n\n" + "".join("`" * n + " " for n in range(300)),
    "quotes in quotes": "# 2024-01-02 outage\n\n" + ">" * 20_000,
    "lists in lists": "# 2024-01-02 outage\n\n" + "\n".join(" " * n + "- a" for n in range(500)),
    "wide markdown table": "|" + "a|" * 3_000 + "\n|" + "-|" * 3_000 + "\n" + "|a\n" * 300,
    "definitions": "\n".join(f"[{n}]: http://x" for n in range(1_000)) + "\n" + "[1]" * 1_000,
    "many headings": "# a\n" * 5_000,
    "many labels": "**Severity**: SEV1\n" * 5_000,
    "colons": "a:" * 50_000,
    "dashes": "-" * 100_000 + "\n" + "- " * 50_000,
    "long word": "w" * 200_000,
    "digits and dots": "1." * 50_000,
    "dates": "2024-01-02 " * 20_000,
    "slashes": "1/2/" * 50_000,
    "times": "10:00 " * 20_000,
    "addresses": "http://" * 50_000,
    "mails": "a@" * 50_000,
    "spaces then word": " " * 100_000 + "x",
    "lines of spaces": (" " * 200 + "\n") * 2_000,
}  # fmt: skip

BYTES = {
    "utf-16": f"{JTL}\n{SAMPLE}".encode("utf-16"),
    "utf-16 without mark": "id,title,started_at\n1,a,2024-01-02".encode("utf-16-be"),
    "utf-16 odd": b"\xff\xfe\x00\xd8a",
    "utf-32": "id,title".encode("utf-32"),
    "not utf-8": b"id,title,started_at\n1,\xff\xfe\xfd\x80,2024-01-02",
    "zip": b"PK\x03\x04" + bytes(200),
    "gzip": b"\x1f\x8b\x08\x00" + bytes(200),
    "png": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\xea`\x00\x00\xea`",
    "pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj",
    "nulls": bytes(100_000),
}

SLOW_MARKDOWN: dict[str, Callable[[int], str]] = {
    "brackets": lambda n: "[" * n,
    "closed brackets": lambda n: "[" * (n // 2) + "]" * (n // 2),
    "links": lambda n: "[a](" * (n // 4),
    "links in angles": lambda n: "[a](<b" * (n // 6),
    "images": lambda n: "![" * (n // 4) + "](" * (n // 4),
    "emphasis": lambda n: "*a **a " * (n // 7),
    "left and right": lambda n: "a**b" * (n // 8) + "c* " * (n // 6),
    "stars": lambda n: "*" * (n // 2) + "a" + "*" * (n // 2),
    "strike": lambda n: "~~a " * (n // 4),
    "strike and emphasis": lambda n: "~~a **b *c _d " * (n // 14),
    "backticks": lambda n: "".join("`" * k + " " for k in range(int((2 * n) ** 0.5))),
    "quotes": lambda n: ">" * n,
    "lists in quotes": lambda n: "> - " * (n // 4),
    "lists in lists": lambda n: "\n".join(" " * k + "- a" for k in range(int((2 * n) ** 0.5))),
    "definitions": lambda n: "\n".join(f"[{k}]: /x" for k in range(n // 20)) + "[1]" * (n // 6),
    "half definitions": lambda n: '[a]: b "' * (n // 8),
    "entities": lambda n: "&a" * (n // 2),
    "tags": lambda n: "<a" * (n // 2),
    "addresses": lambda n: "<http:" * (n // 6),
    "tildes": lambda n: "~" * n,
    "fences": lambda n: "~~~ a\n" * (n // 6),
    "mentions": lambda n: "@" + "a." * (n // 2),
    "lazy lines": lambda n: "> a\n" + "b\n" * (n // 2),
    "wide table": lambda n: "|" + "a|" * (n // 4) + "\n|" + "-|" * (n // 4) + "\n" + "|a\n" * 300,
}
