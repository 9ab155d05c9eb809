"""Django settings, from environment variables only (docs/settings.md)."""

from typing import Any

from csp.constants import NONCE, NONE, SELF
from kombu import Queue

from config import env
from config.observability.logs import logging_config
from config.servers import *  # noqa: F403
from config.servers import REDIS_URL
from config.sign_in import *  # noqa: F403
from config.sign_in import LDAP_URL, SESSION_MAX_HOURS, SINGLE_SIGN_ON_APPS
from config.version import VERSION

BASE_DIR = env.ROOT
DATA_DIR = env.data_dir()
DEBUG = env.flag("DEBUG")
DJANGO_ADMIN = env.flag("DJANGO_ADMIN")
SECRET_KEY = env.secret_key()
SECRET_KEY_FALLBACKS = env.secret_words("SECRET_KEY_FALLBACKS")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")

INSTALLED_APPS = [
    "config.apps.AdministrationConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "csp",
    "simple_history",
    *SINGLE_SIGN_ON_APPS,
    "people",
    "incidents",
    "kb",
    "analysis",
    "practice",
    "accounts",
    "demo",
    "config.apps.OperatingConfig",
]

MIDDLEWARE = [
    "config.observability.requests.observed",
    "config.headers.security_headers",
    "config.odd_requests.OddRequests",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "accounts.web.origin.origin_middleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "accounts.web.middleware.session_limits",
    "accounts.web.middleware.trusted_proxy_middleware",
    "accounts.web.middleware.own_time_zone",
    "accounts.web.language.ReadersLanguage",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.web.middleware.RequiredSteps",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "incidents.api.auth.rate_headers",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "config.translated_pages.PageTemplates",
        "NAME": "django",  # Libraries ask for it by this name.
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "incidents.web.notices.unread",
                "config.version.version",
            ],
            "builtins": ["django.templatetags.i18n", "common.marked_texts"],
        },
    },
]

MESSAGE_STORAGE = "config.translated_pages.PageMessages"
FORM_RENDERER = "config.form_renderer.FormRenderer"

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Private networks that sources, chat and webhooks may be in; docs/settings.md says how to write it.
ALLOWED_PRIVATE_NETWORKS = env.networks("ALLOWED_PRIVATE_NETWORKS")
# Hosts of push services of browsers, besides those of Chrome, Firefox, Edge and Safari.
PUSH_SERVICES = env.words("PUSH_SERVICES")
CACHES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "common.redis_cache.SteadyRedisCache",
        "LOCATION": REDIS_URL,
    }
}

CELERY_TASK_IGNORE_RESULT = True
# A worker takes from all of them unless it is given some by --queues, and from the first that has
# messages: pulls are many and may be slow.
CELERY_TASK_QUEUES = [Queue(name, routing_key=name) for name in ("intake", "celery", "evidence")]
CELERY_TASK_DEFAULT_QUEUE = "celery"
CELERY_TASK_ROUTES = {
    "incidents.tasks.*": {"queue": "intake"},
    "analysis.tasks.*": {"queue": "evidence"},
    # A slow push service must not hold up alerts.
    "incidents.tasks.send_pushes": {"queue": "celery"},
    # What new incidents wait for, and what enqueues pulls, must not wait for pulls.
    "analysis.tasks.plan_evidence": {"queue": "celery"},
    "analysis.tasks.follow_answers": {"queue": "celery"},
    "analysis.tasks.sweep": {"queue": "celery"},
}
# Longer than a pull may take and shorter than its lease (analysis/evidence/pulling.py).
CELERY_TASK_SOFT_TIME_LIMIT = 22
CELERY_TASK_TIME_LIMIT = 28
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Without end: whoever runs the worker would start it again anyway.
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# Where the audit log is sent besides the database, and how long it is stored; 0: for ever.
AUDIT_SYSLOG = env.text("AUDIT_SYSLOG")
AUDIT_SYSLOG_CA_FILE = env.text("AUDIT_SYSLOG_CA_FILE")
AUDIT_WEBHOOK_URL = env.text("AUDIT_WEBHOOK_URL")
AUDIT_WEBHOOK_SECRET = env.secret("AUDIT_WEBHOOK_SECRET")
AUDIT_RETENTION_DAYS = env.days("AUDIT_RETENTION_DAYS")

