"""Files under the names that systems and people give to copies, versions and downloads."""

from quantlab.paths import KIT

CODE = {"checks": ["1a.reset.*"]}
MODEL = {"checks": ["2d.model.W8A8"]}
W8A8 = "ResNet20_W8A8.pt"


@noted("solution_jan.py", says="'solution_jan.py' was used as solution.py.", **CODE)
def own_name():
    def build(folder):
        (folder / "solution.py").rename(folder / "solution_jan.py")


@noted("a copy by a system in French", says="'Copie de solution.py' was used", **CODE)
def french_copy():
    def build(folder):
        (folder / "solution.py").rename(folder / "Copie de solution.py")


@noted("a copy by a system in Chinese", says="'solution - 副本.py' was used", **CODE)
def chinese_copy():
    def build(folder):
        (folder / "solution.py").rename(folder / "solution - 副本.py")


@noted("Windows hides that it ends in .txt", says="'solution.py.txt' was used", **CODE)
def text_file():
    def build(folder):
        (folder / "solution.py").rename(folder / "solution.py.txt")


@noted("another name, all functions in it", says="'quantization.py' was used", **CODE)
def another_name():
    def build(folder):
        (folder / "solution.py").rename(folder / "quantization.py")


@review(
    "two versions of solution.py",
    says="2 different files could be solution.py ('solution (1).py', 'solution.py')",
    **CODE,
)
def two_versions():
    def build(folder):
        text = (folder / "solution.py").read_text(encoding="utf-8")
        (folder / "solution (1).py").write_text(f"{text}\n\n\n# newer\n", encoding="utf-8")


@final("the stub of an earlier release is in a folder", **CODE)
def stub_beside():
    def build(folder):
        STUB = KIT / "solution.py"
        (folder / "stub").mkdir()
        text = STUB.read_text(encoding="utf-8").replace("Complete this file and submit it", "Do it")
        (folder / "stub" / "solution.py").write_text(text, encoding="utf-8")


@final("only the stub, unchanged", checks=["1a.reset.*"], points=0)
def only_the_stub():
    def build(folder):
        (folder / "solution.py").write_bytes((KIT / "solution.py").read_bytes())


@noted("the stub and an own file", says="'my solution.py' was used as solution.py.", **CODE)
def stub_and_own_file():
    def build(folder):
        (folder / "solution.py").rename(folder / "my solution.py")
        (folder / "solution.py").write_bytes((KIT / "solution.py").read_bytes())


@noted(
    "answers.json has the student's name",
    says="'answers_ada (2).json' was used as answers.json.",
    checks=["1b.A.sym"],
)
def own_answers():
    def build(folder):
        (folder / "answers.json").rename(folder / "answers_ada (2).json")


@noted(
    "a dash in the model's name", says="'ResNet20-W8A8.pt' was used as ResNet20_W8A8.pt.", **MODEL
)
def model_with_a_dash():
    def build(folder):
        (folder / W8A8).rename(folder / "ResNet20-W8A8.pt")


@noted("the model ends in .pth", says="'ResNet20_W8A8.pth' was used", **MODEL)
def model_pth():
    def build(folder):
        (folder / W8A8).rename(folder / "ResNet20_W8A8.pth")


@noted("the model is named as the zip it is", says="'ResNet20_W8A8.pt.zip' was used", **MODEL)
def model_pt_zip():
    def build(folder):
        (folder / W8A8).rename(folder / "ResNet20_W8A8.pt.zip")


@noted("the model is named as a text", says="'ResNet20_W8A8.pt.txt' was used", **MODEL)
def model_pt_txt():
    def build(folder):
        (folder / W8A8).rename(folder / "ResNet20_W8A8.pt.txt")


@noted("the stub, and an o that is a Cyrillic letter", says="was used as solution.py.", **CODE)
def letters_of_another_script():
    def build(folder):
        (folder / "solution.py").rename(folder / "s\u043elution.py")
        (folder / "solution.py").write_bytes((KIT / "solution.py").read_bytes())


@review("solution.py imports the functions from another file", says="could not be imported", **CODE)
def functions_in_another_file():
    def build(folder):
        (folder / "solution.py").rename(folder / "quant.py")
        (folder / "solution.py").write_text("from quant import *\n")
