"""The pages of snippets: what to paste on which platform, for one article or for a whole project."""

from django.contrib.admin.models import CHANGE
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy

from collector.addresses import address_warning
from collector.audit import record_changes
from collector.models import Pixel
from collector.models.validators import PLACEMENTS_AT_MOST
from collector.snippets import FORMS, base_url
from dashboard.snippets.badges import OPENED, badge_picker
from dashboard.snippets.cards import snippet_cards
from dashboard.snippets.listing import PAGE_PIXELS, listing_csv, read_listing, snippet_rows
from dashboard.snippets.live_line import line_of_snippets
from dashboard.snippets.placement_picker import catalogue_groups, placement_problem, read_platform_choice
from dashboard.views.access import dashboard_action, dashboard_view, download_view, visible_pixel, visible_project
from dashboard.views.streams import CSV, stream

MAX_NAME = 100  # characters of a name that the redirect repeats, so that a rejected one stays short


@dashboard_view
def snippets(request: HttpRequest, slug: str, pixel_id: int) -> HttpResponse:
    """Show what to paste for one pixel on the platforms that the query string names. At most eight queries."""
    pixel = visible_pixel(request, slug, pixel_id)
    platform_choice = read_platform_choice(request.GET, pixel)
    context = {
        "pixel": pixel,
        "project": pixel.project,
        "address_warning": address_warning(base_url(request)),
        "notices": platform_choice.notices,
        "picker": platform_choice.picker(pixel),
        "cards": snippet_cards(pixel, platform_choice.placements, base_url(request)),
        "may_edit": pixel.is_editable,  # type: ignore[attr-defined]
        "is_full": len(pixel.placements) >= PLACEMENTS_AT_MOST,
        "max_platforms": PLACEMENTS_AT_MOST,
        "line": line_of_snippets(pixel, timezone.now()),
        "badge": badge_picker(request.GET, pixel, base_url(request)),
        "may_publish": pixel.is_owned,  # type: ignore[attr-defined]
    }
    return render(request, "dashboard/snippets.html", context)


@dashboard_action
def publish_badge(request: HttpRequest, slug: str, pixel_id: int) -> HttpResponse:
    """Make an article's numbers public on its badge, or stop that, and go back to the badge."""
    pixel = get_object_or_404(Pixel.objects.owned_by(request.user).filter(project__slug=slug), pk=pixel_id)
    is_public = request.POST.get("public") == "1"
    if pixel.has_public_badge != is_public:
        pixel.has_public_badge = is_public
        pixel.save(update_fields=["has_public_badge"])
        message = gettext_lazy("Made the numbers public.") if is_public else gettext_lazy("Made the numbers private.")
        record_changes(request.user.pk, [pixel], CHANGE, message)
    query = request.GET.copy()
    query[OPENED] = "1"
    return HttpResponseRedirect(f"{reverse('snippets', args=[slug, pixel_id])}?{query.urlencode()}#{OPENED}")


@dashboard_action
def add_placement(request: HttpRequest, slug: str, pixel_id: int) -> HttpResponse:
    """Add a platform to a pixel and go back to its snippets. If that is not possible, the page says why."""
    editable = Pixel.objects.editable_by(request.user).filter(project__slug=slug)
    placement = request.POST.get("platform", "").strip().lower()
    with transaction.atomic():
        pixel = get_object_or_404(editable.select_for_update(of=("self",)), pk=pixel_id)
        is_new = placement_problem(placement) is None and placement not in pixel.placements
        if is_new and len(pixel.placements) < PLACEMENTS_AT_MOST:
            pixel.placements = [*pixel.placements, placement]
            pixel.save(update_fields=["placements"])
            record_changes(request.user.pk, [pixel], CHANGE, gettext_lazy("Added a platform."), placement)
    query = request.GET.copy()
    if placement and placement not in query.getlist("platform"):
        query.appendlist("platform", placement[:MAX_NAME])
    address = reverse("snippets", args=[slug, pixel_id])
    return HttpResponseRedirect(f"{address}?{query.urlencode()}" if query else address)


@dashboard_view
def project_snippets(request: HttpRequest, slug: str) -> HttpResponse:
    """List one snippet for each pixel of a project, page by page. Seven queries at most, however many pixels."""
    project = visible_project(request, slug)
    listing = read_listing(request.GET)
    pagination = Paginator(listing.pixels(project), PAGE_PIXELS).get_page(request.GET.get("page"))
    context = {
        "project": project,
        "address_warning": address_warning(base_url(request)),
        "listing": listing,
        "rows": snippet_rows(listing, project, list(pagination), base_url(request)),
        "pagination": pagination,
        "groups": catalogue_groups(listing.placement),
        "forms": FORMS.items(),
    }
    return render(request, "dashboard/project_snippets.html", context)


@download_view
def project_snippets_csv(request: HttpRequest, slug: str) -> StreamingHttpResponse:
    """Send the snippets of all platforms of a project's pixels as CSV. One query for each 500 pixels."""
    project = visible_project(request, slug)
    lines = listing_csv(read_listing(request.GET), project, base_url(request))
    return stream(request, lines, CSV, f"{project.slug}-snippets.csv")
