"""What an administrator types about a person: who they are, what they may do, and where."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms

from core import people
from core.models import Membership, User
from core.roles import Role
from core.transactions import atomic
from inventory.models import Warehouse
from inventory.services.people import work_in


class PersonForm(forms.ModelForm):
    """A person of the company; the address of an account stands once it is made."""

    email = forms.EmailField(
        label="E-mail address",
        max_length=254,
        help_text="They sign in with it.",
        widget=forms.EmailInput(attrs={"autofocus": True, "autocomplete": "off"}),
    )
    name = forms.CharField(max_length=120, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    roles = forms.MultipleChoiceField(
        choices=Role.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one role."},
    )
    warehouses = forms.ModelMultipleChoiceField(
        queryset=Warehouse.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text="None chosen: they work in all of them.",
    )

    class Meta:
        model = Membership
        fields: ClassVar[list[str]] = ["email", "name", "roles", "warehouses"]

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor = actor
        sites = Warehouse.objects.filter(company=actor.company)
        warehouses: Any = self.fields["warehouses"]
        warehouses.queryset = sites
        if self.instance.pk:
            user = self.instance.user
            self.initial = {
                **self.initial,
                "email": user.email,
                "name": user.name,
                "warehouses": sites.filter(accesses__user=user),
            }
            self.fields["email"].disabled = True
            if people.works_elsewhere(self.instance):
                self.fields["name"].disabled = True
                self.fields["name"].help_text = "They work for another company too: how they are called is theirs."

    def clean(self) -> dict[str, Any]:
        """Say at the roles that somebody would lock themselves out."""
        cleaned = super().clean() or self.cleaned_data
        is_self = self.instance.pk and self.instance.user_id == self.actor.pk
        if is_self and "roles" in cleaned and Role.ADMINISTRATOR not in cleaned["roles"]:
            self.add_error("roles", people.LOCKED_OUT)
        return cleaned

    def clean_email(self) -> str:
        """Return the address in lower case.

        :raises ValidationError: where the person is one of the company's already.
        """
        email = str(self.cleaned_data["email"]).strip().lower()
        here = Membership.objects.filter(company=self.actor.company, user__email=email)
        if here.exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError("They are among your people already: change their roles there.")
        return email

    @atomic
    def save(self, commit: bool = True) -> Membership:
        """Keep it through the services."""
        typed = self.cleaned_data
        if self.instance.pk:
            membership = people.change_person(
                membership_id=self.instance.pk, name=typed["name"], roles=typed["roles"], actor=self.actor
            )
        else:
            membership = people.take_on(
                email=typed["email"], name=typed["name"], roles=typed["roles"], actor=self.actor
            )
        work_in(membership=membership, warehouse_ids=[site.pk for site in typed["warehouses"]], actor=self.actor)
        return membership


class AskForSecondStepForm(forms.Form):
    """In which roles nobody works without a second step."""

    roles = forms.MultipleChoiceField(
        choices=Role.choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
        label="Ask for it in these roles",
        help_text="Whoever has none sets one up when they sign in next, and can do nothing else before.",
    )


class ResetSecondStepForm(forms.Form):
    """Why somebody's second step is taken away."""

    reason = forms.CharField(
        max_length=200,
        help_text="They read it, with your name, when they sign in next.",
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off"}),
        error_messages={"required": "Say why: the person reads it."},
    )
