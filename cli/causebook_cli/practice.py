"""Commands for pipelines: error budgets, load tests, and whether a release may go out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from causebook_cli.client import NOT_FOUND, USAGE, Client, Failed
from causebook_cli.output import AsJson, show_json, show_table

SPENT, SLOWER = 7, 8
Repository = Annotated[
    str,
    typer.Option(
        help="As in example/shop, or its clone address; pipelines name it by themselves.",
        envvar=["BITBUCKET_REPO_FULL_NAME", "GITHUB_REPOSITORY", "CI_PROJECT_PATH", "GIT_URL"],
    ),
]
Commit = Annotated[
    str,
    typer.Option(
        help="The full hash of what was tested; pipelines name it by themselves.",
        envvar=["BITBUCKET_COMMIT", "GITHUB_SHA", "CI_COMMIT_SHA", "GIT_COMMIT"],
    ),
]


def budget(
    service: Annotated[str, typer.Argument(help="Its name.")], as_json: AsJson = False
) -> None:
    """Show the error budgets of a service. Exit code 7 while one of them is spent."""
    client = Client()
    slos = client.get("slos/", service__name=service, enabled="true")["results"]
    if not slos:
        raise Failed(f"{service} has no objective.", NOT_FOUND)
    budgets = [{**client.get(f"slos/{slo['id']}/budget/"), "slo": slo} for slo in slos]
    if as_json:
        show_json(budgets)
    else:
        rows = [
            [
                each["slo"]["name"],
                f"{each['slo']['target']} %",
                each["state"],
                f"{each['spent']:.0f} of {each['minutes']:.0f} min",
                ", ".join(part["name"] for part in each["causes"][:2]),
            ]
            for each in budgets
        ]
        show_table(service, ["objective", "target", "state", "spent", "most of it by"], rows)
    if not all(each["may_release"] for each in budgets):
        raise typer.Exit(SPENT)


def load_test(
    service: Annotated[str, typer.Argument(help="Its name.")],
    tool: Annotated[str, typer.Argument(help="k6, jmeter, locust or gatling.")],
    path: Annotated[Path, typer.Argument(help="The report that the tool wrote.")],
    release: Annotated[str, typer.Option(help="What was tested.")] = "",
    scenario: Annotated[str, typer.Option(help="Runs of one scenario are compared.")] = "default",
    url: Annotated[str, typer.Option(help="Of the job.")] = "",
    repository: Repository = "",
    commit: Commit = "",
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 8 when slower.")] = False,
    as_json: AsJson = False,
) -> None:
    """Store the summary of a load test and show what changed against earlier runs."""
    try:
        content = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise Failed(f"{path}: {error}", USAGE) from error
    body = {
        "service": service,
        "tool": tool,
        "content": content,
        "release": release,
        "scenario": scenario,
        "url": url,
        **({"repository": repository, "commit": commit} if repository and commit else {}),
    }
    run = Client(timeout=120).request("POST", "load-tests/", json=body)
    worse = [each for each in run["moved"] if each["worse"]]
    if as_json:
        show_json(run)
    else:
        changes = ", ".join(each["in_words"] for each in run["moved"])
        print(changes or "No change against earlier runs.")
    if strict and worse:
        print("Worse than earlier runs.", file=sys.stderr)
        raise typer.Exit(SLOWER)


def gate(
    service: Annotated[str, typer.Argument(help="Its name.")],
    commit: Commit = "",
    release: Annotated[str, typer.Option(help="Of the load tests, in place of a commit.")] = "",
    as_json: AsJson = False,
) -> None:
    """Ask whether a release may go out, as its commit shows it.

    Exit code 8 when a load test of it was worse than usual, 7 when an error budget is spent.
    """
    wanted = {"release": release} if release else {"commit": commit}
    found = Client().get("release-gate/", service=service, **wanted)
    if as_json:
        show_json(found)
    else:
        print(found["in_words"])
    against = {reason["what"] for reason in found["reasons"]}
    if against:
        raise typer.Exit(SLOWER if "load-test" in against else SPENT)
