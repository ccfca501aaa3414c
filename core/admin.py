"""Support's view of the kernel: companies, people and their roles. Numbers and keys are shown by nobody's hand."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group
from procrastinate.contrib.django.admin import ProcrastinateJobAdmin
from procrastinate.contrib.django.models import ProcrastinateJob

from core.models import Company, Membership, User
from core.roles import Role
from core.support import KeptAdmin, NeverDeleted

admin.site.site_header = "Orderly administration"
admin.site.site_title = "Orderly"
admin.site.index_title = "Reference data and people"
admin.site.unregister(Group)
admin.site.unregister(ProcrastinateJob)


class MembershipForm(forms.ModelForm):
    """Roles as boxes to tick."""

    roles = forms.MultipleChoiceField(choices=Role.choices, widget=forms.CheckboxSelectMultiple, required=False)

    class Meta:
        model = Membership
        fields = ("company", "roles")


class MembershipInline(admin.TabularInline):
    """A person's roles, company by company."""

    model = Membership
    form = MembershipForm
    extra = 0


@admin.register(Company)
class CompanyAdmin(KeptAdmin):
    """Companies."""

    list_display = ("name", "code", "country", "currency")
    search_fields = ("name", "code")
    given = ("currency",)  # its stock is valued in it


class LowerCaseAddress:
    """Addresses are kept in lower case, however they are typed."""

    cleaned_data: dict[str, Any]

    def clean_email(self) -> str:
        """Return the address in lower case."""
        return str(self.cleaned_data["email"]).lower()


class PersonCreationForm(LowerCaseAddress, AdminUserCreationForm):
    """A new person: address, name and password."""

    class Meta:
        model = User
        fields = ("email", "name")


class PersonChangeForm(LowerCaseAddress, UserChangeForm):
    """A person as support changes them."""


@admin.register(ProcrastinateJob)
class JobAdmin(ProcrastinateJobAdmin):
    """Jobs, to read; without the styles that procrastinate writes into its cells, which our content policy forbids."""

    fields: ClassVar[list[Any]] = ["id", "task_name", "args", "status", "queue_name", "scheduled_at", "attempts"]

    def get_list_display(self, request: object) -> list[Any]:
        """Return the columns as they are stored."""
        return ["id", "task_name", "args", "status", "attempts", "scheduled_at"]


@admin.register(User)
class PersonAdmin(NeverDeleted, UserAdmin):
    """People. They are closed, never deleted: documents name them."""

    form, add_form = PersonChangeForm, PersonCreationForm
    ordering = ("name",)
    list_display = ("name", "email", "is_active", "is_staff", "last_login")
    list_filter = ("is_active", "is_staff")
    search_fields = ("name", "email")
    filter_horizontal = ()
    inlines: ClassVar = [MembershipInline]
    fieldsets = (
        (None, {"fields": ("email", "password")}),
        ("Person", {"fields": ("name", "language", "time_zone", "theme")}),
        ("Access", {"fields": ("is_active", "is_staff", "is_superuser", "last_login")}),
    )
    add_fieldsets = (
        (None, {"classes": ("wide",), "fields": ("email", "name", "usable_password", "password1", "password2")}),
    )
