"""`manage.py remove_second_factor`: let in somebody who has lost all devices and recovery codes."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext_noop

from accounts.notices import tell
from accounts.second_factor.factors import factors_of, remove_all
from accounts.sessions.ending import end_all
from collector.audit import record
from collector.models import About


class Command(BaseCommand):
    help = "Remove the authenticator app, the passkeys and the recovery codes of a user, who then logs in by password."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", help="the name of the user")

    def handle(self, *args: Any, user: str, **options: Any) -> None:
        account = User.objects.filter(username=user).first()
        if account is None:
            raise CommandError(f"No user has the name {user}. Names are case-sensitive.")
        if not factors_of(account).is_any:
            raise CommandError(f"{user} has no second factor.")
        remove_all(account)
        end_all(account)
        message = gettext_noop("Second factor removed.")
        record(None, About.ACCOUNT, account, message)
        tell(account, message)
        self.stdout.write(f"{user} can log in by password now. Advise them to set up a second factor again.")