# Days that old rows are stored (docs/retention.md); 0: for ever. Where none are set, those hold
# that stand beside the setting's name in `<package>/retention.py`, for accounts storage/kinds.py.
DELIVERY_RETENTION_DAYS = env.days("DELIVERY_RETENTION_DAYS")
EVENT_RETENTION_DAYS = env.days("EVENT_RETENTION_DAYS")
IDEMPOTENT_RESPONSE_RETENTION_DAYS = env.days("IDEMPOTENT_RESPONSE_RETENTION_DAYS")
NOTICE_RETENTION_DAYS = env.days("NOTICE_RETENTION_DAYS")
EVIDENCE_RETENTION_DAYS = env.days_by_tier("EVIDENCE_RETENTION_DAYS")
ALERT_RETENTION_DAYS = env.days_by_tier("ALERT_RETENTION_DAYS")
TIMELINE_RETENTION_DAYS = env.days_by_tier("TIMELINE_RETENTION_DAYS")
CHANGE_RETENTION_DAYS = env.days("CHANGE_RETENTION_DAYS")
HISTORY_RETENTION_DAYS = env.days("HISTORY_RETENTION_DAYS")
LOG_SIGN_RETENTION_DAYS = env.days("LOG_SIGN_RETENTION_DAYS")
PICTURE_RETENTION_DAYS = env.days("PICTURE_RETENTION_DAYS")
INVITATION_RETENTION_DAYS = env.days("INVITATION_RETENTION_DAYS")
UNKNOWN_SERVICE_RETENTION_DAYS = env.days("UNKNOWN_SERVICE_RETENTION_DAYS")
SLO_RETENTION_DAYS = env.days("SLO_RETENTION_DAYS")

# Backups (docs/backup.md): hours between two, 0 for none; how many stay; where; restored to try.
BACKUP_EVERY_HOURS = env.number("BACKUP_EVERY_HOURS", 0)
BACKUP_RETAINED = env.number("BACKUP_RETAINED", 14)
BACKUP_TO = env.text("BACKUP_TO")
BACKUP_CHECK = env.flag("BACKUP_CHECK", True)
BACKUP_PASSPHRASE = env.secret("BACKUP_PASSPHRASE")

CELERY_BEAT_SCHEDULER = "config.beat:DatabaseScheduler"
CELERY_BEAT_SCHEDULE = {
    "worker-heartbeat": {"task": "incidents.tasks.worker_heartbeat", "schedule": 10.0},
    "send-audit-log": {"task": "accounts.tasks.send_audit_log", "schedule": 5.0},
    "apply-retention": {"task": "accounts.tasks.apply_retention", "schedule": 300.0},
    "sweep-evidence-requests": {"task": "analysis.tasks.sweep", "schedule": 2.0},
    "follow-answers": {"task": "analysis.tasks.follow_answers", "schedule": 5.0},
    "sweep-intake": {"task": "incidents.tasks.sweep_intake", "schedule": 2.0},
    "check-itself": {"task": "config.tasks.check_itself", "schedule": 60.0},
    "check-heartbeats": {"task": "incidents.tasks.check_heartbeats", "schedule": 30.0},
    "write-index-file": {"task": "analysis.tasks.write_index", "schedule": 600.0},
    "notify-channels": {"task": "kb.tasks.tell_channels", "schedule": 2.0},
    "send-pushes": {"task": "incidents.tasks.send_pushes", "schedule": 2.0},
    "follow-channels": {"task": "kb.tasks.follow_channels", "schedule": 5.0},
    "follow-trackers": {"task": "kb.tasks.follow_trackers", "schedule": 5.0},
    "copy-postmortems": {"task": "kb.tasks.copy_postmortems", "schedule": 5.0},
    "read-history": {"task": "kb.tasks.read_history", "schedule": 5.0},
    "read-pagers": {"task": "kb.tasks.read_pagers", "schedule": 60.0},
    "remind-owners": {"task": "kb.tasks.remind_owners", "schedule": 3600.0},
    "count-events": {"task": "practice.tasks.count_events", "schedule": 60.0},
    "refresh-readiness-answers": {"task": "practice.tasks.look_again", "schedule": 300.0},
    "read-capacities": {"task": "practice.tasks.read_capacities", "schedule": 60.0},
    "read-cluster-facts": {"task": "practice.tasks.read_cluster_facts", "schedule": 300.0},
    "publish-results": {"task": "practice.tasks.publish_results", "schedule": 5.0},
    "follow-gates": {"task": "practice.tasks.follow_gates", "schedule": 300.0},
    "send-monthly-reviews": {"task": "practice.tasks.send_monthly_reviews", "schedule": 3600.0},
    "find-groups-without-cause": {"task": "analysis.tasks.find_gaps", "schedule": 1800.0},
    "watch-logs": {"task": "analysis.tasks.watch_logs", "schedule": 60.0},
    "discover-services": {"task": "analysis.tasks.discover_services", "schedule": 1800.0},
    "back-up": {"task": "config.tasks.back_up", "schedule": 900.0},
    "learn-from-history": {"task": "analysis.tasks.learn", "schedule": 1800.0},
}

