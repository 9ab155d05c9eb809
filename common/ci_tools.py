"""Names of build servers and deploy tools: who reports a change, never what was changed."""

from __future__ import annotations

import re

_TOOLS = frozenset(
    "github githubactions githubaction gitlab gitlabci gitlabcicd gitlabrunner bitbucket "
    "bitbucketpipelines bitbucketpipeline jenkins jenkinsci jenkinspipeline hudson circleci "
    "travis travisci teamcity bamboo buildkite drone droneci gocd concourse semaphore semaphoreci "
    "azuredevops azurepipelines azuredevopspipelines vsts tfs argocd argo argorollouts "
    "argoworkflows flux fluxcd spinnaker octopus octopusdeploy harness rundeck ansible awx tower "
    "ansibletower terraform terraformcloud hcpterraform atlantis pulumi helm helmfile kubernetes "
    "k8s kubectl codebuild awscodebuild codepipeline awscodepipeline codedeploy awscodedeploy "
    "cloudbuild googlecloudbuild clouddeploy googleclouddeploy launchdarkly unleash flagsmith "
    "splitio vercel netlify heroku render appveyor codeship wercker tekton werf skaffold "
    "capistrano deployhq ci cd cicd pipeline pipelines curl webhook api script "
    "pagerduty puppet chef".split()
)
_PAGES = tuple(
    "commit commits tree blob actions pull pulls releases src compare merge_requests branch "
    "pull-requests pipelines builds branches deployments tags issues raw".split()
)
_LETTERS = re.compile(r"[^a-z0-9]+")


def is_tool(name: str) -> bool:
    """Whether a name is that of a tool.

    >>> is_tool("GitHub Actions"), is_tool("GitLab CI/CD"), is_tool("shop/checkout")
    (True, True, False)
    """
    return _LETTERS.sub("", name.lower()) in _TOOLS


def repository_name(reference: str) -> str:
    """The repository's own name in a slug, a URL or a path of a clone; empty for anything else.

    >>> repository_name("git@code.example:shop/checkout.git"), repository_name("shop/checkout")
    ('checkout', 'checkout')
    >>> repository_name("https://code.example/shop/checkout/-/jobs/12")
    'checkout'
    """
    path = reference.strip().partition("?")[0].partition("#")[0].rstrip("/")
    after_scheme = path.partition("://")[2]
    if after_scheme:
        path = after_scheme.partition("/")[2]
        path = path.partition("/-/")[0]
    elif ":" in path:
        path = path.rpartition(":")[2]
    parts = [part for part in path.split("/") if part not in ("", "_git", "scm", "projects")]
    for word in _PAGES:
        if word in parts[2:]:
            parts = parts[: parts.index(word, 2)]
    return parts[-1].removesuffix(".git")[:100] if parts else ""
