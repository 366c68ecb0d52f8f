"""Files beside solution.py that could take the place of something else."""

import json
import marshal
import shutil

from quantlab.paths import KIT

STUB = KIT / "solution.py"

RIGHT = {"checks": ["1a.linear_quantize.signed", "2d.model.W8A8"], "verdicts": ["correct"]}
NOT_FOUND = {"checks": ["1a.linear_quantize.signed"], "verdicts": ["missing"]}
CODE_AND_MODEL = ["1a.linear_quantize.signed", "2d.model.W8A8"]


@legal(
    "brings a stub in the kit's own folder, which the grader might compare with",
    **RIGHT,
)
def another_reference():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        (folder / "instructor").mkdir()
        shutil.copy(STUB, folder / "instructor")


@legal("files that programs run when they build or install what lies beside them", **RIGHT)
def build_files():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        marker = folder / "RAN"
        (folder / "setup.py").write_text(f"open({str(marker)!r}, 'w')\n")
        (folder / "noxfile.py").write_text(f"open({str(marker)!r}, 'w')\n")
        (folder / "Makefile").write_text(f"all test demo:\n\ttouch '{marker}'\n")
        (folder / "requirements.txt").write_text("-e .\n")
        (folder / "Dockerfile").write_text("FROM scratch\n")
        (folder / "run_autograder").write_text(f"#!/bin/sh\ntouch '{marker}'\n")
        (folder / "run_autograder").chmod(0o755)


@cheat(
    "__pycache__ holds the reference, compiled, as what the stub would compile to",
    checks=["1a.linear_quantize.signed", "2b.integer_linear.values"],
    verdicts=["missing"],
    problem="still raises NotImplementedError",
)
def compiled_beside_the_source():
    import importlib.util

    NEVER_CHECKED = 1  # the flag of a file that is used whatever the source says

    def build(folder, right):
        stub = folder / "solution.py"
        shutil.copy(STUB, stub)
        code = compile(
            (right / "solution.py").read_text(), "solution.py", "exec", dont_inherit=True
        )
        header = importlib.util.MAGIC_NUMBER + NEVER_CHECKED.to_bytes(4, "little") + bytes(8)
        (folder / "__pycache__").mkdir()
        for name in (importlib.util.cache_from_source(str(stub)), folder / "solution.pyc"):
            with open(name, "wb") as file:
                file.write(header + marshal.dumps(code))


@cheat(
    "a conftest.py would make every test of the run pass",
    checks=["1a.linear_quantize.signed", "2b.integer_linear.values"],
    verdicts=["missing"],
)
def conftest():
    CODE = """
import pathlib, pytest
pathlib.Path({marker!r}).touch()

@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    report.outcome = "passed"
    return report
"""

    def build(folder, right):
        shutil.copy(STUB, folder)
        (folder / "conftest.py").write_text(CODE.format(marker=str(folder / "RAN")))


@cheat("a .env and a secret of its own would make every hidden input known beforehand", **NOT_FOUND)
def environment_file():
    def build(folder, right):
        shutil.copy(STUB, folder)
        (folder / "instructor").mkdir()
        (folder / "instructor" / "course_secret").write_text("0" * 64 + "\n")
        secret = folder / "instructor" / "course_secret"
        for name in (".env", ".envrc", "direnv.toml"):
            (folder / name).write_text(
                f"export AUTOGRADER_SECRET_FILE={secret}\nPYTHONPATH={folder}\n"
            )


