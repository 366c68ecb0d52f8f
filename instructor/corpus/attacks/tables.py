"""Tables (answers.json) that are damaged, hostile, or only unusual."""

import contextlib
import json
import shutil

RIGHT = {"checks": ["1b.A.sym", "3.bit_widths.accuracy"], "verdicts": ["correct"]}
NOT_JSON = {
    "checks": ["1b.[AB].*", "2c.*", "3.bit_widths.*"],
    "verdicts": ["error"],
    "problem": "is not JSON",
}
A_LIST = {
    "checks": ["1b.[AB].*", "2c.*", "3.bit_widths.*"],
    "verdicts": ["error"],
    "problem": "must be a JSON object, not a list",
}
BAD_STUDENT = {
    "checks": ["1b.[AB].*", "2c.*", "3.bit_widths.*"],
    "verdicts": ["error"],
    "problem": "must be a text of 1 to 100 characters",
}
EVERY_TABLE = ["1b.[AB].*", "2c.*", "3.bit_widths.*"]


@contextlib.contextmanager
def edited_answers(folder, right):
    """Copy a right submission and yield its table, to be changed in place."""
    shutil.copytree(right, folder, dirs_exist_ok=True)
    path = folder / "answers.json"
    record = json.loads(path.read_text())
    yield record
    path.write_text(json.dumps(record))


@fault(
    "reports the largest number that there is for every accuracy",
    checks=["2c.*"],
    verdicts=["wrong"],
)
def accuracies_beyond_everything():
    def build(folder, right):
        with edited_answers(folder, right) as record:
            largest = {"sym": 1.7e308, "SAWB": 1.7e308}
            record["table1"]["ptq"] = dict.fromkeys(record["table1"]["ptq"], largest)


@fault(
    "a number has an exponent that no number reaches",
    checks=["2c.ptq.sym"],
    verdicts=["partial"],
    problem="is too large for a number",
)
def beyond_the_largest_number():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        answers = folder / "answers.json"
        record = json.loads(answers.read_text())
        record["table1"]["ptq"]["W8A8"]["sym"] = "here"
        answers.write_text(json.dumps(record).replace('"here"', "1e999"))


@legal("the file begins with a byte order mark", **RIGHT)
def byte_order_mark():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        answers = folder / "answers.json"
        answers.write_text(answers.read_text(), encoding="utf-8-sig")


@fault("comments and commas at the end, as other notations allow", **NOT_JSON)
def comments():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        answers = folder / "answers.json"
        answers.write_text(answers.read_text().replace("{", "{ // mine", 1))


@fault(
    "the data set's name is markup, a formula and terminal codes",
    checks=EVERY_TABLE,
    verdicts=["wrong"],
    problem="they are graded on Shapes-10",
)
def data_set_like_markup():
    def build(folder, right):
        with edited_answers(folder, right) as record:
            record["dataset"] = "=1+1</p><script>alert(1)</script>\x1b[2J\u202eShapes-10"


@fault(
    "reports for the heuristic a hundredth less than the least error there is",
    checks=["1b.[AB].heuristic"],
    verdicts=["wrong"],
)
def errors_below_the_least():
    def build(folder, right):
        with edited_answers(folder, right) as record:
            for methods in record["mse"].values():
                methods["heuristic"] = {bits: 0.99 * e for bits, e in methods["heuristic"].items()}


@fault(
    "reports errors that are zero, the smallest number above it, and far below it",
    checks=["1b.[AB].*"],
    verdicts=["wrong"],
)
def errors_of_every_kind():
    def build(folder, right):
        with edited_answers(folder, right) as record:
            for methods in record["mse"].values():
                for method in methods:
                    methods[method] = {"8": -0.0, "4": 5e-324, "2": -1e300}


@fault(
    "an integer of 4,000 digits, which is no floating-point number",
    checks=["1b.B.sym"],
    verdicts=["partial"],
    problem="is too large for a number",
)
def integer_beyond_the_largest_number():
    def build(folder, right):
        with edited_answers(folder, right) as record:
            record["mse"]["B"]["sym"]["2"] = 10**4_000


@fault(
    "an integer that takes quadratic time to read",
    checks=EVERY_TABLE,
    verdicts=["error"],
    problem="of absurd size",
)
def integer_of_a_million_digits():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        answers = folder / "answers.json"
        record = json.loads(answers.read_text())
        record["version"] = "here"
        answers.write_text(json.dumps(record).replace('"here"', "9" * 1_000_000))


