"""How forms are drawn: Django's own widgets inside our one field template."""

from django.forms.renderers import TemplatesSetting


class OrderlyRenderer(TemplatesSetting):
    """Draws {{ form.name.as_field_group }} by templates/components/field.html."""

    field_template_name = "components/field.html"
