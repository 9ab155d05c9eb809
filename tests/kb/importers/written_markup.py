"""Reports and their parts in reStructuredText and AsciiDoc, and what they are in Markdown."""

from __future__ import annotations

RST_REPORT = """\
.. _relay-2026-03-05:

==========
Relay down
==========

:Date: 2026-03-05
:Severity: SEV2
:Affected services: mailer,
   queue
:Start: 10:04 UTC
:End: 11:06 UTC

.. contents::

Summary
=======

Mail was late for an hour.

Root cause
==========

*Note the final root cause and what has to change.*

The certificate of the relay had expired, see `the wiki
<https://wiki.example/relay>`__.

Timeline
========

.. list-table::
   :header-rows: 1

   * - Time
     - Event
   * - 10:04
     - First alert
   * - 11:06
     - Renewed

.. image:: graph.png
   :alt: Queue

Follow-up tasks
===============

-  ☒ Renew ``relay.pem``
-  ☐ Watch the
   expiry
"""

ADOC_REPORT = """\
= Relay down
The team <team@example.com>
v1.0, 2026-03-09
:date: 2026-03-05
:severity: SEV2
:toc: macro
:icons: font

toc::[]

[abstract]
== Summary

Mail was *late* for an hour.

== Impact

Duration:: 10:04 to 11:06 UTC
Affected services:: mailer, queue

== Root cause

// nobody reads this
The certificate of the relay had expired, see https://wiki.example/relay[the wiki].

.Timeline
[cols="1,3",options="header"]
|===
|Time |Event

|10:04 |First alert
|11:06
|Renewed
|===

image::graph.png[Queue]

== Follow-up tasks

* [x] Renew `relay.pem`
* [ ] Watch the expiry
"""

RST_PARTS = {
    "Title\n=====\n\nPart\n----\n\nDetail\n~~~~~~\n": "# Title\n\n## Part\n\n### Detail",
    "=====\nTitle\n=====\n\nPart\n=====\n": "# Title\n\n## Part",
    ":Date: 2026-03-05": "**Date:** 2026-03-05",
    "+------+-------+\n| Time | Event |\n+======+=======+\n| 10:04| A b   |\n|      | c     |\n"
    "+------+-------+\n": "| Time | Event |\n| --- | --- |\n| 10:04 | A b c |",
    "=====  =====\nTime   Event\n=====  =====\n10:04  Alert\n       again\n=====  =====\n":
        "| Time | Event |\n| --- | --- |\n| 10:04 | Alert again |",
    ".. csv-table:: Tasks\n   :header: no\n\n   Task,Owner\n   \"Renew, soon\",ann\n":
        "Tasks\n\n| Task | Owner |\n| --- | --- |\n| Renew, soon | ann |",
    ".. code-block:: sh\n   :linenos:\n\n   ls -l\n     -a\n\nNext":
        "```\nls -l\n  -a\n```\n\nNext",
    "The log says::\n\n   x | y\n\nNext": "The log says:\n\n```\nx | y\n```\n\nNext",
    ".. note:: Twice.\n\n   And again.\n\nNext": "Twice.\nAnd again.\n\nNext",
    ".. admonition:: Root cause\n\n   A full disk.\n": "**Root cause**\n\nA full disk.",
    "#. one\n#. two": "1. one\n1. two",
    "- one\n  goes on\n\n  - two\n    also": "- one goes on\n\n  - two also",
    "| a\n| b": "a\nb",
    "See `x <https://e.example>`_, :ref:`the page <p>` and ``c``, `d`_.":
        "See [x](https://e.example), the page and `c`, d.",
    ".. comment\n   of two lines\n\n.. _target: https://e.example\n\nText": "Text",
}  # fmt: skip

ADOC_PARTS = {
    "= Title\n\n== Part\n\n=== Detail\n": "# Title\n\n## Part\n\n### Detail",
    ":date: 2026-03-05\n:icons: font\n:!toc:": "**Date:** 2026-03-05",
    "Severity:: SEV2": "**Severity:** SEV2",
    ".Timeline\n|===\n|a |b\n|c |d\n|===": "**Timeline**\n\n| a | b |\n| --- | --- |\n| c | d |",
    "[cols=2*]\n|===\n|a\n|b\n\n|c\ngoes on\n|d\n|===":
        "| a | b |\n| --- | --- |\n| c goes on | d |",
    "[source,sh]\n----\nls | wc\n----\n": "```\nls | wc\n```",
    "....\nlog\n....": "```\nlog\n```",
    "[NOTE]\n====\nTwice.\n====": "Twice.",
    "////\nhidden\n////\nText": "Text",
    "// hidden\nText +\nmore": "Text\nmore",
    "* a\n** b\n- c": "- a\n  - b\n- c",
    ". one\n. two": "1. one\n1. two",
    "*bold* link:https://e.example[x] <<part,there>>": "**bold** [x](https://e.example) there",
    "a\n\n'''\n\nb": "a\n\n---\n\nb",
    "2 * 3 * 4": "2 * 3 * 4",
}  # fmt: skip