@fault(
    "the student's name has an accent in Latin-1",
    checks=EVERY_TABLE,
    verdicts=["error"],
    problem="is not UTF-8 text",
)
def latin1():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        answers = folder / "answers.json"
        answers.write_bytes(answers.read_bytes().replace(b"known", b"caf\xe9"))


@fault(
    "layers are named like markup, formulas and members of Python's objects",
    checks=["3.bit_widths.*"],
    verdicts=["wrong", "blocked"],
    problem="There is no layer called",
)
def layers_like_markup():
    def build(folder, right):
        with edited_answers(folder, right) as record:
            record["bit_widths"] |= {
                "</p><script>alert(1)</script>": 4,
                "=1+1": 4,
                "__class__": 4,
                "{0.__init__}": 4,
            }


@fault(
    "a layer's name has a letter of another script",
    checks=["3.bit_widths.*"],
    verdicts=["error", "blocked"],
    problem="does not name a layer",
)
def layers_of_another_script():
    def build(folder, right):
        with edited_answers(folder, right) as record:
            record["bit_widths"]["c\u043env1"] = record["bit_widths"].pop("conv1")


@fault(
    "a layer's name would clear the terminal",
    checks=["3.bit_widths.*"],
    verdicts=["wrong", "blocked"],
    problem="There is no layer called",
)
def layers_of_terminal_codes():
    def build(folder, right):
        with edited_answers(folder, right) as record:
            record["bit_widths"]["\x1b[2J\x1b[31m\x07"] = 4


@fault("the tables are in a list", **A_LIST)
def list_at_the_top():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        answers = folder / "answers.json"
        answers.write_text(f"[{answers.read_text()}]")


@fault(
    "a table is a list",
    checks=["1b.[AB].*"],
    verdicts=["error"],
    problem="must be a JSON object, not a list",
)
def list_for_a_table():
    def build(folder, right):
        with edited_answers(folder, right) as record:
            record["mse"] = [1, 2, 3]


@fault(
    "an accuracy is written as -Infinity, which JSON does not have",
    checks=["2c.ptq.sym"],
    verdicts=["partial"],
    problem="is too large for a number",
)
def minus_infinity():
    def build(folder, right):
        with edited_answers(folder, right) as record:
            record["table1"]["ptq"]["W8A8"]["sym"] = -float("inf")


@legal("every table stands twice, first empty and then filled in", **RIGHT)
def names_twice():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        answers = folder / "answers.json"
        text = answers.read_text()
        answers.write_text(
            text.replace("{", '{"mse": {"A": {}}, "table1": null, "bit_widths": {},', 1)
        )


@legal("as much white space around right tables as just fits", **RIGHT)
def nearly_a_megabyte():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        answers = folder / "answers.json"
        answers.write_text(" " * 1_000_000 + answers.read_text())


@fault(
    "100,000 lists in one another", checks=EVERY_TABLE, verdicts=["error"], problem="of absurd size"
)
def nested_lists():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        answers = folder / "answers.json"
        answers.write_text("[" * 100_000 + "]" * 100_000)


@fault(
    "100,000 objects in one another, none of them closed", checks=EVERY_TABLE, verdicts=["error"]
)
def nested_objects():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        answers = folder / "answers.json"
        answers.write_text('{"mse":' * 100_000)


@fault(
    "an error is written as NaN, which JSON does not have",
    checks=["1b.A.sym"],
    verdicts=["partial"],
    problem="is NaN",
)
def not_a_number():
    def build(folder, right):
        with edited_answers(folder, right) as record:
            record["mse"]["A"]["sym"]["8"] = float("nan")


@fault(
    "every cell is null",
    checks=EVERY_TABLE,
    verdicts=["missing"],
    problem="answers.json holds none of these numbers",
)
def nothing_filled_in():
    def build(folder, right):
        with edited_answers(folder, right) as record:
            for methods in (*record["mse"].values(), *record["table1"]["ptq"].values()):
                for name in methods:
                    methods[name] = None
            record["bit_widths"] = None


@fault("the file has no bytes", **NOT_JSON)
def nothing_in_the_file():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        answers = folder / "answers.json"
        answers.write_text("")


@fault(
    "the file says null", checks=EVERY_TABLE, verdicts=["error"], problem="must be a JSON object"
)
def null_at_the_top():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        answers = folder / "answers.json"
        answers.write_text("null")


@fault(
    "the file is a number", checks=EVERY_TABLE, verdicts=["error"], problem="must be a JSON object"
)
def number_at_the_top():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        answers = folder / "answers.json"
        answers.write_text("140")


