"""Addresses of the kernel: sign-in, home, theme, files that come in, health."""

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
    path("training/", views.TrainingView.as_view(), name="training"),
    path("theme/", views.ThemeView.as_view(), name="theme"),
    path("preferences/", views.PreferencesView.as_view(), name="preferences"),
    path("search/", views.SearchView.as_view(), name="search"),
    path("preferences/password/", views.ChangePasswordView.as_view(), name="change_password"),
    path("welcome/<uidb64>/<token>/", views.ChoosePasswordView.as_view(), name="choose_password"),
    path("styleguide/", views.StyleguideView.as_view(), name="styleguide"),
    path("work/", views.WorkView.as_view(), name="work"),
    path("alerts/", views.AlertsView.as_view(), name="alerts"),
    path("views/new/", views.SaveViewView.as_view(), name="save_view"),
    path("views/<int:pk>/", views.EditViewView.as_view(), name="edit_view"),
    path("views/<int:pk>/keep/", views.KeepViewView.as_view(), name="keep_view"),
    path("views/<int:pk>/drop/", views.DropViewView.as_view(), name="drop_view"),
    path("imports/", views.ImportQueueView.as_view(), name="imports"),
    path("imports/new/", views.ImportFileView.as_view(), name="import_file"),
    path("imports/rows/", views.ExportRowsView.as_view(), name="export_rows"),
    path("imports/<int:pk>/", views.ImportView.as_view(), name="import"),
    path("imports/<int:pk>/columns/", views.MapImportView.as_view(), name="map_import"),
    path("imports/<int:pk>/load/", views.LoadImportView.as_view(), name="load_import"),
    path("imports/<int:pk>/stop/", views.StopImportView.as_view(), name="stop_import"),
    path("imports/<int:pk>/refused/", views.RefusedRowsView.as_view(), name="refused_rows"),
    path("imports/<int:pk>/file/", views.SourceFileView.as_view(), name="source_file"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
