"""Turn students' Markdown into harmless HTML, for formgrader and feedback pages.

A notebook's text may contain HTML, and graders read it on a page that can change every score.
`markdown` keeps the meaning of the text. It removes what could run, and links to anything but web
pages. Tags that are not allowed are shown as text. nbconvert itself cleans the output of cells, as
the settings of the course ask.
"""

import re
from collections.abc import Mapping
from typing import Any

import nh3
from jinja2 import pass_context
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

_TAGS = frozenset(
    {
        *("a", "abbr", "acronym", "b", "blockquote", "code", "em", "i", "li", "ol", "strong", "ul"),
        *("p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "span", "div", "del", "sub"),
        *("sup", "img", "table", "thead", "tbody", "tr", "th", "td", "details", "summary"),
    }
)
_ANYWHERE = {"class", "alt", "title", "align", "colspan", "rowspan", "width", "height"}
_ATTRIBUTES = {"*": _ANYWHERE, "img": {"src"}, "a": {"href"}}
_OTHER_TAG = re.compile(rf"<(?!/?(?:{'|'.join(sorted(_TAGS))})[\s/>]|!--)", re.IGNORECASE)
_PICTURE = re.compile(r"data:image/(?:png|jpeg|gif);base64,[A-Za-z0-9+/=\s]+")
_ELSEWHERE = ("https://", "http://", "mailto:", "#")


@pass_context
def markdown(context: Mapping[str, Any], source: str) -> str:
    """Return the HTML of a cell's text, pasted pictures included.

    It replaces nbconvert's filter of the same name.
    """
    attachments = (context.get("cell") or {}).get("attachments", {})
    renderer = IPythonRenderer(escape=False, attachments=attachments)
    return nh3.clean(
        _OTHER_TAG.sub("&lt;", MarkdownWithMath(renderer=renderer).render(source)),
        tags=set(_TAGS),
        attributes=_ATTRIBUTES,
        attribute_filter=_filtered,
        url_schemes={"http", "https", "mailto", "data"},
        link_rel=None,
    )


def _filtered(tag: str, name: str, value: str) -> str | None:
    """Return an attribute's value, or None to remove the attribute."""
    if tag == "img" and name == "src":  # a picture from elsewhere would reveal who reads
        return value if _PICTURE.fullmatch(value) else None
    if tag == "a" and name == "href":
        return value if value.startswith(_ELSEWHERE) else None
    return value
