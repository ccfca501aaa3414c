"""Wiring of warehouse."""

from django.apps import AppConfig


class WarehouseConfig(AppConfig):
    name = "warehouse"
