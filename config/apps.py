"""config is an installed app only for its command, load_demo."""

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "config"
