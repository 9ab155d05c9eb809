"""The command `causebook`: tables for people, --json for pipes, exit codes for scripts.

Exit codes: 0 done; 1 failed; 2 wrong usage or rejected input; 3 not allowed; 4 not found;
5 the server does not answer; 6 `ask` and `similar` have no match; 7 `budget`: it is spent;
8 `load-test --strict`: slower than before. `gate` ends with 7 or 8.
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from causebook_cli import __version__, practice
from causebook_cli.client import USAGE, Client, Failed, number_of
from causebook_cli.output import AsJson, show_json, show_table

NOTHING_ALIKE = 6
app = typer.Typer(no_args_is_help=True, help=__doc__, pretty_exceptions_enable=False)
changes = typer.Typer(no_args_is_help=True, help="Deploys and other changes.")
app.add_typer(changes, name="changes")
app.command()(practice.budget)
app.command("load-test")(practice.load_test)
app.command()(practice.gate)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"causebook {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Options before the name of a command."""


def _show_causes(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        show_json(found)
    elif found["nothing_alike"]:
        print(f"Nothing like this in our history of {found['history']} records.")
    else:
        rows = [
            [
                f"{cause['confidence']:.0%}" if cause["confidence"] is not None else "",
                cause["name"],
                ", ".join(reason["text"] for reason in cause["reasons"][:4]),
                cause["fixed_last_time"][:120],
                ", ".join(past["reference"] for past in cause["incidents"]),
            ]
            for cause in found["causes"]
        ]
        show_table("Past causes", ["Sure", "Cause", "Because of", "Fixed last time", "In"], rows)
        if not rows:
            rows = [
                [f"{row['likeness']:.0%}", row["reference"], row["title"]]
                for row in found["incidents"]
            ]
            show_table("Alike, without a known cause", ["Alike", "Incident", "Title"], rows)
    if found["nothing_alike"]:
        raise typer.Exit(NOTHING_ALIKE)


@app.command()
def ask(
    words: Annotated[list[str], typer.Argument(help="What you see; - reads it from a pipe.")],
    service: Annotated[list[str] | None, typer.Option(help="An affected service.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=20)] = 5,
    as_json: AsJson = False,
) -> None:
    """List past causes of what you see."""
    text = " ".join(words)
    if words == ["-"]:
        # Logs may have bytes of whatever encoding.
        text = sys.stdin.buffer.read().decode("utf-8", "replace")
    first, _, rest = text.strip().partition("\n")
    body = {
        "title": first[:300],
        "symptom": (first[300:] + rest)[:20_000],
        "limit": limit,
        "services": service or [],
    }
    _show_causes(Client().request("POST", "suggestions/", json=body), as_json)


@app.command()
def similar(
    incident: str,
    as_json: AsJson = False,
) -> None:
    """List past causes for an incident."""
    _show_causes(Client().get(f"suggestions/{number_of(incident)}/"), as_json)


@app.command()
def file(
    title: Annotated[list[str], typer.Argument(help="What is wrong.")],
    service: Annotated[list[str] | None, typer.Option(help="An affected service.")] = None,
    severity: Annotated[str, typer.Option()] = "SEV3",
    symptom: Annotated[str, typer.Option(help="More about what you see.")] = "",
    private: Annotated[bool, typer.Option("--private")] = False,
    as_json: AsJson = False,
) -> None:
    """File an incident and print its reference."""
    body = {
        "title": " ".join(title),
        "services": service or [],
        "severity": severity.upper(),
        "symptom": symptom,
        "private": private,
    }
    incident = Client().create("incidents/", body)
    show_json(incident) if as_json else print(incident["reference"])


@app.command()
def show(
    incident: str,
    as_json: AsJson = False,
) -> None:
    """Show an incident with its causes and timeline."""
    client, key = Client(), number_of(incident)
    found = client.get(f"incidents/{key}/")
    found["timeline"] = client.get(f"incidents/{key}/timeline/")
    links = client.get("cause-links/", incident=key)["results"]
    for link in links:
        link["name"] = client.get(f"causes/{link['cause']}/", fields="name")["name"]
    found["causes"] = links
    if as_json:
        show_json(found)
        return
    print(f"{found['reference']} {found['title']}")
    print(f"{found['severity']} {found['status']}  {', '.join(found['services'])}")
    for link in links:
        print(f"{link['role']} cause, {link['state']}: {link['name']}")
    if found["resolution"]:
        print(f"Fixed by: {found['resolution']}")
    rows = [
        [row["at"][:16].replace("T", " "), row["kind"], row["text"]] for row in found["timeline"]
    ]
    show_table("Timeline", ["At (UTC)", "Kind", "What"], rows)


@app.command()
def ack(incident: str, as_json: AsJson = False) -> None:
    """Acknowledge an incident: you work on it, and own it if nobody does."""
    found = Client().request("POST", f"incidents/{number_of(incident)}/acknowledge/")
    show_json(found) if as_json else print(f"{found['reference']} is owned by {found['owner']}")


@app.command()
def field(
    incident: str,
    name: Annotated[str, typer.Argument(help="The name of a custom field: customer_tier.")],
    value: Annotated[str, typer.Argument(help="Left out, the field is cleared.")] = "",
    as_json: AsJson = False,
) -> None:
    """Set or clear a custom field of an incident."""
    body = {"custom_fields": {name: value or None}}
    found = Client().request("PATCH", f"incidents/{number_of(incident)}/", json=body)
    shown = found["custom_fields"].get(name, "not set")
    show_json(found) if as_json else print(f"{found['reference']} {name}: {shown}")


@app.command()
def resolve(
    incident: str,
    fix: Annotated[list[str] | None, typer.Argument(help="What fixed it.")] = None,
    as_json: AsJson = False,
) -> None:
    """Resolve an incident, with what fixed it."""
    body = {"status": "resolved", **({"resolution": " ".join(fix)} if fix else {})}
    found = Client().request("PATCH", f"incidents/{number_of(incident)}/", json=body)
    show_json(found) if as_json else print(f"{found['reference']} is {found['status']}")


@app.command()
def link(
    incident: str,
    cause: Annotated[str, typer.Argument(help="Its name or number; an unknown name is created.")],
    role: Annotated[str, typer.Option(help="root, contributing or trigger")] = "root",
    state: Annotated[str, typer.Option(help="confirmed, suspected or rejected")] = "confirmed",
    reason: Annotated[str, typer.Option()] = "",
    as_json: AsJson = False,
) -> None:
    """Confirm, suspect or reject a cause of an incident."""
    client = Client()
    key = int(cause) if cause.isascii() and cause.isdigit() else _cause(client, cause)
    body = {
        "incident": number_of(incident),
        "cause": key,
        "role": role,
        "state": state,
        "reason": reason,
    }
    created = client.request("POST", "cause-links/", json=body)
    show_json(created) if as_json else print(f"{state} as {role} cause: {cause}")


def _cause(client: Client, name: str) -> int:
    for row in client.get("causes/", q=name, page_size=200)["results"]:
        if row["name"].lower() == name.lower():
            return int(row["id"])
    return int(client.create("causes/", {"name": name})["id"])


@changes.command("add")
def changes_add(
    service: str,
    title: Annotated[list[str], typer.Argument()],
    kind: Annotated[str, typer.Option(help="deploy, config, flag, scaling, migration")] = "deploy",
    version: Annotated[str, typer.Option()] = "",
    author: Annotated[str, typer.Option()] = "",
    url: Annotated[str, typer.Option(help="The build's page.")] = "",
    environment: Annotated[str, typer.Option(help="Such as production or staging.")] = "",
    branch: Annotated[str, typer.Option(help="The branch that was built.")] = "",
    id_: Annotated[str, typer.Option("--id", help="Its id: one is stored once.")] = "",
    as_json: AsJson = False,
) -> None:
    """Record a deploy or another change; one line in CI."""
    body = {
        "service": service,
        "title": " ".join(title),
        "kind": kind,
        "version": version,
        "author": author,
        "url": url,
        "environment": environment,
        "branch": branch,
    }
    if id_:
        body |= {"external_source": "cli", "external_id": id_}
        known = Client().get("changes/", service=service, page_size=200)["results"]
        for row in known:
            if row["external_source"] == "cli" and row["external_id"] == id_:
                show_json(row) if as_json else print(row["id"])
                return
    created = Client().create("changes/", body)
    show_json(created) if as_json else print(created["id"])


@changes.command("list")
def changes_list(
    service: Annotated[str, typer.Argument()] = "",
    limit: Annotated[int, typer.Option(min=1, max=200)] = 20,
    every: Annotated[
        bool, typer.Option("--all", help="Also staging, previews and checks, which do not count.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Recent changes of production."""
    only = {} if every else {"counts": "true"}
    found = Client().get("changes/", service=service, page_size=limit, **only)["results"]
    if as_json:
        show_json(found)
        return
    rows = [
        [
            row["started_at"][:16].replace("T", " "),
            row["service"],
            row["kind"],
            row["title"],
            row["outcome"],
        ]
        for row in found
    ]
    show_table("Changes", ["At (UTC)", "Service", "Kind", "What", "Outcome"], rows)


@app.command("import")
def import_(
    path: Annotated[Path, typer.Argument(help="A .csv, or a file of JSON lines.")],
    source: Annotated[str, typer.Option(help="Where the rows come from.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only report what would be imported.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Import a history of incidents; those that are known already are left unchanged."""
    rows = _rows(path)
    report: dict[str, Any] = {"new": 0, "known": 0, "refused": [], "new_services": []}
    client = Client(timeout=300)
    for start in range(0, len(rows), 500):
        body = {"source": source, "rows": rows[start : start + 500], "dry_run": dry_run}
        part = client.request("POST", "incidents/import/", json=body)
        report["new"] += part["new"]
        report["known"] += part["known"]
        report["new_services"] += part["new_services"]
        report["refused"] += [{**row, "row": row["row"] + start} for row in part["refused"]]
    if as_json:
        show_json(report)
    else:
        would = "would be " if dry_run else ""
        rejected = len(report["refused"])
        print(f"{report['new']} {would}imported, {report['known']} known, {rejected} rejected.")
        for row in report["refused"][:20]:
            print(f"  row {row['row']}: {row['why']}", file=sys.stderr)
    if report["refused"]:
        raise typer.Exit(1)


def _rows(path: Path) -> list[dict[str, Any]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            if path.suffix.lower() == ".csv":
                return [{k: v for k, v in row.items() if k} for row in csv.DictReader(file)]
            return [json.loads(line) for line in file if line.strip()]
    except RecursionError as error:
        raise Failed(f"{path}: It is nested too deep.", USAGE) from error
    except (OSError, ValueError, csv.Error) as error:
        raise Failed(f"{path}: {error}", USAGE) from error


@app.command()
def export(
    query: Annotated[str, typer.Argument(help="As in the search box; empty for all.")] = "",
) -> None:
    """All incidents that match a search, as JSON lines."""
    client = Client()
    page = client.get("incidents/", q=query, page_size=200)
    while True:
        for row in page["results"]:
            print(json.dumps(row, ensure_ascii=False))
        if not page["next"]:
            return
        # Only the query: behind a proxy the address in the answer may not be the one we reach.
        page = client.request("GET", "incidents/?" + page["next"].partition("?")[2])


@app.command()
def whoami(as_json: AsJson = False) -> None:
    """Show whose token this is and what it may do."""
    found = Client().get("me/")
    if as_json:
        show_json(found)
    else:
        team = f", only {found['team']}" if found["team"] else ""
        print(f"{found['user']}: {found['scope']}{team}")


@app.command()
def tail(
    after: Annotated[int | None, typer.Option(help="The id of the last event seen.")] = None,
    count: Annotated[int, typer.Option(help="Stop after this many; 0: never.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Print events as they happen."""
    for seen, event in enumerate(Client().events(after), 1):
        if as_json:
            print(json.dumps(event, ensure_ascii=False), flush=True)
        else:
            print(f"{event['at'][:19].replace('T', ' ')}  {event['text']}", flush=True)
        if seen == count:
            return


def main() -> None:
    try:
        app()
    except Failed as failed:
        print(failed, file=sys.stderr)
        sys.exit(failed.code)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(0)


if __name__ == "__main__":
    main()
