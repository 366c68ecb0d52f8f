"""The places for written answers in a notebook, and whether they are as released."""

import json

STUB_ANSWER = "*Write your answer here.*"  # in the released notebook, where an answer belongs


def unwritten_answers(content: bytes) -> int:
    """Return how many text cells of a notebook still end with `STUB_ANSWER`; 0 if it is damaged."""
    try:
        return sum(
            "".join(cell["source"]).rstrip().endswith(STUB_ANSWER)
            for cell in json.loads(content)["cells"]
            if cell["cell_type"] == "markdown"
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return 0
