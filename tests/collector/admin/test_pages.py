"""All pages of the admin: links, content security, escaping."""

import re

import pytest

from collector.models import Pixel, Project
from tests.collector.admin.browsing import count, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


def test_pages_link_to_the_dashboard(as_owner, pixel):
    assert 'href="/projects/blog/"' in text_of(as_owner.get(f"/admin/collector/project/{pixel.project_id}/change/"))
    pixel_page = text_of(as_owner.get(f"/admin/collector/pixel/{pixel.pk}/change/"))
    assert f'href="/projects/blog/{pixel.pk}/" class="viewsitelink">View dashboard</a>' in pixel_page


def test_no_page_has_inline_script_or_style(as_owner, pixel):
    count(pixel)
    for url in (
        "/admin/",
        "/admin/collector/pixel/",
        "/admin/collector/pixel/add/",
        "/admin/collector/pixel/several/",
        f"/admin/collector/pixel/{pixel.pk}/change/",
        f"/admin/collector/pixel/{pixel.pk}/history/",
        "/admin/collector/project/",
        "/admin/collector/project/add/",
        f"/admin/collector/project/{pixel.project_id}/change/",
        f"/admin/collector/project/{pixel.project_id}/delete/",
    ):
        response = as_owner.get(url, follow=True)
        page = text_of(response)
        assert response.status_code == 200, url
        assert "Footfall" in page
        assert not re.search(r"<style|<script(?![^>]* src=)|\sstyle=|\son[a-z]+=", page), url
        assert response.headers["Content-Security-Policy"]


def test_a_title_is_escaped_everywhere(as_owner, pixel):
    Pixel.objects.update(title="<b>bold</b>")
    Project.objects.update(name="<i>slanted</i>")
    count(pixel)

    for url in (
        "/admin/collector/pixel/",
        f"/admin/collector/pixel/{pixel.pk}/change/",
        f"/admin/collector/pixel/{pixel.pk}/delete/",
        "/admin/collector/project/",
        f"/admin/collector/project/{pixel.project_id}/delete/",
    ):
        page = text_of(as_owner.get(url, follow=True))
        assert "<b>bold" not in page
        assert "<i>slanted" not in page
