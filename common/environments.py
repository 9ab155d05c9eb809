"""What the names of environments, branches and jobs say: production or not. Knows no Django."""

from __future__ import annotations

import re

PRODUCTION = frozenset(
    "production prod prods prd live produktion produktiv producao produção produccion producción "
    "prodn primary".split()
)
PREVIEW = frozenset(
    "preview previews review reviews reviewapp reviewapps ephemeral temporary temp tmp".split()
)
STAGING = frozenset(
    "staging stage stg stag preprod preproduction preprd nonprod nonproduction nonprd "
    "acceptance acc abnahme uat sit qa qas quality recette homolog homologacao homologação hml "
    "integration int rehearsal shadow".split()
)
TESTING = frozenset(
    "test tests testing tst teste testumgebung e2e ci loadtest perf performance nightly "
    "experimental experiment".split()
)
DEVELOPMENT = frozenset(
    "dev devel develop development developer developers entwicklung desarrollo desenvolvimento "
    "local localhost sandbox playground lab labs demo training feature minikube kind".split()
)
NOT_PRODUCTION = PREVIEW | STAGING | TESTING | DEVELOPMENT
_IN_NAMES = (NOT_PRODUCTION | PRODUCTION) - {"primary", "int", "acc", "quality", "performance"}
"""Words that mean the environment when they are a part of the name of an app or a namespace."""
_AMBIGUOUS_IN_NAMES = frozenset(
    "live stage review reviews integration test tests testing ci kind lab labs local temp tmp "
    "feature experiment experimental shadow training demo temporary".split()
)
"""Words that names of services have too: they mean the environment only at the end of a name."""
_WORDS = re.compile(r"[^\W_]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_NEGATED = re.compile(r"\b(pre|non|not|no)[\W_]*(?=(?:prod|prd|live))")
_NUMBERED_REQUEST = re.compile(r"(?:^|[\W_])(?:pr|mr|pull|merge)[\W_]*\d+(?:$|[\W_])", re.I)


def words_of(name: str) -> list[str]:
    """The words of a name in lower case; `pre-prod` is one word.

    >>> words_of("Pre-Production/eu-west1"), words_of("QaEnv2")
    (['preproduction', 'eu', 'west'], ['qa', 'env'])
    """
    split = _CAMEL.sub(" ", name[:300]).lower()
    joined = _NEGATED.sub(lambda found: "pre" if found[1] == "pre" else "non", split)
    words = [word.strip("0123456789") or word for word in _WORDS.findall(joined)]
    return [word for word in words if word and not word.isdigit()]


def is_production(environment: str) -> bool | None:
    """Whether the name of an environment means production; None if it does not say.

    >>> [is_production(name) for name in ("prod-eu", "Preview", "pre-prod", "eu-west-1", "pr-12")]
    [True, False, False, None, False]
    """
    if _NUMBERED_REQUEST.search(environment):
        return False
    words = set(words_of(environment))
    if words & NOT_PRODUCTION or {"e2e", "github-pages", "copilot"} & {environment.lower()}:
        return False
    return True if words & PRODUCTION else None


def environment_in(name: str) -> str:
    """The environment that a part of an app's or a namespace's name means; empty without one.

    >>> [environment_in(name) for name in ("checkout-staging", "prod-checkout", "test-api")]
    ['staging', 'prod', '']
    """
    request = _NUMBERED_REQUEST.search(name)
    if request:
        return request[0].strip("-_/. ").lower()
    words = words_of(name)
    for number, word in enumerate(words):
        last = number == len(words) - 1 and len(words) > 1
        if word in _IN_NAMES and (last or word not in _AMBIGUOUS_IN_NAMES):
            return word
    return ""


def without_environment(name: str) -> str:
    """The name of an app without its part that means the environment.

    >>> without_environment("checkout-staging"), without_environment("prod-checkout")
    ('checkout', 'checkout')
    """
    parts = re.split(r"([-_./])", name[:200])
    names = parts[::2]
    if len(names) < 2:
        return name
    word = environment_in(name)
    for end in (len(names) - 1, 0):
        own = "".join(words_of(names[end]))
        if own and own == word:
            rest = parts[:-2] if end else parts[2:]
            return "".join(rest) if re.search(r"[^\W\d_]", "".join(rest)) else name
    return name


def environment_of_namespace(namespace: str) -> str:
    """The environment that the name of a Kubernetes namespace means; empty if it means none.

    >>> environment_of_namespace("test"), environment_of_namespace("shop-staging")
    ('test', 'staging')
    """
    words = words_of(namespace)
    if len(words) == 1 and words[0] in (NOT_PRODUCTION | PRODUCTION) - {"ci", "kind", "feature"}:
        return namespace
    return environment_in(namespace)


RELEASE_BRANCHES = frozenset("main master trunk mainline default stable live release".split())
"""Branches whose builds are deployed, where nobody says which branch is the default one."""
_RELEASE_PREFIXES = ("release/", "releases/", "release-", "hotfix/", "hotfix-", "prod/", "stable/")


def branch_name(ref: str) -> str:
    """The branch of a reference such as `refs/heads/main` or `origin/main`.

    >>> branch_name("refs/heads/feature/x"), branch_name("origin/main"), branch_name("v1.2")
    ('feature/x', 'main', 'v1.2')
    """
    for prefix in ("refs/heads/", "refs/tags/", "refs/remotes/", "heads/", "tags/"):
        ref = ref.removeprefix(prefix)
    name = ref.removeprefix("origin/").strip()
    return "" if name.lower() in ("detached", "head", "(head)") else name


def is_tag(ref: str) -> bool:
    return ref.startswith(("refs/tags/", "tags/")) or bool(re.fullmatch(r"v?\d+(\.\d+){1,3}", ref))


def is_release_branch(branch: str, default_branch: str = "") -> bool:
    """Whether what is built of a branch is what runs in production, as most people have it.

    >>> [is_release_branch(name) for name in ("main", "release/1.2", "feature/x", "develop")]
    [True, True, False, False]
    """
    name = branch.lower()
    if default_branch and name == default_branch.lower():
        return True
    if is_production(branch) and "/" not in branch:
        return True
    return name in RELEASE_BRANCHES or name.startswith(_RELEASE_PREFIXES) or is_tag(branch)


_DEPLOYING = frozenset(
    "deploy deploys deployed deploying deployment deployments release releases rollout ship "
    "publish promote promotion cd upgrade rollback hotfix golive apply".split()
)
_CHECKING = frozenset(
    "lint linter linting lints test tests testing unit e2e check checks checking codeql scan scans "
    "scanning sast dast audit security vulnerability vulnerabilities trivy snyk sonar sonarqube "
    "sonarcloud coverage codecov format formatting fmt style eslint prettier ruff mypy typecheck "
    "types typing verify verification validate validation quality benchmark benchmarks smoke "
    "regression cypress playwright pytest jest renovate dependabot stale labeler label triage "
    "ci docs documentation changelog spellcheck commitlint backup backups nightly plan drafter "
    "cleanup backport automerge issues pr prs preflight prechecks please".split()
)
_DOCUMENTS = frozenset("docs documentation storybook changelog pages".split())
_NEVER = frozenset("dry dryrun".split())


def _is_check_of_a_deploy(words: list[str]) -> bool:
    """“Verify deployment” and “Post-deploy smoke tests”, but not “Test and deploy”."""
    checks, deploys = set(words) & _CHECKING, set(words) & _DEPLOYING
    if not (checks and deploys):
        return False
    return bool({"post", "after", "pre", "before"} & set(words)) or (
        len(words) == 2 and bool(checks - {"ci"})
    )


def job_says(job: str) -> tuple[bool | None, str]:
    """Whether a job's name means a deploy of production, and what it means otherwise.

    >>> job_says("Lint"), job_says("Deploy to production"), job_says("Deploy staging")
    ((False, 'a check'), (True, ''), (False, 'staging'))
    >>> job_says("Build"), job_says("Verify deployment")
    ((None, ''), (False, 'a check'))
    """
    words = words_of(job)
    known = {*words, *_WORDS.findall(job[:300].lower())}
    deploys = bool(known & _DEPLOYING)
    if known & _NEVER:
        return False, "a dry run"
    if known & PRODUCTION:
        return True, ""
    if _is_check_of_a_deploy(words):
        return False, "a check"
    for before, word in zip(["", *words], words, strict=False):
        elsewhere = word in PREVIEW | STAGING or word in DEVELOPMENT - {"feature", "kind", "local"}
        if word in NOT_PRODUCTION and (elsewhere or before in ("to", "deploy", "in", "on")):
            return False, word
    if deploys and not known & (_DOCUMENTS | {"drafter", "please", "pr", "prs"}):
        return True, ""
    if known & _DOCUMENTS:
        return False, "documentation"
    if known & _CHECKING:
        return False, "a check"
    return None, ""