@fault(
    "a number is an object with a number in it",
    checks=["1b.A.sym"],
    verdicts=["partial"],
    problem="must be a number, not an object",
)
def objects_for_numbers():
    def build(folder, right):
        with edited_answers(folder, right) as record:
            record["mse"]["A"]["sym"]["8"] = {"value": 1e-5}


@fault(
    "reports one bit for every layer, which would earn every bonus",
    checks=["3.bit_widths.accuracy"],
    verdicts=["wrong"],
)
def one_bit_everywhere():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        (folder / "ResNet20_variable.pt").unlink(missing_ok=True)
        answers = folder / "answers.json"
        record = json.loads(answers.read_text())
        record["bit_widths"] = dict.fromkeys(record["bit_widths"], 1)
        answers.write_text(json.dumps(record))


@fault(
    "the numbers were made on other images",
    checks=EVERY_TABLE,
    verdicts=["wrong"],
    problem="they are graded on Shapes-10",
)
def other_data_set():
    def build(folder, right):
        with edited_answers(folder, right) as record:
            record["dataset"] = "CIFAR-10"


@legal("the tables have rows of markup and terminal codes beside the right ones", **RIGHT)
def other_names():
    def build(folder, right):
        with edited_answers(folder, right) as record:
            record["table1"]["ptq"]["</pre><script>alert(1)</script>\x1b[2J\u202e"] = {"sym": 100}


@legal("the file brings points, verdicts and a place for its report", **RIGHT)
def points_in_the_tables():
    def build(folder, right):
        with edited_answers(folder, right) as record:
            record |= {"auto_score": 140, "verdict": "correct", "out": "../../marks"}


@fault("the tables are written as Python shows them", **NOT_JSON)
def python_for_json():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        answers = folder / "answers.json"
        answers.write_text(repr(json.loads(answers.read_text())))


@fault(
    "the student's id is a formula of a spreadsheet",
    checks=["1b.[AB].*"],
    verdicts=["wrong", "partial"],
)
def student_like_a_formula():
    def build(folder, right):
        with edited_answers(folder, right) as record:
            record["student"] = '=HYPERLINK("//203.0.113.1","all points")+cmd|A1'


@fault("the student's id is markup", checks=["1b.[AB].*"], verdicts=["wrong", "partial"])
def student_like_markup():
    def build(folder, right):
        with edited_answers(folder, right) as record:
            record["student"] = (
                "</bdi></h1><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}"
            )


@fault(
    "the student's id begins like a formula in full-width letters",
    checks=["1b.[AB].*"],
    verdicts=["wrong", "partial"],
)
def student_like_the_formula_of_wide_letters():
    def build(folder, right):
        with edited_answers(folder, right) as record:
            record["student"] = "\uff1dHYPERLINK(1)"


@fault("the student's id is half of a character", **BAD_STUDENT)
def student_of_half_a_character():
    def build(folder, right):
        with edited_answers(folder, right) as record:
            record["student"] = "\ud83d"


@fault("the student's id has 10,000 characters", **BAD_STUDENT)
def student_of_ten_thousand_characters():
    def build(folder, right):
        with edited_answers(folder, right) as record:
            record["student"] = "x" * 10_000


@fault(
    "the student's id clears the terminal and turns the line round",
    checks=["1b.[AB].*"],
    verdicts=["wrong", "partial"],
)
def student_of_terminal_codes():
    def build(folder, right):
        with edited_answers(folder, right) as record:
            record["student"] = "\x1b[2J\x1b]0;owned\x07\u202e\u2066\x00\x9b31m\nknown"


@fault("the student's id is a list of two students", **BAD_STUDENT)
def student_that_is_a_list():
    def build(folder, right):
        with edited_answers(folder, right) as record:
            record["student"] = ["known", "mallory"]


@fault(
    "the student's id climbs out of the folder of marks",
    checks=["1b.[AB].*"],
    verdicts=["wrong", "partial"],
)
def student_that_leads_out():
    def build(folder, right):
        with edited_answers(folder, right) as record:
            record["student"] = "../../../etc/cron.d/marks"


@fault("the student's id is white space", **BAD_STUDENT)
def student_without_a_name():
    def build(folder, right):
        with edited_answers(folder, right) as record:
            record["student"] = " \t\u00a0"


@fault(
    "submits the numbers of another student's vectors under the own name",
    checks=["1b.[AB].*"],
    verdicts=["wrong", "partial"],
)
def tables_of_somebody_else():
    def build(folder, right):
        with edited_answers(folder, right) as record:
            record["student"] = "mallory"


