"""URLs of the dashboard and of share links."""

from django.urls import path

from dashboard.views import (
    about,
    arrivals,
    articles,
    clients,
    creation,
    exports,
    live,
    projects,
    server,
    share,
    snippets,
)

urlpatterns = [
    path("", projects.projects, name="projects"),
    path("server/", server.server, name="server"),
    path("new/", creation.new_project, name="new_project"),
    path("projects/<slug:slug>/", projects.project, name="project"),
    path("projects/<slug:slug>/new/", creation.new_article, name="new_article"),
    path("projects/<slug:slug>/live/", live.project_live, name="project_live"),
    path("projects/<slug:slug>/<int:pixel_id>/", articles.article, name="pixel"),
    path("projects/<slug:slug>/<int:pixel_id>/live/", live.article_live, name="pixel_live"),
    path("projects/<slug:slug>/hits.<str:ending>", exports.project_hits, name="project_hits"),
    path("projects/<slug:slug>/<int:pixel_id>/hits.<str:ending>", exports.pixel_hits, name="pixel_hits"),
    path("projects/<slug:slug>/export.csv", exports.project_csv, name="project_csv"),
    path("projects/<slug:slug>/<int:pixel_id>/export.csv", exports.pixel_csv, name="pixel_csv"),
    path("projects/<slug:slug>/export/<str:key>.csv", exports.project_panel_csv, name="project_panel_csv"),
    path("projects/<slug:slug>/<int:pixel_id>/export/<str:key>.csv", exports.pixel_panel_csv, name="pixel_panel_csv"),
    path("projects/<slug:slug>/arrival.json", arrivals.project_arrival, name="project_first_visit"),
    path("projects/<slug:slug>/snippets/", snippets.project_snippets, name="project_snippets"),
    path("projects/<slug:slug>/snippets.csv", snippets.project_snippets_csv, name="project_snippets_csv"),
    path("projects/<slug:slug>/<int:pixel_id>/snippets/", snippets.snippets, name="snippets"),
    path("projects/<slug:slug>/<int:pixel_id>/snippets/add/", snippets.add_placement, name="add_placement"),
    path("projects/<slug:slug>/<int:pixel_id>/snippets/badge/", snippets.publish_badge, name="publish_badge"),
    path("projects/<slug:slug>/<int:pixel_id>/snippets/arrival.json", arrivals.pixel_arrival, name="first_visit"),
    path("projects/<slug:slug>/<int:pixel_id>/client/<slug:language>/", clients.program_client, name="program_client"),
    path("about/<str:token>/", about.about, name="about"),
    path("about/<str:token>/declaration.json", about.declaration_json, name="about_json"),
    path("about/<str:token>/statistics.json", about.statistics, name="about_statistics"),
    path("about/<str:token>/<slug:panel>.csv", about.statistics_file, name="about_statistics_file"),
    path("about/<str:token>/TELEMETRY.md", about.telemetry_md, name="about_markdown"),
    path("share/<str:key>/", share.share, name="share"),
    path("share/<str:key>/embed/", share.embed, name="share_embed"),
]
