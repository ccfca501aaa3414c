"""Addresses of people."""

from django.urls import path

from inventory import views

app_name = "people"
urlpatterns = [
    path("", views.PeopleQueueView.as_view(), name="people"),
    path("second-step/", views.AskForSecondStepView.as_view(), name="second_step"),
    path("new/", views.CreatePersonView.as_view(), name="create"),
    path("<int:pk>/", views.EditPersonView.as_view(), name="edit"),
    path("<int:pk>/let-go/", views.LetGoView.as_view(), name="let_go"),
    path("<int:pk>/second-step/", views.ResetSecondStepView.as_view(), name="reset_step"),
    path("<int:pk>/link/", views.SignInLinkView.as_view(), name="link"),
]
