"""Addresses of the kernel: sign-in, home, theme, health."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from core import health, views

app_name = "core"
urlpatterns = [
    path("", views.home, name="home"),
    path("login/", views.SignInView.as_view(), name="login"),
    path("admin/login/", views.door, name="admin_login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("company/", views.CompanyView.as_view(), name="company"),
    path("theme/", views.ThemeView.as_view(), name="theme"),
    path("preferences/", views.PreferencesView.as_view(), name="preferences"),
    path("styleguide/", views.StyleguideView.as_view(), name="styleguide"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
