"""The type of a Django view, for the decorators of the pages and of the API."""

from collections.abc import Callable

from django.http.response import HttpResponseBase

ViewFunction = Callable[..., HttpResponseBase]
