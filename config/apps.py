"""config is an installed app only for its command, load_demo; and the choice of browser assets that are served."""

from django.apps import AppConfig
from django.contrib.staticfiles.apps import StaticFilesConfig


class ConfigConfig(AppConfig):
    name = "config"


class AssetsConfig(StaticFilesConfig):
    """Serve what pages ask for, not every variant that the npm packages ship: those take four times as long."""

    ignore_patterns = [
        *("*.rtl.*", "*.esm.*", "tabler-*", "tabler.css*", "tabler.js*"),
        *("inter-*-opsz-*", "inter-*-standard-*"),
    ]
