"""Filters that set numbers: short to read, exact on demand."""

from django import template

from dashboard import labels

register = template.Library()
register.filter("short", labels.short)
register.filter("percent", labels.percent)
