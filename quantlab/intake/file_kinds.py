"""Recognize a file of the wrong kind by its first bytes, so that messages can name the kind."""

_BEGINNINGS = (
    (b"version https://git-lfs.github.com/spec/", "a git-lfs pointer, not the file itself"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"\x1f\x8b", "a gzip file"),
    (b"%PDF-", "a PDF"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 (Keras) file"),
    (b"\x93NUMPY", "a numpy array"),
)
_HTML = (b"<!doctype html", b"<html")
_TAR_MAGIC_AT = 257


def recognize_kind(content: bytes) -> str | None:
    """Return the kind of file that `content` begins, as words that follow "is", or None."""
    for beginning, kind in _BEGINNINGS:
        if content.startswith(beginning):
            return kind
    if content[:1024].removeprefix(b"\xef\xbb\xbf").lstrip().lower().startswith(_HTML):
        return "a web page (a login or download page, perhaps)"
    # A text that happens to say "ustar" there has no NUL before it.
    if content[_TAR_MAGIC_AT:].startswith(b"ustar") and b"\0" in content[:_TAR_MAGIC_AT]:
        return "a tar archive"
    return None
