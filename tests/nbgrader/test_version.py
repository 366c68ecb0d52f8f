"""The installed nbgrader has the fix that the lower bound in pyproject.toml is there for."""

import types
from pathlib import Path

import pytest
from nbformat.v4 import new_notebook, writes
from nbgrader.server_extensions.validate_assignment.handlers import ValidateAssignmentHandler
from tornado.web import HTTPError
from traitlets.config import Config


@pytest.mark.parametrize("path", ["../secret.ipynb", "inside/../../secret.ipynb"])
def test_nbgrader_refuses_to_validate_outside_its_folder(tmp_path: Path, path: str) -> None:
    root = tmp_path / "root"
    (root / "inside").mkdir(parents=True)
    (tmp_path / "secret.ipynb").write_text(writes(new_notebook()))
    server = types.SimpleNamespace(root_dir=str(root), load_config=Config)
    with pytest.raises(HTTPError, match="403"):
        ValidateAssignmentHandler.validate_notebook(server, path)
