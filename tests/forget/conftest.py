"""A course secret, which pseudonyms need."""

import pytest


@pytest.fixture(scope="session")
def course_secret_file(tmp_path_factory):
    """Set a course secret for all tests here."""
    path = tmp_path_factory.mktemp("secret") / "secret"
    path.write_text("0123456789abcdef0123456789abcdef")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTOGRADER_SECRET_FILE", str(path))
        yield path
