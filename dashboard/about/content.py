"""What a page about a program or an article says, as plain data, which a template and `markdown` render."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Row:
    """One item of a list. `code` is shown before the text as it is; `link`, of a page or to mail, after it."""

    text: str
    code: str = ""
    link: str = ""

    @property
    def href(self) -> str:
        return self.link if self.link.startswith(("https://", "http://")) else f"mailto:{self.link}"


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with paragraphs, a list, an example and closing paragraphs. `is_part`: of the section before it."""

    heading: str
    texts: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    example: str = ""
    closing: list[str] = field(default_factory=list)
    is_code: bool = False  # the heading is a name, such as that of an event
    is_part: bool = False


@dataclass(frozen=True, slots=True)
class AboutPage:
    """A whole page, with what stands above its first heading."""

    heading: str
    texts: list[str]
    rows: list[Row]
    sections: list[Section]


@dataclass(frozen=True, slots=True)
class Server:
    """Who answers requests: the address of this server without a slash at its end, and who runs it, if that is set."""

    url: str
    operator: str

    @property
    def host(self) -> str:
        return self.url.partition("://")[2].partition("/")[0]
