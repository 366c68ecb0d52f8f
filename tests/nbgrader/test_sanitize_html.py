"""A student's text on the page of the person who marks it: what it means, and nothing that acts."""

import pytest

from autograder.platforms.nbgrader_course.sanitize_html import markdown

PIXEL = "iVBORw0KGgo="


def html(source: str, **cell: object) -> str:
    return markdown({"cell": cell}, source)


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("*a* **b** `c`", "<em>a</em> <strong>b</strong> <code>c</code>"),
        ("> quoted", "<blockquote>"),
        ("| a | b |\n|--:|:--|\n| 1 | 2 |", "<td"),
        ("$a < b & c > d$", "$a &lt; b &amp; c &gt; d$"),
        ("[page](https://example.org/a)", 'href="https://example.org/a"'),
        ("```\nif a < b:\n```", "if a &lt; b:"),
        ("x<sub>int</sub>", "x<sub>int</sub>"),
    ],
)
def test_markdown_keeps_the_meaning_of_a_text(source, shown):
    assert shown in html(source)


def test_markdown_keeps_pasted_pictures():
    attachments = {"a.png": {"image/png": PIXEL}}
    assert f"data:image/png;base64,{PIXEL}" in html(
        "![](attachment:a.png)", attachments=attachments
    )


@pytest.mark.parametrize(
    ("source", "gone"),
    [
        ("<script>act()</script>", "<script"),
        ("<img src=x onerror=act()>", "onerror"),
        ("<svg onload=act()>", "<svg"),
        ("<iframe src='https://example.org'></iframe>", "<iframe"),
        ("<form action='/x'><input name=a></form>", "<form"),
        ("<a href='java\\nscript:act()'>a</a>", "href"),
        ("[a](javascript:act())", "href"),
        ("<javascript:act()>", "href"),
        ("[a](data:text/html,x)", "href"),
        ("[a](/formgrader/api/x)", "href"),
        ("![a](https://example.org/who-reads.png)", "src"),
        ("![a](data:image/svg+xml;base64,PHN2Zz4=)", "src"),
        ("<p style='position:fixed'>a</p>", "style"),
        ("<p id='submission'>a</p>", "id="),
    ],
)
def test_markdown_removes_what_could_act(source, gone):
    assert gone not in html(source).replace("&lt;", "").lower()
