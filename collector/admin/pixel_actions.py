"""What can be done with several pixels at once: pause, resume, retire, reinstate, delete."""

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
from collector.models import DailyCount, Pixel


@admin.action(description=gettext_lazy("Pause counting for ten minutes"))
def mute(model_admin: admin.ModelAdmin[Pixel], request: HttpRequest, queryset: QuerySet[Pixel]) -> HttpResponse | None:
    now = timezone.now()
    pixels = list(queryset.filter(retired_at=None))
    for pixel in pixels:
        pixel.mute(now)
    outcome = Outcome(
        history=_("Paused."),
        done=_("Paused %(pixels)s.") % {"pixels": quoted(pixels)},
        nothing=_("Paused nothing: the pixels you picked are retired."),
    )
    return _answer(model_admin, request, pixels, outcome)


@admin.action(description=gettext_lazy("Count again now"))
def unmute(
    model_admin: admin.ModelAdmin[Pixel], request: HttpRequest, queryset: QuerySet[Pixel]
) -> HttpResponse | None:
    now = timezone.now()
    pixels = [pixel for pixel in queryset if pixel.is_muted(now)]
    for pixel in pixels:
        pixel.unmute(now)
    outcome = Outcome(
        history=_("Resumed."),
        done=_("Resumed %(pixels)s.") % {"pixels": quoted(pixels)},
        nothing=_("Resumed nothing: the pixels you picked are not paused."),
    )
    return _answer(model_admin, request, pixels, outcome)


@admin.action(description=gettext_lazy("Retire: count no more visits"))
def retire(
    model_admin: admin.ModelAdmin[Pixel], request: HttpRequest, queryset: QuerySet[Pixel]
) -> HttpResponse | None:
    pixels = list(queryset.filter(retired_at=None))
    Pixel.objects.filter(pk__in=[pixel.pk for pixel in pixels]).update(retired_at=timezone.now())
    outcome = Outcome(
        history=_("Retired."),
        done=_("Retired %(pixels)s.") % {"pixels": quoted(pixels)},
        nothing=_("Retired nothing: the pixels you picked are so already."),
    )
    return _answer(model_admin, request, pixels, outcome)


@admin.action(description=gettext_lazy("Reinstate: count visits again"))
def reinstate(
    model_admin: admin.ModelAdmin[Pixel], request: HttpRequest, queryset: QuerySet[Pixel]
) -> HttpResponse | None:
    pixels = list(queryset.exclude(retired_at=None))
    Pixel.objects.filter(pk__in=[pixel.pk for pixel in pixels]).update(retired_at=None)
    outcome = Outcome(
        history=_("Reinstated."),
        done=_("Reinstated %(pixels)s.") % {"pixels": quoted(pixels)},
        nothing=_("Reinstated nothing: the pixels you picked are so already."),
    )
    return _answer(model_admin, request, pixels, outcome)


@admin.action(description=gettext_lazy("Delete"))
def delete_selected(
    model_admin: admin.ModelAdmin[Pixel], request: HttpRequest, queryset: QuerySet[Pixel]
) -> HttpResponse | None:
    """Take the place of Django's own, which would not say what to do with pixels that have counts."""
    counted = [pixel for pixel in queryset if is_counted(pixel)]
    if counted:
        refuse_to_delete(model_admin, request, counted)
        return None
    answer: HttpResponse | None = ask_and_delete(model_admin, request, queryset)
    return answer


def refuse_to_delete(model_admin: admin.ModelAdmin[Pixel], request: HttpRequest, pixels: list[Pixel]) -> None:
    """Say that pixels with counts can't be deleted, and what to do instead."""
    refused = ngettext(
        "%(pixels)s has counts, which would be lost with it. Nothing was deleted: retire it instead.",
        "%(pixels)s have counts, which would be lost with them. Nothing was deleted: retire them instead.",
        len(pixels),
    )
    model_admin.message_user(request, refused % {"pixels": quoted(pixels)}, messages.ERROR)


def is_counted(pixel: Pixel) -> bool:
    """Say whether anything was counted for `pixel`."""
    return DailyCount.objects.filter(project_id=pixel.project_id, pixel_id=pixel.pk).exists()


def _answer(
    model_admin: admin.ModelAdmin[Pixel], request: HttpRequest, pixels: list[Pixel], outcome: Outcome
) -> HttpResponse | None:
    """Go back to the page where the button was pressed; of the admin, one that says what was done."""
    log_changes(request, pixels, outcome)
    page = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(page, allowed_hosts=None):
        return redirect(page)  # a page of the dashboard, which shows the state, and no messages
    return show_outcome(model_admin, request, pixels, outcome)