AUTHENTICATION_BACKENDS = [
    "people.backends.RoleBackend",
    "accounts.backends.EmailBackend",
    *(["accounts.backends.LdapBackend"] if LDAP_URL else []),
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
SESSION_COOKIE_AGE = SESSION_MAX_HOURS * 3600
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "incidents:home"
LOGOUT_REDIRECT_URL = "login"

# Of everything but pages, which are in the language of who reads them (docs/translating.md).
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
# Those of apps would come after those of libraries, which translate some of the same words.
LOCALE_PATHS = [BASE_DIR / "locale", *sorted(BASE_DIR.glob("*/locale"))]
FORMAT_MODULE_PATH = "config.formats"
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = BASE_DIR / "static-built"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

# Strict cookies and redirects as soon as the public URL is https.
HTTPS = env.flag("HTTPS")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
# Whoever asks these is behind the proxy and names pods by their address.
SECURE_REDIRECT_EXEMPT = [r"^(healthz|livez|readyz|metrics)$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = 3600 * 24 * 30 if HTTPS else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    },
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "incidents.api.auth.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["incidents.api.auth.HasScope"],
    "DEFAULT_THROTTLE_CLASSES": ["incidents.api.auth.RateLimit"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["incidents.api.base.CleanJson"],
    "DEFAULT_FILTER_BACKENDS": ["incidents.api.base.CleanFilters"],
    "DEFAULT_SCHEMA_CLASS": "incidents.api.schema.MixinParametersSchema",
    "DEFAULT_PAGINATION_CLASS": "incidents.api.base.CursorPages",
    "EXCEPTION_HANDLER": "incidents.api.base.problem_details",
    "PAGE_SIZE": 50,
}
API_REQUESTS_PER_MINUTE = env.number("API_REQUESTS_PER_MINUTE", 12_000)
# In each web process, which serves them all from one thread.
EVENT_STREAMS = env.number("EVENT_STREAMS", 500)
EVENT_STREAMS_PER_PERSON = env.number("EVENT_STREAMS_PER_PERSON", 20)
# Days that a new API token lives at most, and by default; 0: as its owner chooses.
API_TOKEN_MAX_DAYS = max(0, env.number("API_TOKEN_MAX_DAYS", 0))
SPECTACULAR_SETTINGS = {
    "TITLE": "Causebook",
    "DESCRIPTION": "Incidents, causes, evidence and suggestions of past root causes.",
    "VERSION": VERSION,
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "incidents.api.schema.add_problems",
    ],
    "ENUM_NAME_OVERRIDES": {
        "ServiceKind": "incidents.models.Service.Kind",
        "ChangeKind": "incidents.models.Change.Kind",
        "TimelineKind": "incidents.models.TimelineEntry.Kind",
        "EvidenceKind": "analysis.models.Evidence.Kind",
        "FindingKind": "analysis.models.Finding.Kind",
        "LogSignKind": "analysis.models.LogSign.Kind",
        "AlertStatus": "incidents.models.Alert.Status",
        "CountsEnum": "practice.models.Slo.Counts",
        "PersonRole": "people.models.Role",
    },
}

LOGGING = logging_config()
# Incidents that the product files about itself, and the service that they are about.
OWN_INCIDENTS = env.flag("OWN_INCIDENTS", True)
OWN_SERVICE = env.text("OWN_SERVICE", "Causebook")
# Where errors and traces are sent; both need requirements-observability.txt.
SENTRY_DSN = env.secret("SENTRY_DSN")
OTEL_EXPORTER_OTLP_ENDPOINT = env.text("OTEL_EXPORTER_OTLP_ENDPOINT")

# The base of links in mails and exports, and the mail server; without one, no mail is sent.
PUBLIC_URL = env.text("PUBLIC_URL", "http://127.0.0.1:8000")
EMAIL_HOST = env.text("EMAIL_HOST")
EMAIL_PORT = env.number("EMAIL_PORT", 587)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env.secret("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", True)
EMAIL_TIMEOUT = 5
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "causebook@localhost")

# Folder of a sentence-embedding model in ONNX form; suggestions go by words alone if unset.
SEMANTIC_MODEL = env.text("SEMANTIC_MODEL")

# Log files are read below this folder only; none if unset.
LOG_ROOT = env.text("CAUSEBOOK_LOG_ROOT")
