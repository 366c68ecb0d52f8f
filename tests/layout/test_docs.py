"""The documentation names commands, options, modules and files that exist."""

import importlib
import importlib.util
import re
import shlex
from pathlib import Path

import click
import pytest

from quantlab.paths import KIT

TEXTS = sorted(
    path
    for pattern in ("*.md", "docs/*.md", ".ci/*", "authoring/release/handed_out/**/*")
    for path in KIT.glob(pattern)
    if path.is_file() and path.suffix in ("", ".md", ".sh")
)
GROUPS = {
    "autograder": "autograder.cli",
    "authoring": "authoring.cli",
    "baselines": "baselines.cli",
}
_COMMAND = re.compile(r"python3? (?:-B )?-m ([\w.]+)([^`\n&|;]*)")
_OPTIONAL = re.compile(r"\[(--[^\]]*)\]")  # [--save DIR] in a synopsis
_CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_PATH = re.compile(r"[\w.*<>-]+(?:/[\w.*<>-]+)+/?")
_LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
_BASES = (".", "docs", "autograder", "quantlab")  # folders that the texts name paths from
_OUTPUTS = re.compile(  # written by a command
    r"(?:dist|marks|runs|demo|release|submitted|source|DIR|results|students|staff|appeals|rehearsal|nbgrader)/.*"
    r"|instructor/course_secret|<.*"
)


def commands(path: Path) -> list[tuple[str, list[str]]]:
    """Return each module that a text runs, with its arguments."""
    text = path.read_text().replace("\\\n", " ")
    return [
        (module, shlex.split(_OPTIONAL.sub(r"\1", arguments), comments=True))
        for module, arguments in _COMMAND.findall(text)
    ]


def parse(command: click.Command, arguments: list[str]) -> None:
    """Parse arguments as the command line does, and run nothing."""
    if isinstance(command, click.Group) and arguments and not arguments[0].startswith("-"):
        context = click.Context(command)
        _, subcommand, rest = command.resolve_command(context, arguments)
        assert subcommand is not None
        parse(subcommand, rest)
        return
    try:
        command.make_context(command.name, list(arguments))
    except click.exceptions.Exit:  # --help
        return


def identify(path: Path) -> str:
    return path.relative_to(KIT).as_posix()


@pytest.mark.parametrize("path", TEXTS, ids=identify)
def test_docs_name_commands_that_parse(path):
    for module, arguments in commands(path):
        if module in GROUPS:
            values = vars(importlib.import_module(GROUPS[module])).values()
            group = next(value for value in values if isinstance(value, click.Group))
            if any("$" in argument for argument in arguments):
                continue  # a script's variable
            try:
                parse(group, arguments)
            except (click.MissingParameter, click.exceptions.NoArgsIsHelpError):
                continue  # the text mentions the command
            except click.ClickException as error:
                pytest.fail(f"python -m {module} {shlex.join(arguments)}: {error.message}")
        else:
            assert importlib.util.find_spec(module), f"no module {module}"


@pytest.mark.parametrize("path", TEXTS, ids=identify)
def test_docs_name_files_that_exist(path):
    if path.suffix != ".md":
        pytest.skip("only texts name files in backticks")
    text = path.read_text()
    code = [match for match in _CODE.findall(text) if _PATH.fullmatch(match)]
    missing = []
    for name in code:
        pattern = re.sub(r"<[^>]*>", "*", name.rstrip("/"))
        if not _OUTPUTS.fullmatch(name) and not any(
            any((KIT / base).glob(pattern)) for base in _BASES
        ):
            missing.append(name)
    missing += [
        link
        for link in _LINK.findall(text)
        if not (path.parent / link).exists() and not link.startswith("http")
    ]
    assert missing == []


def test_parse_refuses_a_wrong_command():
    cli = importlib.import_module("autograder.cli").cli
    with pytest.raises(click.UsageError):
        parse(cli, ["nonsense"])
    with pytest.raises(click.UsageError):
        parse(cli, ["grade", "ada", "--nonsense"])
    parse(cli, ["grade", "ada.zip", "--replay", "2a.STE.gradient"])
