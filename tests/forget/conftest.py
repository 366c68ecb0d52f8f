"""A course secret, which pseudonyms need."""

import pytest


@pytest.fixture
def course_secret_file(tmp_path, monkeypatch):
    """Set a course secret for this test."""
    path = tmp_path / "secret"
    path.write_text("0123456789abcdef0123456789abcdef")
    monkeypatch.setenv("AUTOGRADER_SECRET_FILE", str(path))
    return path
