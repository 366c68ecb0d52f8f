"""The headless Chromium of the report's tests."""

from tests.browser.conftest import browser, stored  # noqa: F401
