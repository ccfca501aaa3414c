"""Every setting of Orderly, read from the environment by typed readers that refuse odd values.

ORDERLY_ENV is `production` unless said otherwise, and production starts only with its secrets and a server of its own.
"""

import re
from pathlib import Path

import pghistory
import structlog
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from environs import Env, validate

env = Env()
BASE_DIR = Path(__file__).resolve().parent.parent

ENVIRONMENT = env.str("ORDERLY_ENV", "production", validate=validate.OneOf(["production", "local", "test"]))
PRODUCTION = ENVIRONMENT == "production"
DEBUG = False

DATA_DIR = Path(env.str("DATA_DIR", str(BASE_DIR / "var"))).resolve()


def secret(name: str, fallback: str) -> str:
    """Read a secret: required and long in production, a throw-away elsewhere.

    :raises ImproperlyConfigured: in production, where it is missing or shorter than 50 characters.
    """
    value = env.str(name, "")
    if PRODUCTION and len(value) < 50:
        raise ImproperlyConfigured(f"Set {name} to a random text of at least 50 characters.")
    return value or fallback


def required_in_production(name: str) -> list[str]:
    """Read a comma-separated list that production cannot do without.

    :raises ImproperlyConfigured: in production, where it is missing.
    """
    values: list[str] = env.list(name, [])
    if PRODUCTION and not values:
        raise ImproperlyConfigured(f"Set {name}, separated by commas.")
    return values


def database(name: str, fallback: str) -> dict[str, object]:
    """Read one PostgreSQL address.

    :raises ImproperlyConfigured: in production, where it is missing or the server that `make run` brings; anywhere,
        where it is not PostgreSQL.
    """
    if PRODUCTION and not env.str(name, ""):
        raise ImproperlyConfigured(f"Set {name}, as postgresql://user:password@host:5432/orderly.")
    parsed = env.dj_db_url(name, fallback)
    if parsed["ENGINE"] != "django.db.backends.postgresql":
        raise ImproperlyConfigured(f"{name} must name a PostgreSQL database.")
    # That server's socket lies in its data folder.
    socket = str(parsed.get("HOST") or parsed.get("OPTIONS", {}).get("host", ""))
    if PRODUCTION and Path(socket).name == "pgdata":
        raise ImproperlyConfigured(f"{name} is the server that `make run` brings: use one of your own.")
    # Prepared statements spare PostgreSQL a third of its work; a pooler that shares connections cannot have them.
    prepared = {"server_side_binding": True, "prepare_threshold": 2} if env.bool("PREPARE_STATEMENTS", True) else {}
    options = {**parsed.get("OPTIONS", {}), **prepared}
    return {**parsed, "OPTIONS": options, "CONN_MAX_AGE": env.int("CONN_MAX_AGE", 600), "CONN_HEALTH_CHECKS": True}


def passkey_domain() -> str:
    """Read the domain of passkeys: in production the first host unless another is named.

    :raises ImproperlyConfigured: in production, where that is no domain, such as * or an address of numbers.
    """
    domain = env.str("PASSKEY_DOMAIN", "")
    if not PRODUCTION:
        return domain or "localhost"
    domain = (domain or ALLOWED_HOSTS[0]).lstrip(".").lower()
    if not re.fullmatch(r"(?:[a-z0-9-]+\.)*[a-z][a-z0-9-]*", domain):
        raise ImproperlyConfigured("Set PASSKEY_DOMAIN to the domain under which people open Orderly.")
    return domain


# Keys of before: what was signed or sealed under them stays good until they are taken out
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", [])
SECRET_KEY = secret("SECRET_KEY", "throw-away-key-for-local-work-and-tests-only-" + "0" * 16)
ALLOWED_HOSTS = required_in_production("ALLOWED_HOSTS") or ["localhost", "127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", [])

# Two roles: the app role runs (no DDL, no TRUNCATE, no change of ledgers), the owner role migrates.
DATABASES = {"default": database("DATABASE_URL", "postgresql:///orderly")}
DATABASES["owner"] = (
    {**database("MIGRATE_DATABASE_URL", ""), "TEST": {"MIRROR": "default"}}
    if env.str("MIGRATE_DATABASE_URL", "")
    else {**DATABASES["default"], "TEST": {"MIRROR": "default"}}
)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "config.apps.AssetsConfig",
    "django.contrib.postgres",
    "django.forms",
    "pgtrigger",
    "pghistory",
    "procrastinate.contrib.django",
    "core",
    "django.contrib.admin",
    "inventory",
    "orders",
    "warehouse",
    "shipping",
    "billing",
    "returns",
    "dashboards",
    "portal",
    "config",
    "axes",
    "csp",
    "django_filters",
    "django_htmx",
    "django_tables2",
]

