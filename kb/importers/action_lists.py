"""Action items in reports: rows of tables and entries of lists."""

from __future__ import annotations

import re
from collections.abc import Iterator

from common.times import parse_time
from common.written_times import DateOrder
from incidents.history_rows import canonical_head
from kb.importers.base import ImportedAction
from kb.importers.postmortem_text import Section, cells_of, plain

MAX_ACTIONS = 60
_ENTRY = re.compile(r"(\s{0,12})(?:[-*+•]|\d{1,2}[.)])\s{1,5}(?:\[([ xX])\]\s{1,5})?(\S.{0,2000})$")
_OWNER = re.compile(
    r"[(\[](?:(?:owner|assignee|dri|who|verantwortlich|responsable)\s?:?\s?@?|@)"
    r"([\w .-]{2,50})[)\]]\s{0,3}$",
    re.IGNORECASE,
)
_LABELLED = re.compile(
    r"[\s(\[,;|–—-]{1,3}"
    r"(owner|assignee|dri|due|due date|deadline|ticket|status|frist|verantwortlich)"
    r"\s?:\s{0,3}([^;|()\[\],–—]{1,60})",
    re.IGNORECASE,
)
_BY = re.compile(
    r"[\s(\[,;|–—-]{1,3}(?:due|by|until|eta|bis|vor|fällig|avant le|pour le|antes del|voor)"
    r"(?: on| zum| am)?\s(\d{1,4}[./-]\d{1,2}[./-]\d{1,4})(?!\d)",
    re.IGNORECASE | re.ASCII,
)
"""“… by 2026-04-01”, where no label says what the date is."""
_LAST_WORD = re.compile(r"[a-z]{1,20}$", re.IGNORECASE)
_MENTION = re.compile(r"(?<!\w)@([\w.-]{2,40})")
_MENTIONED_LAST = re.compile(r"[(\[]@[\w.-]{2,40}[)\]]\s{0,3}$")
_ADDRESS = re.compile(r"https?://[^\s)\]|>]{1,400}")
_HEADS = {
    "title": "action_item action actions action_items item task todo description what improvement "
    "follow_up massnahme aufgabe tache action_corrective accion tarea summary step recommendation",
    "kind": "type kind category art typ tipo type_mitigate_prevent_process_other",
    "owner": "owner who assignee assigned_to responsible dri owners verantwortlich wer zustandig "
    "responsable person team lead",
    "tracker": "bug bug_ ticket issue link jira tracking tracking_bug tracking_issue tracker url "
    "ticket_link reference",
    "due": "due due_date deadline by when eta target_date target frist bis faellig fallig echeance "
    "fecha plazo date datum",
    "state": "status state done progress zustand etat estado",
}  # fmt: skip
_FIELD = {head: name for name, heads in _HEADS.items() for head in heads.split()}
_DONE = {
    "done", "closed", "complete", "completed", "fixed", "resolved", "yes", "x", "erledigt",
    "fertig",
    "termine", "fait", "hecho", "merged", "shipped",
}  # fmt: skip
_DROPPED = {"dropped", "rejected", "wont_do", "won_t_do", "cancelled", "canceled", "won_t_fix"}
_KINDS = {
    "detect": "detect detection monitoring alerting monitor erkennen detecter detectar",
    "mitigate": "mitigate mitigation respond response recover recovery repair lindern attenuer",
}
_NOTHING = set("tbd none n_a na nothing todo tba keine aucun ninguna example".split())


def actions_of(section: Section, order: DateOrder = "") -> list[ImportedAction]:
    """The action items of a section. Never raises."""
    rows = [line for line in section.lines if line.lstrip().startswith("|")]
    found = list(_of_table(rows, order)) if rows else list(_of_list(section.lines, order))
    named = (each for each in found if not is_nothing(each.title))
    return list({each.title: each for each in named}.values())[:MAX_ACTIONS]


def is_nothing(text: str) -> bool:
    """Whether a text says nothing: TBD, n/a, a placeholder."""
    name = canonical_head(text[:100])
    bracketed = text[:1] in "<{[" and text[-1:] in ">}]"
    return not name or name in _NOTHING or bracketed or "{{" in text


def _of_table(lines: list[str], order: DateOrder) -> Iterator[ImportedAction]:
    heads: list[str] = []
    for line in lines:
        cells = cells_of(line)
        if all(set(cell) <= set("-: ") for cell in cells):
            continue
        if not heads:
            heads = [_FIELD.get(canonical_head(cell), "") for cell in cells]
            if "title" not in heads:
                heads[next((i for i, name in enumerate(heads) if not name), 0)] = "title"
            continue
        row: dict[str, str] = {}
        for head, cell, raw in zip(heads, cells, line.strip().strip("|").split("|"), strict=False):
            if head and not row.get(head):
                row[head] = cell
            if address := _ADDRESS.search(raw):
                row.setdefault("address", address[0])
        if row.get("title"):
            yield _action(row, order)


def _of_list(lines: list[str], order: DateOrder) -> Iterator[ImportedAction]:
    least: int | None = None
    for line in lines:
        match = _ENTRY.match(line)
        if match is None:
            continue
        least = len(match[1]) if least is None else min(least, len(match[1]))
        if len(match[1]) > least + 1:
            continue  # Part of the entry above.
        row = {"state": "done" if (match[2] or " ") in "xX" else ""}
        if address := _ADDRESS.search(match[3]):
            row["address"] = address[0]
        text = _ADDRESS.sub("", plain(match[3]))
        for label, value in _LABELLED.findall(text):
            name = _FIELD.get(canonical_head(label), "")
            row[name] = row.get(name) or value.strip()
        text = _LABELLED.sub("", text)
        if due := _BY.search(text):
            row.setdefault("due", due[1])
            text = _BY.sub("", text)
        if mention := _MENTION.search(text):
            row.setdefault("owner", mention[1])
            text = _MENTIONED_LAST.sub("", text)
        elif owner := _OWNER.search(text):
            row.setdefault("owner", owner[1].strip())
            text = text[: owner.start()]
        row["title"] = text.strip(" ()[]-–—:,;|")
        if row["title"]:
            yield _action(row, order)


def _action(row: dict[str, str], order: DateOrder) -> ImportedAction:
    due = parse_time(row.get("due", ""), order=order)
    # Where no column is named after it, the state follows the ticket: “#12 DONE”.
    last = _LAST_WORD.search(row.get("tracker", "").strip())
    state = canonical_head(row.get("state", "") or (last[0] if last else ""))
    kind = canonical_head(row.get("kind", ""))
    return ImportedAction(
        title=" ".join(row["title"].split())[:300],
        kind=next((ours for ours, words in _KINDS.items() if kind in words.split()), "prevent"),
        owner=row.get("owner", "").lstrip("@")[:200],
        due_on=due.date() if due else None,
        state="done" if state in _DONE else "dropped" if state in _DROPPED else "open",
        tracker_url=row.get("address", "")[:500],
    )
