"""What names of environments, branches and jobs mean, and which values say nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.change_details import Details, service_candidates
from common.ci_tools import is_tool, repository_name
from common.environments import (
    branch_name,
    environment_in,
    environment_of_namespace,
    is_production,
    is_release_branch,
    job_says,
    without_environment,
    words_of,
)
from common.placeholders import is_placeholder, real_value, without_placeholders

ENVIRONMENTS = {
    True: "production Production PROD prod-eu prd1 eu-prod live prod_us Produktion Production/EU "
    "k8s-prod-02 kubernetes-production",
    False: "staging Staging-2 stg stage preview pre-prod preprod PreProduction non-prod nonprod "
    "NonProduction qa QA2 uat test tst testing dev Dev-EU development sandbox e2e review/basket "
    "pr-12 PR12 mr-7 demo local acceptance abnahme homolog github-pages perf ci integration",
    None: "eu-west-1 blue canary default cluster-7 shop",
}


def test_environments_are_read_as_people_call_them() -> None:
    found = {name: is_production(name) for names in ENVIRONMENTS.values() for name in names.split()}
    wanted = {name: kind for kind, names in ENVIRONMENTS.items() for name in names.split()}
    assert found == wanted


@pytest.mark.parametrize(
    ("name", "environment", "app"),
    [
        pytest.param("checkout-staging", "staging", "checkout", id="at the end"),
        pytest.param("prod-checkout", "prod", "checkout", id="at the start"),
        pytest.param("checkout.dev", "dev", "checkout", id="with a dot"),
        pytest.param("checkout_qa2", "qa", "checkout", id="with a number"),
        pytest.param("checkout-pr-12", "pr-12", "checkout-pr-12", id="a pull request"),
        pytest.param("test-runner", "", "test-runner", id="a service about tests"),
        pytest.param("review-service", "", "review-service", id="a service of reviews"),
        pytest.param("live-scores", "", "live-scores", id="a service that is live"),
        pytest.param("checkout", "", "checkout", id="none"),
        pytest.param("integration-hub", "", "integration-hub", id="integrations"),
    ],
)
def test_names_of_apps_say_their_environment(name: str, environment: str, app: str) -> None:
    assert (environment_in(name), without_environment(name)) == (environment, app)


def test_namespaces_branches_and_jobs() -> None:
    assert [environment_of_namespace(name) for name in ("test", "shop-qa", "shop", "ci")] == [
        "test", "qa", "", "",
    ]  # fmt: skip
    released = "main master trunk release/1.2 releases/9 hotfix/x v1.2.3 production refs/tags/x"
    assert all(is_release_branch(name) for name in released.split())
    others = "develop feature/x fix-1 dependabot/npm/x staging renovate/all wip"
    assert not any(is_release_branch(name) for name in others.split())
    assert is_release_branch("develop", "develop")
    assert branch_name("origin/main") == "main"
    assert branch_name("detached") == ""


def test_jobs_say_whether_they_deploy() -> None:
    deploys = (
        "Deploy", "Deploy to production", "deploy-checkout", "CI/CD", "Release", "Build and deploy",
        "Test and deploy", "Publish image", "rollback", "Deploy (prod, EU)", "promote",
    )  # fmt: skip
    checks = (
        "Lint", "Unit tests", "CodeQL", "CI", "PR checks", "Security scan", "E2E", "Type check",
        "Deploy staging", "Deploy preview", "Deploy to test", "Publish docs", "Verify deployment",
        "Post-deploy smoke tests", "Terraform plan", "Deploy (dry run)", "Release Drafter",
        "Nightly", "Dependabot updates", "pages build and deployment",
    )  # fmt: skip
    assert [name for name in deploys if job_says(name)[0] is not True] == []
    assert [name for name in checks if job_says(name)[0] is not False] == []
    assert [job_says(name)[0] for name in ("Build", "main", "checkout")] == [None] * 3


def test_placeholders_say_nothing() -> None:
    nothing = (
        "<no value>", "null", "None", "NULL", "nil", "<nil>", "undefined", "unknown", "N/a", "-",
        "${VERSION}", "$VERSION", "{{ version }}", "{{.app.metadata.name}}", "$(Build.BuildNumber)",
        "${{ github.ref }}", "%BUILD_NUMBER%", "'null'", "${A}-${B}", "%!s(<nil>)",
        "$", "$SERVICEDESC$", "{EVENT.OPDATA}", '{$LIMIT:"/var"}', "{ProblemTitle}", "*UNKNOWN*",
        "[no value]",
    )  # fmt: skip
    assert [value for value in nothing if real_value(value)] == []
    something = (
        "8.53", "main", "none-of-these", "nullable", "${A}-x", "$5", "v1", "unknown-host",
        '{"a":1}', "{a} of {b}", "$5$",
    )  # fmt: skip
    assert [value for value in something if is_placeholder(value)] == []
    assert without_placeholders("checkout ${TAG} to <no value>") == "checkout to"


def test_repositories_and_tools() -> None:
    names = (
        "shop/checkout", "https://github.com/shop/checkout", "git@code.example:shop/checkout.git",
        "https://dev.azure.com/shop/shop/_git/checkout", "ssh://git@c.example:7999/s/checkout.git",
        "https://gitlab.example/a/b/checkout/-/pipelines/7", "checkout",
        "https://github.com/shop/checkout/compare/a...b", "https://github.com/s/checkout/actions/1",
    )  # fmt: skip
    assert {repository_name(name) for name in names} == {"checkout"}
    tools = ("GitHub Actions", "GitLab CI/CD", "jenkins", "Azure Pipelines", "Argo CD", "CircleCI")
    assert all(is_tool(name) for name in tools)
    assert not any(is_tool(name) for name in ("checkout", "jenkins-exporter", "payments"))
    details = Details({"Repo Name": "shop/checkout", "app": "Checkout"})
    assert service_candidates(details, [], "Jenkins") == ("checkout", "Checkout")


@given(st.text(max_size=400))
def test_any_text_is_read_without_an_error(text: str) -> None:
    is_production(text), environment_in(text), without_environment(text), words_of(text)
    is_release_branch(branch_name(text)), job_says(text), repository_name(text), is_tool(text)
    assert without_placeholders(text) == text or len(without_placeholders(text)) < len(text)
    assert real_value(text) in ("", text)
