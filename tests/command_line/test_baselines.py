"""`python -m baselines` explains itself, at once."""

import subprocess
import sys

import pytest

PROGRAM = """
import sys
from baselines.__main__ import main
try: main(sys.argv[1:])
except SystemExit as ended: assert ended.code == 0
assert "torch" not in sys.modules
"""
COMMANDS = ("table1", "ablate", "frontier", "run", "compare", "deploy")


def explained(*command: str) -> str:
    arguments = [sys.executable, "-c", PROGRAM, *command, "--help"]
    return subprocess.run(arguments, check=True, capture_output=True, text=True).stdout


def test_baselines_help_lists_all_commands() -> None:
    text = explained()
    assert [name for name in COMMANDS if f"\n  {name}" in text] == list(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_baselines_help_explains_each_command_without_torch(command: str) -> None:
    text = explained(command)
    assert f"python -m baselines {command}" in text
    assert "--data" in text
