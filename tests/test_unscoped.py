"""Code that answers people reaches rows only through who may see them, or through an object that it has already.

`Pixel.objects.get(pk=…)` in a view finds the pixels of all projects. So each query begins with a permission
(`visible_to` …), or is bound to an object at hand (`project=project`), or stands in `EXCEPTIONS`, with the reason.
"""

import ast
from collections.abc import Iterator

import pytest
from django.apps import apps

from tests.test_shape import ROOT, sources

OWNED_BY = {"project", "pixel", "user", "projects"}  # fields that say whose a row is
MODELS = {
    model.__name__
    for model in apps.get_models()
    if model.__name__ in {"Project", "User"} or OWNED_BY & {field.name for field in model._meta.get_fields()}
}
PERMISSIONS = {"visible_to", "editable_by", "owned_by", "of_secret", "of_user", "of_key", "may_be_created_by", "none"}
WRITERS = {"create", "bulk_create", "log_actions"}  # they find nothing
BOUND = {"project", "project_id", "project__in", "pixel", "pixel_id", "pixel__project", "user", "user_id"}
DICTIONARIES = {"of_pixel", "_scope"}  # of such keywords: `ReportCount.objects.filter(**of_pixel)`
# What people send: a query bound to it is bound to nothing.
SENT = {"GET", "POST", "data", "cleaned_data", "query_params"}
SHORTCUTS = {"get_object_or_404", "get_list_or_404"}
# By file and function: why it may look at all rows.
EXCEPTIONS = {
    "accounts/admin/users.py scope": "only for superusers",
    "accounts/admin/users.py get_deleted_objects": "only for superusers",
    "accounts/admin/users.py user_change_password": "only for superusers",
    "accounts/invitations/acceptance.py pending_invitation": "for everybody who has the secret",
    "accounts/apps.py delete_expired": "for the drain",
    "accounts/invitations/forms.py clean_username": "whether a name is taken",
    "accounts/invitations/roles.py _keep_an_owner": "the project of a membership at hand",
    "accounts/invitations/roles.py change_role": "a membership at hand",
    "accounts/invitations/roles.py remove_member": "a membership at hand",
    "accounts/login/single_sign_on.py is_taken": "whether an address has an account already",
    "accounts/management/commands/remove_second_factor.py handle": "for operators",
    "accounts/passwords/reset.py user_of_link": "for everybody who has the link",
    "accounts/second_factor/factors.py _locked": "the user",
    "accounts/second_factor/passkeys.py add_passkey": "the user",
    "accounts/views/invitations.py _join": "the user",
    "accounts/invitations/acceptance.py accept": "an invitation at hand",
    "accounts/views/login.py post": "who logs in",
    "accounts/own/deletion.py delete_account": "the user",
    "accounts/own/deletion.py is_only_superuser": "whether there is another one",
    "accounts/own/deletion.py only_owned": "the projects of the user, besides those that have other owners",
    "accounts/own/email_links.py set_email": "a user at hand",
    "accounts/own/email_links.py user_and_email": "for everybody who has the link",
    "accounts/own/forms.py clean_username": "whether a name is taken",
    "accounts/sessions/store.py _note_use": "a session at hand",
    "accounts/views/account.py name": "the user",
    "accounts/views/email.py email": "the user",
    "accounts/views/email.py verify": "for everybody who has the link",
    "accounts/views/password_reset.py forgotten": "who forgot a password; the answer is always the same",
    "collector/admin/filters.py queryset": "narrows the list, which is in scope, to the links that are open",
    "collector/admin/forms.py MembershipForm": "members are named by a user name, which has to exist",
    "collector/admin/pixel_actions.py retire": "only the selected pixels, which are in scope",
    "collector/admin/pixel_actions.py reinstate": "only the selected pixels, which are in scope",
    "collector/admin/sharing.py revoke": "only the selected links, which are in scope",
    "collector/admin/tokens.py revoke": "only the selected tokens, which are in scope",
    "dashboard/api/access.py _record_use": "the token of the request",
    "dashboard/creation/records.py create_project": "only projects that the creator owns",
    "dashboard/creation/records.py _in_turn": "the creator",
    "dashboard/creation/slugs.py free_slugs": "a slug can be taken only once on a server",
    "dashboard/report/server_traffic.py _reports": "only for superusers",
    "dashboard/usage/counts.py first_day": "bound to a pixel",
    "dashboard/usage/left_out.py left_out_days": "the names of those who decided",
    "dashboard/views/about.py _live_pixel": "for everybody who has the token",
    "dashboard/views/share.py _open_link": "for everybody who has the key",
}


