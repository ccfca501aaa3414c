"""What people keep of customers: their terms, their addresses, and their own numbers of our products."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError

from core.addresses import countries
from core.forms import LanguageField
from core.models import User
from inventory.models import Channel
from orders.forms.items import ItemField, ItemFormMixin
from orders.models import CreditAccount, Customer, CustomerAddress, CustomerPart, PriceList, Substitutes

LONGEST_TERMS = 366


class CustomerForm(forms.ModelForm):
    """A customer and their terms, which new orders take over."""

    language = LanguageField(label="Papers in", required=False)

    class Meta:
        model = Customer
        fields: ClassVar[list[str]] = [
            "number",
            "name",
            "email",
            "phone",
            "language",
            "vat_number",
            "price_list",
            "channel",
            "terms_days",
            "tax_exemption",
            "exempt_until",
            "invoice_on",
            "ship_policy",
            "ship_minimum",
            "good_for_days",
            "substitutes",
            "joins_invoices",
            "is_active",
        ]
        widgets: ClassVar[dict[str, forms.Widget]] = {
            "number": forms.TextInput(attrs={"autofocus": True, "autocomplete": "off", "spellcheck": "false"}),
            "name": forms.TextInput(attrs={"autocomplete": "off"}),
            "phone": forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off"}),
            "vat_number": forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
            "terms_days": forms.TextInput(attrs={"inputmode": "numeric", "class": "numeric", "autocomplete": "off"}),
            "ship_minimum": forms.TextInput(attrs={"inputmode": "numeric", "class": "numeric", "autocomplete": "off"}),
            "good_for_days": forms.TextInput(attrs={"inputmode": "numeric", "class": "numeric", "autocomplete": "off"}),
            "tax_exemption": forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
            "exempt_until": forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        }
        labels: ClassVar[dict[str, str]] = {"email": "E-mail", "terms_days": "Days to pay", "is_active": "May order"}
        help_texts: ClassVar[dict[str, str]] = {
            "terms_days": "0 is due at once.",
            "channel": "Where their orders are sold unless one says otherwise.",
            "tax_exemption": "With a certificate's number here, no tax is charged.",
            "exempt_until": "The certificate's last day; none is for good.",
            "ship_policy": "What waits for the rest stays promised.",
            "ship_minimum": "0 ships however little there is.",
            "good_for_days": "From the day they are wanted. Lots that expire sooner are not promised to them.",
            "substitutes": "What may be shipped instead of what they ordered, at the same price.",
            "invoice_on": "An order keeps the rule of the day on which it is confirmed.",
            "joins_invoices": "Orders with the same bill-to, currency and terms share one; each PO number is on it.",
            "is_active": "A closed account keeps its orders; new ones are refused.",
        }

    def __init__(self, *args: Any, actor: User, company_id: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Set before validation, so that a number taken in this company is found here and not by the database
        self.instance.company_id = company_id
        if not self.instance.pk:
            self.instance.language = actor.company.language
        LanguageField.begin(self, self.instance.language)
        self.fields["good_for_days"].required = False
        self.fields["substitutes"].required = False
        price_list: Any = self.fields["price_list"]
        price_list.queryset = PriceList.objects.for_user(actor).filter(company_id=company_id)
        price_list.empty_label = None
        channel: Any = self.fields["channel"]
        channel.queryset = Channel.objects.for_user(actor).filter(company_id=company_id)
        channel.empty_label = "None"

    def _get_validation_exclusions(self) -> set[str]:
        """Validate the company too, for the constraints name it."""
        return set(super()._get_validation_exclusions()) - {"company"}  # type: ignore[misc]

    def clean_language(self) -> str:
        """Return the language: the one that stands, unless another is chosen."""
        return self.cleaned_data["language"] or self.instance.language

    def clean_good_for_days(self) -> int:
        """Return for how many days goods must be good: for none unless it is said."""
        return self.cleaned_data["good_for_days"] or 0

    def clean_substitutes(self) -> str:
        """Return whether they take substitutes: after they were asked unless it is said."""
        return self.cleaned_data["substitutes"] or Substitutes.ASK

    def clean_number(self) -> str:
        """Return the number without blanks, by which files and people name the customer.

        :raises ValidationError: where there are blanks within.
        """
        number = str(self.cleaned_data["number"]).strip()
        if any(char.isspace() or not char.isprintable() for char in number):
            raise ValidationError("A customer number has no blanks: use a dash.")
        return number

    def clean_terms_days(self) -> int:
        """Return the days to pay.

        :raises ValidationError: where they are more than a year.
        """
        days: int = self.cleaned_data["terms_days"]
        if days > LONGEST_TERMS:
            raise ValidationError("Nobody has more than a year to pay.")
        return days


class CustomerAddressForm(forms.ModelForm):
    """An address of a customer. Papers keep their own copy, so changing one changes none."""

    country = forms.ChoiceField(choices=countries, initial="GB")

    class Meta:
        model = CustomerAddress
        fields: ClassVar[list[str]] = ["name", "street", "postcode", "city", "country", "is_bill_to", "is_ship_to"]
        widgets: ClassVar[dict[str, forms.Widget]] = {
            "name": forms.TextInput(attrs={"autofocus": True, "autocomplete": "off"}),
            "street": forms.TextInput(attrs={"autocomplete": "off"}),
            "postcode": forms.TextInput(attrs={"autocomplete": "off"}),
            "city": forms.TextInput(attrs={"autocomplete": "off"}),
        }
        labels: ClassVar[dict[str, str]] = {
            "is_bill_to": "Bills go here",
            "is_ship_to": "Goods go here unless an order says otherwise",
        }


class CustomerPartForm(ItemFormMixin, forms.ModelForm):
    """What a customer calls one of our products on their purchase orders."""

    item = ItemField()

    class Meta:
        model = CustomerPart
        fields: ClassVar[list[str]] = ["number"]
        widgets: ClassVar[dict[str, forms.Widget]] = {
            "number": forms.TextInput(attrs={"autofocus": True, "autocomplete": "off", "spellcheck": "false"})
        }

    def __init__(self, *args: Any, actor: User, customer: Customer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.customer = customer
        self.set_up_item(actor, customer.company_id)

    def _get_validation_exclusions(self) -> set[str]:
        """Validate the key too, for the constraint names it."""
        return set(super()._get_validation_exclusions()) - {"customer", "key"}  # type: ignore[misc]

    def clean_number(self) -> str:
        """Return the number without blanks around it, and set the key by which it is once of a kind."""
        number = str(self.cleaned_data["number"]).strip()
        self.instance.key = CustomerPart.key_of(number)
        return number


class CreditTermsForm(forms.Form):
    """How far a customer's credit goes."""

    limit = forms.DecimalField(
        max_digits=18,
        min_value=0,
        required=False,
        localize=False,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "class": "numeric", "autocomplete": "off"}),
        help_text="Leave it blank for no limit. An order that would go over it is not confirmed.",
        error_messages={"invalid": "Key the limit in figures, such as 5000."},
    )
    is_prepay = forms.BooleanField(
        label="Pays first", required=False, help_text="An order is confirmed once as much money has come in."
    )

    def __init__(self, *args: Any, account: CreditAccount, currency: str, **kwargs: Any) -> None:
        limit = account.credit_limit
        initial = {"limit": "" if limit is None else f"{limit.normalize():f}", "is_prepay": account.is_prepay}
        super().__init__(*args, **{**kwargs, "initial": initial})
        self.fields["limit"].label = f"Credit limit in {currency}"
