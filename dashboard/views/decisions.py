"""What an owner leaves out of the figures of a program, and lets count again."""

import time
from typing import Any

from django import forms
from django.contrib.admin.models import CHANGE
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from collector.audit import record_changes
from collector.models import Kind, LeftOut, Pixel
from collector.models.left_out import FIELDS, MAX_REASON, NEW_ONES
from collector.models.programs import KEPT_DAYS, MAX_WHAT
from collector.models.validators import validate_title
from collector.storage.decisions import can_be_left_out, is_decidable, leave_out, let_count, look_through, pending
from collector.storage.spikes import mark_spikes
from dashboard import formatting
from dashboard.report.program.unusual import BUTTONS, COUNT, LEAVE_OUT
from dashboard.views.access import dashboard_action
from dashboard.views.error_page import error_page

MAX_VALUE = 40  # characters, as in a report
LOOK_SECONDS = 2.0  # then the drain goes on
HISTORY = {COUNT: gettext_lazy("Counted."), LEAVE_OUT: gettext_lazy("Left out.")}


class DecisionForm(forms.Form):
    """What the forms on the program's page send. `what` is of a row; without it, a field and a value are named."""

    date = forms.DateField(input_formats=["%Y-%m-%d"])
    what = forms.CharField(max_length=MAX_WHAT, required=False)
    field = forms.ChoiceField(choices=[(name, name) for name in (NEW_ONES, *FIELDS)], required=False)
    value = forms.CharField(max_length=MAX_VALUE, required=False)
    decision = forms.ChoiceField(choices=list(BUTTONS.items()))
    reason = forms.CharField(max_length=MAX_REASON, validators=[validate_title])  # the page shows it in one line

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        field, value = data.get("field", ""), data.get("value", "")
        value = value.upper() if field == "country" else value.lower()
        what = data.get("what") or (field if field == NEW_ONES else f"{field}={value}")
        if not is_decidable(what):
            raise ValidationError(what)
        return data | {"what": what}


@dashboard_action
def decide(request: HttpRequest, slug: str, pixel_id: int) -> Any:
    """Leave reports of a day out, or let them count, and go back to the program's page."""
    owned = Pixel.objects.owned_by(request.user).filter(project__slug=slug, kind=Kind.APP)
    pixel = get_object_or_404(owned.select_related("project", "declaration"), pk=pixel_id)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        problem = _("Fill in the day, the value and the reason.")
        if request.POST.get("reason"):
            problem = str(form.errors.get("reason", [problem])[0])
        return error_page(request, 400, _("Nothing was changed"), problem)
    if not _is_possible(pixel, form.cleaned_data):
        days = _("Only the last %(days)s days can be left out.") % {"days": formatting.exact(KEPT_DAYS)}
        return error_page(request, 400, _("Nothing was changed"), days)
    _apply(request, pixel, form.cleaned_data)
    query = request.GET.urlencode()
    address = reverse("pixel", args=[slug, pixel_id])
    return HttpResponseRedirect(f"{address}?{query}#unusual-title" if query else f"{address}#unusual-title")


def _is_possible(pixel: Pixel, decision: dict[str, Any]) -> bool:
    """Whether the page offers this: the raw reports of the day are there, or its counts are kept."""
    if decision["decision"] == LEAVE_OUT and can_be_left_out(decision["date"], timezone.now()):
        return True
    row = LeftOut.objects.filter(
        project_id=pixel.project_id, pixel_id=pixel.pk, date=decision["date"], what=decision["what"]
    )
    return row.exists()


def _apply(request: HttpRequest, pixel: Pixel, decision: dict[str, Any]) -> None:
    """Decide, and look through stored reports for a moment. The drain does the rest."""
    day, what, reason = decision["date"], decision["what"], decision["reason"]
    user: Any = request.user
    change = leave_out if decision["decision"] == LEAVE_OUT else let_count
    change(pixel, day, what, reason, user)
    record_changes(user.pk, [pixel], CHANGE, HISTORY[decision["decision"]], f"{day} {what} ({reason})")
    ends_at = time.monotonic() + LOOK_SECONDS
    own = [left_out for left_out in pending() if left_out.pixel_id == pixel.pk]
    for _moved in look_through(own):
        if time.monotonic() >= ends_at:
            return
    mark_spikes(pixel, timezone.now())
