"""Who may see and change what in the admin: one answer for all its classes."""

from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Model, QuerySet
from django.http import HttpRequest


class Scope:
    """Lets staff see and change the objects of `scope`, in place of Django's model permissions.

    It stands before Django's class among the bases. An inline is asked about its parent, so `scope` has the parents.
    """

    def scope(self, user: User | AnonymousUser) -> QuerySet[Any]:
        """Return the objects that `user` may see and change; a superuser may do so with all."""
        raise NotImplementedError

    def is_let_in(self, user: User | AnonymousUser) -> bool:
        """Say whether `user` may open the list and add objects."""
        return user.is_active and user.is_staff

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.is_let_in(request.user)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._is_in_scope(request, obj)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._is_in_scope(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._is_in_scope(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._is_in_scope(request, obj)

    def _is_in_scope(self, request: HttpRequest, obj: Model | None) -> bool:
        """Say whether `obj` is the user's to change. One query for an object, unless a superuser asks."""
        if not self.is_let_in(request.user):
            return False
        return obj is None or request.user.is_superuser or self.scope(request.user).filter(pk=obj.pk).exists()