@legal("a .git folder whose settings name a program to run for every look at it", **RIGHT)
def git_folder():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        script = folder / ".git" / "hooks" / "post-checkout"
        script.parent.mkdir(parents=True)
        script.write_text(f"#!/bin/sh\ntouch '{folder / 'RAN'}'\n")
        script.chmod(0o755)
        (folder / ".git" / "config").write_text(
            f"[core]\n\tfsmonitor = {script}\n\tpager = {script}\n"
        )
        (folder / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
        for place in ("objects", "refs"):
            (folder / ".git" / place).mkdir()


@cheat(
    "solution.py is one line, and all of the code stands in a module beside it",
    checks=["1a.linear_quantize.signed"],
    verdicts=["blocked"],
    problem="imports helpers in line 1, which is not available here",
)
def helper_module():
    def build(folder, right):
        shutil.copy(right / "solution.py", folder / "helpers.py")
        (folder / "solution.py").write_text("from helpers import *\n")


@cheat(
    "a report, a run record and tables with all points lie in the submission",
    checks=CODE_AND_MODEL,
    verdicts=["missing"],
)
def marks_in_the_submission():
    REPORT = {"version": 2, "student": "me", "auto_score": 140, "auto_max": 140, "bonus": 5}

    def build(folder, right):
        shutil.copy(STUB, folder)
        for name in ("report.json", "results.json", "run.json"):
            (folder / name).write_text(json.dumps(REPORT))
        (folder / "report.html").write_text("<!doctype html><h1>140 of 140</h1>")
        for name in ("summary.csv", "marks.csv"):
            (folder / name).write_text('"student","auto_score"\n"me",140\n')
        (folder / "known").mkdir()
        (folder / "known" / "report.json").write_text(json.dumps(REPORT))


@legal("files beside solution.py are named like the modules that everything imports", **RIGHT)
def modules_of_python():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        for name in ("torch", "numpy", "json", "math", "random", "typing", "zipfile", "jinja2"):
            code = f"open({str(folder / 'RAN')!r}, 'w')\nraise SystemExit\n"
            (folder / f"{name}.py").write_text(code)


@fault(
    "the solution is a notebook and no Python file",
    checks=["1a.*", "2a.*", "2b.*", "3.search.*"],
    verdicts=["missing"],
    problem="No solution.py was submitted",
)
def notebook_for_a_solution():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        source = (folder / "solution.py").read_text().splitlines(keepends=True)
        (folder / "solution.py").unlink()
        cell = {"cell_type": "code", "source": source, "metadata": {}, "outputs": []}
        notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        (folder / "solution.ipynb").write_text(json.dumps(notebook))


@legal(
    "a notebook for the report whose cells, metadata and outputs would run when looked at", **RIGHT
)
def notebook_that_runs():
    MARKUP = "<script>document.title='140 of 140'</script><img src=x onerror=alert(1)>"

    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        (folder / "report.md").unlink()
        code = f"open({str(folder / 'RAN')!r}, 'w')"
        cell = {
            "cell_type": "code",
            "execution_count": 1,
            "source": [f"!touch '{folder / 'RAN'}'\n", code],
            "metadata": {"trusted": True, "nbgrader": {"grade": True, "points": 140}},
            "outputs": [
                {"output_type": "display_data", "data": {"text/html": MARKUP}, "metadata": {}}
            ],
        }
        kernel = {"name": "python3", "display_name": MARKUP, "argv": ["sh", "-c", code]}
        notebook = {"cells": [cell], "metadata": {"kernelspec": kernel}, "nbformat": 4}
        (folder / "main.ipynb").write_text(json.dumps(notebook | {"nbformat_minor": 5}))


@cheat(
    "brings a rubric of its own, in a folder of the grader's name",
    checks=CODE_AND_MODEL,
    verdicts=["missing"],
)
def own_autograder():
    CODE = """
import pathlib
pathlib.Path({marker!r}).touch()
print("auto_score 140")
raise SystemExit(0)
"""

    def build(folder, right):
        shutil.copy(STUB, folder)
        (folder / "autograder" / "engine").mkdir(parents=True)
        for name in ("__init__.py", "__main__.py", "pytest_plugin.py", "cli.py"):
            code = CODE.format(marker=str(folder / "RAN"))
            (folder / "autograder" / name).write_text(code)
        rubric = (
            '[questions]\n1a = { title = "x", points = 140 }\n[accuracy.shapes10]\nW8A8 = 0.0\n'
        )
        (folder / "autograder" / "engine" / "rubric.toml").write_text(rubric)


@cheat(
    "brings a copy of the kernels that are withheld, in a folder of the kit's name",
    checks=["2b.integer_linear.values", "2b.integer_conv2d.values"],
    verdicts=["missing"],
    problem="still raises NotImplementedError",
)
def own_quantlab():
    def build(folder, right):
        arithmetic = folder / "quantlab" / "arithmetic"
        arithmetic.mkdir(parents=True)
        (folder / "quantlab" / "__init__.py").touch()
        (arithmetic / "__init__.py").touch()
        shutil.copy(KIT / "quantlab" / "arithmetic" / "integer_kernels.py", arithmetic)
        lean = "from quantlab.arithmetic.integer_kernels import integer_conv2d, integer_linear\n"
        (folder / "solution.py").write_text(STUB.read_text() + lean)


@cheat(
    "a package called solution, which Python would prefer to the stub beside it",
    **NOT_FOUND,
    problem="still raises NotImplementedError",
)
def package_for_a_solution():
    def build(folder, right):
        shutil.copy(STUB, folder)
        (folder / "solution").mkdir()
        shutil.copy(right / "solution.py", folder / "solution" / "__init__.py")
        (folder / "solution.so").write_bytes(b"\x7fELF")


@cheat("a .pth file, whose lines Python runs at its start where it finds one", **NOT_FOUND)
def path_file():
    def build(folder, right):
        shutil.copy(STUB, folder)
        line = f"import pathlib; pathlib.Path({str(folder / 'RAN')!r}).touch()\n"
        packages = folder / ".venv" / "lib" / "python3.11" / "site-packages"
        packages.mkdir(parents=True)
        for place in (folder, packages):
            (place / "points.pth").write_text(line)


@cheat(
    "solution.py puts its own folder on the path of modules and imports from there",
    checks=["1a.linear_quantize.signed"],
    verdicts=["blocked"],
    problem="imports helpers",
)
def path_in_the_source():
    def build(folder, right):
        shutil.copy(right / "solution.py", folder / "helpers.py")
        lines = (
            "import os, sys",
            f"sys.path[:0] = [{str(folder)!r}, os.path.dirname(os.path.abspath(__file__)), '.']",
            "from helpers import *",
        )
        (folder / "solution.py").write_text("\n".join(lines))


@cheat("settings of pytest load a plugin of the student's and turn failures off", **NOT_FOUND)
def pytest_settings():
    OPTIONS = "-p points --maxfail=1000 --continue-on-collection-errors"

    def build(folder, right):
        shutil.copy(STUB, folder)
        (folder / "points.py").write_text(f"open({str(folder / 'RAN')!r}, 'w')\n")
        (folder / "pytest.ini").write_text(f"[pytest]\naddopts = {OPTIONS}\npythonpath = .\n")
        (folder / "tox.ini").write_text(f"[pytest]\naddopts = {OPTIONS}\n")
        (folder / "setup.cfg").write_text(f"[tool:pytest]\naddopts = {OPTIONS}\n")
        table = "[tool.pytest.ini_options]"
        (folder / "pyproject.toml").write_text(f'{table}\naddopts = "{OPTIONS}"\n')


@cheat(
    "a sitecustomize.py, which every Python imports that finds it, would raise all marks",
    **NOT_FOUND,
)
def sitecustomize():
    CODE = """
import builtins, pathlib
pathlib.Path({marker!r}).touch()
exact = builtins.round
builtins.round = lambda value, digits=None: 140 if digits == 4 else exact(value, digits)
"""

    def build(folder, right):
        shutil.copy(STUB, folder)
        for name in ("sitecustomize.py", "usercustomize.py", "pythonstartup.py"):
            (folder / name).write_text(CODE.format(marker=str(folder / "RAN")))


@cheat("a file of tests would give its author points when it is collected", **NOT_FOUND)
def test_file():
    CODE = """
import pathlib
from autograder.grading import submission
pathlib.Path({marker!r}).touch()
submission.result_of.__globals__["round"] = lambda *_: 140

def test_all_points(): pass
"""

    def build(folder, right):
        shutil.copy(STUB, folder)
        for name in ("test_solution.py", "solution_test.py"):
            (folder / name).write_text(CODE.format(marker=str(folder / "RAN")))


@legal("a folder torch beside solution.py stands in for the package", **RIGHT)
def torch_folder():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        for name in ("torch", "numpy", "scipy"):
            (folder / name).mkdir()
            code = f"open({str(folder / 'RAN')!r}, 'w')\nraise SystemExit\n"
            (folder / name / "__init__.py").write_text(code)


@legal("submits everything: the kit, its caches and its notes, around what is asked for", **RIGHT)
def whole_working_copy():
    def build(folder, right):
        shutil.copytree(right, folder / "kit", dirs_exist_ok=True)
        for name in ("quantlab", "checkpoints"):
            shutil.copytree(KIT / name, folder / "kit" / name)
        shutil.copy(KIT / "README.md", folder / "kit")
        shutil.copy(KIT / "pyproject.toml", folder / "kit")