@fault(
    "ten megabytes of white space around right tables",
    checks=EVERY_TABLE,
    verdicts=["error"],
    problem="answers.json is larger than 1 MiB",
)
def ten_megabytes():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        answers = folder / "answers.json"
        answers.write_text(" " * 10 * 2**20 + answers.read_text())


@fault(
    "widths of 10,000 layers",
    checks=["3.bit_widths.*"],
    verdicts=["error", "blocked"],
    problem="more than 200",
)
def ten_thousand_layers():
    def build(folder, right):
        with edited_answers(folder, right) as record:
            record["bit_widths"] |= {f"layer{number}": 4 for number in range(10_000)}


@fault("something stands behind the tables, as when two files are joined", **NOT_JSON)
def text_behind_the_tables():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        answers = folder / "answers.json"
        answers.write_text(2 * answers.read_text())


@legal(
    "all numbers are texts, as spreadsheets write them",
    checks=["2c.*"],
    verdicts=["correct"],
)
def texts_for_numbers():
    def build(folder, right):
        with edited_answers(folder, right) as record:
            for methods in record["table1"]["ptq"].values():
                for method in methods:
                    methods[method] = str(methods[method])


@fault(
    "reports true for every error, which Python takes for 1",
    checks=["1b.[AB].*"],
    verdicts=["error"],
    problem="must be a number, not true",
)
def truth_for_numbers():
    def build(folder, right):
        with edited_answers(folder, right) as record:
            for methods in record["mse"].values():
                for cells in methods.values():
                    cells.update(dict.fromkeys(cells, True))


@legal("the file is in UTF-16", **RIGHT)
def utf16():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        answers = folder / "answers.json"
        answers.write_text(answers.read_text(), encoding="utf-16")


@fault(
    "the file says that a later notebook wrote it",
    checks=EVERY_TABLE,
    verdicts=["error"],
    problem="does not have version 1",
)
def version_of_the_future():
    def build(folder, right):
        with edited_answers(folder, right) as record:
            record["version"] = 10**100


@fault(
    "the version is true, which Python takes for 1",
    checks=EVERY_TABLE,
    verdicts=["error"],
    problem="does not have version 1",
)
def version_that_is_true():
    def build(folder, right):
        with edited_answers(folder, right) as record:
            record["version"] = True


@fault("a page that asks to log in was saved as answers.json", **NOT_JSON)
def web_page():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        answers = folder / "answers.json"
        answers.write_text("<!DOCTYPE html><script>alert(1)</script>")


@legal("all widths are texts", **RIGHT)
def widths_as_text():
    def build(folder, right):
        with edited_answers(folder, right) as record:
            record["bit_widths"] = {name: str(bits) for name, bits in record["bit_widths"].items()}


@fault(
    "widths are negative, so that the model takes less than no room",
    checks=["3.bit_widths.*"],
    verdicts=["wrong", "blocked"],
    problem="Not a whole number from 1 to 8",
)
def widths_below_zero():
    def build(folder, right):
        with edited_answers(folder, right) as record:
            record["bit_widths"] = dict.fromkeys(record["bit_widths"], -64)


@fault(
    "widths are a list in the order of the layers",
    checks=["3.bit_widths.*"],
    verdicts=["error", "blocked"],
    problem="must be a JSON object, not a list",
)
def widths_in_a_list():
    def build(folder, right):
        with edited_answers(folder, right) as record:
            record["bit_widths"] = list(record["bit_widths"].values())


@fault(
    "widths are 4.0 and 1e3",
    checks=["3.bit_widths.*"],
    verdicts=["error", "blocked"],
    problem="give a whole number, such as 4",
)
def widths_in_floating_point():
    def build(folder, right):
        with edited_answers(folder, right) as record:
            record["bit_widths"] |= {"fc": 1e3, "conv1": 4.0}


@fault(
    "a width is an integer of a thousand digits",
    checks=["3.bit_widths.*"],
    verdicts=["error", "blocked"],
    problem="for its bits: give a whole number",
)
def widths_of_a_thousand_digits():
    def build(folder, right):
        with edited_answers(folder, right) as record:
            record["bit_widths"]["fc"] = 10**1_000


@fault(
    "a width is true, which Python takes for 1",
    checks=["3.bit_widths.*"],
    verdicts=["error", "blocked"],
    problem="gives 'fc' true for its bits",
)
def widths_that_are_true():
    def build(folder, right):
        with edited_answers(folder, right) as record:
            record["bit_widths"]["fc"] = True