def unscoped(source: str) -> Iterator[str]:
    """Yield the function, or the class, of each query that looks at all rows of a model."""
    parents: dict[ast.AST, ast.AST] = {}
    tree = ast.parse(source)
    for node in ast.walk(tree):
        parents |= dict.fromkeys(ast.iter_child_nodes(node), node)
    for node in ast.walk(tree):
        is_shortcut = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SHORTCUTS
        if (is_manager(node) and not is_scoped(node, parents)) or (is_shortcut and names_model(node.args[0])):
            yield next(place.name for place in above(node, parents) if hasattr(place, "name"))


def above(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> Iterator[ast.AST]:
    while node in parents:
        node = parents[node]
        yield node


def names_model(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id in MODELS


def is_manager(node: ast.AST) -> bool:
    """Say whether an expression is a model's manager, such as `Pixel.objects`."""
    names = {"objects", "_default_manager", "_base_manager"}
    return isinstance(node, ast.Attribute) and node.attr in names and names_model(node.value)


def is_scoped(manager: ast.AST, parents: dict[ast.AST, ast.AST]) -> bool:
    """Say whether the calls that follow a manager begin with a permission, or bind the query to an object at hand."""
    below: ast.AST = manager
    for node in above(manager, parents):
        if isinstance(node, ast.Attribute):
            if below is manager and node.attr in PERMISSIONS | WRITERS:
                return True
        elif isinstance(node, ast.Call) and node.func is below:
            if any(map(binds, node.keywords)):
                return True
        else:
            return False
        below = node
    return False


def binds(keyword: ast.keyword) -> bool:
    """Say whether an argument binds a query to an object at hand, not to what somebody sends."""
    if keyword.arg is None:
        value: object = keyword.value
        return getattr(value, "id", "") in DICTIONARIES or getattr(value, "attr", "") in DICTIONARIES
    is_sent = any(isinstance(node, ast.Attribute) and node.attr in SENT for node in ast.walk(keyword.value))
    return keyword.arg in BOUND and not is_sent


def test_no_query_for_people_looks_at_the_rows_of_all_projects():
    found = {
        f"{path.relative_to(ROOT)} {place}"
        for path in sources("accounts", "collector/admin", "collector/templatetags", "dashboard")
        for place in unscoped(path.read_text("utf-8"))
    }
    assert found == set(EXCEPTIONS)


@pytest.mark.parametrize(
    ("line", "is_found"),
    [
        ("Pixel.objects.get(pk=pk)", True),
        ("Pixel.objects.live().filter(pk=pk)", True),
        ("Pixel._default_manager.all()", True),
        ("get_object_or_404(Pixel, pk=pk)", True),
        ("field.queryset = Project.objects", True),
        ('Pixel.objects.filter(project=request.GET["project"])', True),
        ("Pixel.objects.visible_to(user).get(pk=pk)", False),
        ("get_object_or_404(Pixel.objects.visible_to(user), pk=pk)", False),
        ("Pixel.objects.live().filter(project=project)", False),
        ("Report.objects.filter(**of_pixel)", False),
        ("Report.objects.filter(**request.POST)", True),
        ("project.pixels.get(pk=pk)", False),
        ("Page.objects.get(pk=pk)", False),
    ],
)
def test_a_query_is_found_if_it_looks_at_all_rows(line, is_found):
    assert list(unscoped(f"def view(request):\n    return 1\n\n\ndef other():\n    {line}")) == ["other"] * is_found
