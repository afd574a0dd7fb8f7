"""After a test with real transactions, the database is as empty as after migrating."""

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.test import TransactionTestCase

from collector.models import Hit
from tests.emptying import empty_tables
from tests.hits import hit


@pytest.mark.django_db(transaction=True)
def test_all_rows_go_except_what_migrating_wrote(take, pixel, owner, program):
    take(hit(pixel))
    assert Hit.objects.exists()

    empty_tables(TransactionTestCase())

    left = {model for model in apps.get_models(include_auto_created=True) if model._base_manager.exists()}
    assert left == {ContentType, Permission}
    assert TransactionTestCase._fixture_teardown is empty_tables
