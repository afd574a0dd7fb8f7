"""What a drain does before its first hit."""

import importlib
import inspect
import threading
from pkgutil import iter_modules

import pytest

from collector import classify
from collector.storage.drain import Drain
from tests.endpoints import CHROME
from tests.hits import drain, hit, spool


@pytest.mark.django_db(transaction=True)
def test_the_first_hit_does_not_wait_for_catalogues(tmp_path, pixel):
    for function in remembering():
        function.cache_clear()
    catalogues = [function for function in remembering() if not inspect.signature(function).parameters]
    stopped = threading.Event()
    stopped.set()
    Drain(tmp_path).run(stopped)
    missed = {catalogue: catalogue.cache_info().misses for catalogue in catalogues}

    page = "https://blog.example.org/hello"
    spool(tmp_path, [hit(pixel, agent=CHROME, page=page), hit(pixel, agent="Slackbot 1.0", placement="medium")])
    drain(tmp_path)

    assert [one.__qualname__ for one in catalogues if one.cache_info().misses > missed[one]] == []


def remembering():
    """Yield the functions of `collector.classify` that keep their answers; without parameters, they are catalogues."""
    for found in iter_modules(classify.__path__):
        for function in vars(importlib.import_module(f"collector.classify.{found.name}")).values():
            if hasattr(function, "cache_info"):
                yield function
