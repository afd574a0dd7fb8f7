"""What a user may see and change in the admin, for all admin classes."""

from typing import Any

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import BadRequest
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_noop

from collector.admin.filters import is_key
from collector.audit import record_objects


class Scope:
    """Lets staff see and change the objects in `scope`, in place of Django's model permissions.

    List it before Django's class among the bases. Django asks an inline about its parent object, so the `scope` of an
    inline returns parents, and it has a `get_queryset` of its own.
    """

    def scope(self, user: User | AnonymousUser) -> QuerySet[Any]:
        """Return the objects that `user` may see and change. Superusers may change any object."""
        raise NotImplementedError

    def is_let_in(self, user: User | AnonymousUser) -> bool:
        """Say whether `user` may open the list and add objects."""
        return user.is_active and user.is_staff

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return what there is for the user: in lists, searches, autocompletes, actions, and at each address.

        All else does not exist for them. Django answers some addresses differently for an object that exists and may
        not be seen.
        """
        admin: Any = self
        return self.scope(request.user).order_by(*admin.get_ordering(request) or admin.opts.ordering)

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Say whether a list may be filtered so: only by the filters that it offers.

        Django allows every column of the model. A list would tell, letter by letter, what no page shows, such as the
        hash of a share link's password. And PostgreSQL rejects NUL.
        """
        admin: Any = self
        filters = admin.get_list_filter(request)
        if lookup in {each.parameter_name for each in filters if not isinstance(each, str)}:
            return True  # the filter reads it, not Django
        is_offered = lookup.partition("__")[0] in filters and "\0" not in str(value)
        return is_offered and bool(super().lookup_allowed(lookup, value, request))  # type: ignore[misc]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Search lists and autocompletes. NUL, which PostgreSQL rejects, is nowhere."""
        if "\0" in search_term:
            return queryset.none(), False
        found: tuple[QuerySet[Any], bool] = super().get_search_results(  # type: ignore[misc]
            request, queryset, search_term
        )
        return found

    def response_action(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse | None:
        """Run an action on the selected objects. Raises BadRequest for what can't be a key: Django would fail."""
        if not all(map(is_key, request.POST.getlist(ACTION_CHECKBOX_NAME))):
            raise BadRequest
        answer: HttpResponse | None = super().response_action(request, *args, **kwargs)  # type: ignore[misc]
        return answer

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Note an addition in the audit trail, too."""
        record_objects(request.user.pk, [obj], message)
        return super().log_addition(request, obj, message)  # type: ignore[misc]

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Note a change in the audit trail, too."""
        record_objects(request.user.pk, [obj], message)
        return super().log_change(request, obj, message)  # type: ignore[misc]

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """Note deletions in the audit trail, too."""
        record_objects(request.user.pk, queryset, gettext_noop("Deleted."))
        return super().log_deletions(request, queryset)  # type: ignore[misc]

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
        """Say whether the user may change `obj`. One query, none for superusers or without an object."""
        if not self.is_let_in(request.user):
            return False
        return obj is None or request.user.is_superuser or self.scope(request.user).filter(pk=obj.pk).exists()