MIDDLEWARE = [
    "core.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Pages and files shrink to a tenth. Their tokens are masked anew in each answer, and its length is blurred (BREACH)
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "core.middleware.SessionExpiryMiddleware",
    "core.middleware.PersonMiddleware",
    "core.middleware.ActedMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "core.middleware.SecondStepMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "core.middleware.BesideMiddleware",
    "core.middleware.HistoryMiddleware",
    "core.middleware.RefusalMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "core.context.shell",
            ]
        },
    }
]

FORM_RENDERER = "core.rendering.OrderlyRenderer"
CSRF_FAILURE_VIEW = "core.views.csrf_failure"

# People
AUTH_USER_MODEL = "core.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "core:login"
LOGIN_REDIRECT_URL = "core:home"
LOGOUT_REDIRECT_URL = "core:login"
SESSION_ENGINE = "core.sessions"
SESSION_COOKIE_AGE = 60 * 60 * 12

# The domain that passkeys are made for: they hold there and below it, and are lost where it changes. Elsewhere none are
# offered; on this machine alone they are tried at localhost.
PASSKEY_DOMAIN = passkey_domain()

# Lockout: the fifth wrong password of one person from one address closes that pair for a quarter of an hour.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_TEMPLATE = "429.html"
AXES_HTTP_RESPONSE_CODE = 429
AXES_RESET_ON_SUCCESS = True
AXES_USERNAME_FORM_FIELD = "username"
AXES_CLIENT_IP_CALLABLE = "core.client_address.client_address"
PROXY_COUNT = env.int("PROXY_COUNT", 0)

# Language and time
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

# Browser assets: ours, and chosen folders of the packages that npm brings
STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", str(BASE_DIR / "staticfiles")))
NODE_MODULES = Path(env.str("NODE_MODULES", str(BASE_DIR / "node_modules")))
VENDOR_ASSETS = {
    "vendor/tabler/css": NODE_MODULES / "@tabler" / "core" / "dist" / "css",
    "vendor/tabler/js": NODE_MODULES / "@tabler" / "core" / "dist" / "js",
    "vendor/inter/files": NODE_MODULES / "@fontsource-variable" / "inter" / "files",
}
STATICFILES_DIRS = [
    BASE_DIR / "static",
    *((prefix, folder) for prefix, folder in VENDOR_ASSETS.items() if folder.is_dir()),
]
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(DATA_DIR / "files")},
    },
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# Jobs run after the commit that deferred them, on the same PostgreSQL.
PROCRASTINATE_WORKER_DEFAULTS = {"concurrency": env.int("JOB_CONCURRENCY", 2), "delete_jobs": "successful"}

# History of what people type; the context row is written only when something changed.
PGHISTORY_APPEND_ONLY = True
PGHISTORY_CONTEXT_FIELD = pghistory.ContextJSONField()  # on the row itself, so that who did it is append-only too
PGHISTORY_DEFAULT_TRACKERS = (pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())

# Mail goes out by a server of yours; where there is none it lies in a folder, and in production nothing is sent.
EMAIL_HOST = env.str("EMAIL_HOST", "")
EMAIL_PORT = env.int("EMAIL_PORT", 587)
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = env.str("EMAIL_HOST_USER", ""), env.str("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", True)
EMAIL_TIMEOUT = 10
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'filebased'}.EmailBackend"
EMAIL_FILE_PATH = str(DATA_DIR / "mail")
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "orderly@localhost", validate=validate.Email())
SENDS_MAIL = bool(EMAIL_HOST) or not PRODUCTION

# Browser safety
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
if PRODUCTION:
    SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", True)
    SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", 60 * 60 * 24 * 365)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = env.bool("SECURE_HSTS_INCLUDE_SUBDOMAINS", True)
    SECURE_HSTS_PRELOAD = env.bool("SECURE_HSTS_PRELOAD", True)
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
    if env.bool("BEHIND_TLS_PROXY", False):
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# How much waits in each queue, which everybody's pages ask all day: what others did may be missing for so long
COUNTS_KEPT_SECONDS = 5

# Logs: one JSON line per event in production, readable lines elsewhere; both carry the request id.
LOG_LEVEL = env.str("LOG_LEVEL", "INFO", validate=validate.OneOf(["DEBUG", "INFO", "WARNING", "ERROR"]))
_log_chain: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "structured": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer() if PRODUCTION else structlog.dev.ConsoleRenderer(colors=False),
            ],
            "foreign_pre_chain": _log_chain,
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "structured"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {name: {"level": "ERROR"} for name in ("axes", "fontTools", "procrastinate", "weasyprint")},
}
structlog.configure(
    processors=[*_log_chain, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
