"""Written reports under the names that people and systems give them."""

PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n"
REPORT = {"checks": ["1c.*"]}


@noted("'report_final.pdf' is the only report", says="'report_final.pdf' was used", **REPORT)
def final_pdf():
    def build(folder):
        (folder / "report.md").unlink()
        (folder / "report_final.pdf").write_bytes(PDF)


@noted("the notebook is saved as a web page", says="'main.html' was used as the report", **REPORT)
def notebook_as_html():
    def build(folder):
        (folder / "report.md").unlink()
        (folder / "main.html").write_text("<html><body>My answers</body></html>")


@noted("the notebook is Drive's copy of it, in German", says="'Kopie von main.ipynb'", **REPORT)
def german_copy():
    def build(folder):
        (folder / "report.md").rename(folder / "Kopie von main.ipynb")


@noted("the notebook has the student's name", says="'main_ada.ipynb' was used", **REPORT)
def notebook_with_a_name():
    def build(folder):
        (folder / "report.md").rename(folder / "main_ada.ipynb")
