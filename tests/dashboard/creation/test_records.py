"""Forms that arrive at the same time."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client

from collector.models import Pixel, Project

FORM = {"name": "My blog", "timezone": "berlin", "title": "Hello", "kind": "article", "placements": ["medium"]}


@pytest.mark.django_db(transaction=True)
def test_of_forms_that_arrive_together_each_user_gets_one_project_with_a_slug_of_its_own():
    clients = [Client() for _ in range(3)]
    for number, client in enumerate(clients):
        client.force_login(User.objects.create_user(f"author-{number}", is_staff=True))

    with ThreadPoolExecutor(9) as pool:
        addresses = list(pool.map(send, [client for client in clients for _ in range(3)]))

    assert sorted(Project.objects.values_list("slug", flat=True)) == ["my-blog", "my-blog-2", "my-blog-3"]
    assert Pixel.objects.count() == 3
    assert len(set(addresses)) == 3


def send(client: Client) -> str:
    """Send the form with the login of `client`, and return the address that the answer leads to."""
    twin = Client()
    twin.cookies = client.cookies
    try:
        return twin.post("/new/", FORM).headers["Location"]
    finally:
        connections.close_all()
