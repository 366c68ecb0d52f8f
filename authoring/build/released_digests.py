"""Write the digests of the texts that students receive: `quantlab/intake/released_digests.py`.

python -m authoring build          # writes them
python -m authoring build --check  # writes nothing; exit status 1 if they differ
"""

from authoring.build.generated_file import write_or_compare
from autograder.paths import REFERENCE
from quantlab.intake.released import digest
from quantlab.paths import KIT

PATH = KIT / "quantlab" / "intake" / "released_digests.py"
TEXTS = (
    *("README.md", "main.ipynb", "extensions.ipynb", "data/README.md", "docs/student.md"),
    *("docs/handout.md", "docs/glossary.md", "docs/reading-path.md"),
    "authoring/release/handed_out/AGENTS.md",
)


def build_released_digests(check: bool = False) -> int:
    """Write the digests, or with `check` only compare; return the exit status."""
    lines = [
        '"""Digests of the texts that students receive. Written by `python -m authoring build`."""',
        "",
        "DIGESTS = frozenset(",
        "    {",
    ]
    for name in TEXTS:
        lines += [f"        # {name}", f'        "{digest(name, (KIT / name).read_bytes())}",']
    lines += ["    }", ")", ""]
    return write_or_compare(PATH, "\n".join(lines), REFERENCE, check)
