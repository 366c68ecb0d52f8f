"""Documents are read in the sandbox: texts come out, whatever else happens stays inside."""

import io

import matplotlib as mpl
import pytest

from autograder.sandbox.document_text import UnreadableDocument, read_document
from autograder.sandbox.host import Sandbox
from autograder.sandbox.limits import Limits
from autograder.sandbox.messages import pack_text, read_text
from quantlab.protocol.calls import Failure
from quantlab.protocol.wire import WireError, pack
from tests.desk.small_class import docx

mpl.use("Agg")
import matplotlib.pyplot as plt

LOOP = (  # its only page is the list of pages itself
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    b"2 0 obj<</Type/Pages/Kids[2 0 R]/Count 1>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF"
)


def pdf(text: str) -> bytes:
    figure = plt.figure()
    figure.text(0.1, 0.8, text)
    stream = io.BytesIO()
    figure.savefig(stream, format="pdf")
    plt.close(figure)
    return stream.getvalue()


def test_read_document_returns_texts_and_keeps_failures_inside():
    with Sandbox(limits=Limits(cpu_seconds=3, wall_seconds=30.0)) as sandbox:
        assert sandbox.read_document("pdf", pdf("1b Clipping costs 0.0123")) == (
            "1b Clipping costs 0.0123"
        )
        assert sandbox.read_document("docx", docx("1b Scales\nTwo lines")) == (
            "1b Scales\n\nTwo lines"
        )
        for kind, content in (("pdf", b"no pdf"), ("docx", b"PK\3\4"), ("pdf", LOOP)):
            failure = sandbox.read_document(kind, content)
            assert isinstance(failure, Failure)
            assert failure.kind in ("error", "timeout")
        endless = sandbox.read_document("html", b"<a " * 3_000_000)
        assert isinstance(endless, str | Failure)  # within the deadline either way
        assert sandbox.read_document("html", b"<p>Still here</p>") == "Still here"


@pytest.mark.parametrize(
    ("page", "text"),
    [
        (b"<h1>1b</h1><p>a &lt; b<script>act()</script>", "1b\n\na < b"),
        (b"<style>p{}</style><ul><li>one<li>two</ul>", "one\ntwo"),
    ],
)
def test_read_document_returns_the_text_of_html(page, text):
    assert read_document("html", page) == text


def test_read_document_says_that_there_is_no_text():
    with pytest.raises(UnreadableDocument, match="contains no text"):
        read_document("html", b"<img src=x>")


def test_read_text_refuses_replies_that_are_not_texts():
    assert read_text(pack_text("ü"), 1000) == "ü"
    for reply in ({"text": "ü"}, {"values": {}}, {"text": 3}):
        with pytest.raises(WireError):
            read_text(pack(reply), 1000)
