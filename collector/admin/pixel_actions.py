"""Actions on selected pixels: pause, resume, retire, reinstate, delete."""

from django.contrib import admin, messages
from django.contrib.admin.actions import delete_selected as ask_and_delete
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from collector.admin.outcomes import Outcome, log_changes, show_outcome
from collector.admin.wording import quoted
from collector.models import DailyCount, LeftOut, Pixel, ReportCount


@admin.action(description=gettext_lazy("Pause selected pixels for 10 minutes"))
def mute(model_admin: admin.ModelAdmin[Pixel], request: HttpRequest, queryset: QuerySet[Pixel]) -> HttpResponse | None:
    now = timezone.now()
    pixels = list(queryset.filter(retired_at=None))
    for pixel in pixels:
        pixel.mute(now)
    outcome = Outcome(
        history=gettext_lazy("Paused."),
        done=_("Paused %(pixels)s.") % {"pixels": quoted(pixels)},
        nothing=_("Nothing was paused: the selected pixels are retired."),
    )
    return _answer(model_admin, request, pixels, outcome)


@admin.action(description=gettext_lazy("Resume selected pixels"))
def unmute(
    model_admin: admin.ModelAdmin[Pixel], request: HttpRequest, queryset: QuerySet[Pixel]
) -> HttpResponse | None:
    now = timezone.now()
    pixels = [pixel for pixel in queryset if pixel.is_muted(now)]
    for pixel in pixels:
        pixel.unmute(now)
    outcome = Outcome(
        history=gettext_lazy("Resumed."),
        done=_("Resumed %(pixels)s.") % {"pixels": quoted(pixels)},
        nothing=_("Nothing was resumed: the selected pixels are not paused."),
    )
    return _answer(model_admin, request, pixels, outcome)


@admin.action(description=gettext_lazy("Retire selected pixels (stop counting)"))
def retire(
    model_admin: admin.ModelAdmin[Pixel], request: HttpRequest, queryset: QuerySet[Pixel]
) -> HttpResponse | None:
    pixels = list(queryset.filter(retired_at=None))
    Pixel.objects.filter(pk__in=[pixel.pk for pixel in pixels]).update(retired_at=timezone.now())
    outcome = Outcome(
        history=gettext_lazy("Retired."),
        done=_("Retired %(pixels)s.") % {"pixels": quoted(pixels)},
        nothing=_("Nothing was retired: the selected pixels are already retired."),
    )
    return _answer(model_admin, request, pixels, outcome)


@admin.action(description=gettext_lazy("Reinstate selected pixels"))
def reinstate(
    model_admin: admin.ModelAdmin[Pixel], request: HttpRequest, queryset: QuerySet[Pixel]
) -> HttpResponse | None:
    pixels = list(queryset.exclude(retired_at=None))
    Pixel.objects.filter(pk__in=[pixel.pk for pixel in pixels]).update(retired_at=None)
    outcome = Outcome(
        history=gettext_lazy("Reinstated."),
        done=_("Reinstated %(pixels)s.") % {"pixels": quoted(pixels)},
        nothing=_("Nothing was reinstated: the selected pixels are not retired."),
    )
    return _answer(model_admin, request, pixels, outcome)


@admin.action(description=gettext_lazy("Delete selected pixels"))
def delete_selected(
    model_admin: admin.ModelAdmin[Pixel], request: HttpRequest, queryset: QuerySet[Pixel]
) -> HttpResponse | None:
    """Replace Django's own action, which would not say what to do with pixels that have counts."""
    counted = [pixel for pixel in queryset if has_counts(pixel)]
    if counted:
        refuse_to_delete(model_admin, request, counted)
        return None
    answer: HttpResponse | None = ask_and_delete(model_admin, request, queryset)
    return answer


def refuse_to_delete(model_admin: admin.ModelAdmin[Pixel], request: HttpRequest, pixels: list[Pixel]) -> None:
    """Show that pixels with counts can't be deleted, and what to do instead."""
    refusal = ngettext(
        "%(pixels)s has counts, which would be lost. Nothing was deleted: retire it instead.",
        "%(pixels)s have counts, which would be lost. Nothing was deleted: retire them instead.",
        len(pixels),
    )
    model_admin.message_user(request, refusal % {"pixels": quoted(pixels)}, messages.ERROR)


def has_counts(pixel: Pixel) -> bool:
    """Say whether the pixel has daily counts, counts of reports, or reports that are left out."""
    of_pixel = {"project_id": pixel.project_id, "pixel_id": pixel.pk}
    return any(model.objects.filter(**of_pixel).exists() for model in (DailyCount, ReportCount, LeftOut))


def _answer(
    model_admin: admin.ModelAdmin[Pixel], request: HttpRequest, pixels: list[Pixel], outcome: Outcome
) -> HttpResponse | None:
    """Go back to the page with the button. A page of the admin also shows what was done."""
    log_changes(request, pixels, outcome)
    url = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(url, allowed_hosts=None):
        return redirect(url)  # a page of the dashboard: it shows the state of the pixel, but no messages
    return show_outcome(model_admin, request, pixels, outcome)
