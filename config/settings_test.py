"""What tests change, and nothing else."""

import os

os.environ.setdefault("ORDERLY_ENV", "test")

from config.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}  # noqa: F405
# By the name under which pytest-django looks for it, so that its server finds assets where they lie
INSTALLED_APPS = ["django.contrib.staticfiles" if app == "config.apps.AssetsConfig" else app for app in INSTALLED_APPS]  # noqa: F405
WHITENOISE_USE_FINDERS = True
# Each browser of a test would read all assets first
WHITENOISE_AUTOREFRESH = True
# What tests do beside the pages is seen by the next one
COUNTS_KEPT_SECONDS = 0
LOG_LEVEL = "WARNING"
LOGGING["root"]["level"] = "WARNING"  # type: ignore[index]  # noqa: F405
