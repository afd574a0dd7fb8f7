"""The time zone in the forms of a project: typed as people call it, completed by a list, prefilled by the browser."""

from typing import Any

from django import forms
from django.forms.widgets import Script

from collector.models import Project
from collector.models.validators import read_timezone

TIME_ZONE_LIST = "time-zones"  # the id of the page's `<datalist>`


class TimeZoneForm(forms.ModelForm[Project]):
    """A form with the time zone of a project. A script writes the browser's own into the form of a new one."""

    class Media:
        js = [Script("js/creation.js", type="module")]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "timezone" not in self.fields:  # the admin shows it read-only
            return
        attributes = self.fields["timezone"].widget.attrs
        attributes |= {"list": TIME_ZONE_LIST, "autocomplete": "off", "spellcheck": "false"}
        if self.instance.pk is None and not self.is_bound:  # what people sent stays, even if it is the default
            attributes["data-time-zone"] = True

    def clean_timezone(self) -> str:
        """Return the name of the time zone that was meant."""
        return read_timezone(self.cleaned_data["timezone"])
