"""The page gives the open notebook, which is no file on the machine."""

import json
import os
from pathlib import Path
from typing import Any


def blocking_request(kind: str, request: str = "", timeout_sec: int = 5) -> dict[str, Any]:
    assert kind == "get_ipynb"
    return {"ipynb": json.loads(Path(os.environ["FAKE_NOTEBOOK"]).read_text())}
