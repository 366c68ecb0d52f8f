"""Notebooks beside the report: copies, and the blank one that was released."""

from quantlab.paths import KIT

REPORT = {"checks": ["1c.*"]}


@noted("the blank notebook beside the one with answers", says="'main_ada.ipynb' was", **REPORT)
def blank_beside_the_answers():
    def build(folder):
        (folder / "report.md").unlink()
        blank = (KIT / "main.ipynb").read_text(encoding="utf-8")
        (folder / "main.ipynb").write_text(blank, encoding="utf-8")
        answered = blank.replace("*Write your answer here.*", "Rounding has no bias.")
        (folder / "main_ada.ipynb").write_text(answered, encoding="utf-8")


@final("the same notebook twice", **REPORT)
def notebook_twice():
    def build(folder):
        (folder / "report.md").rename(folder / "main.ipynb")
        (folder / "copies").mkdir()
        (folder / "copies" / "main.ipynb").write_bytes((folder / "main.ipynb").read_bytes())
