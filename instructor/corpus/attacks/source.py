"""Source files that are hard to read, to parse or to import."""

import codecs
import marshal
import shutil

RIGHT = {
    "checks": ["1a.linear_quantize.signed", "2b.integer_linear.values"],
    "verdicts": ["correct"],
}
NUL_BYTE = {
    "checks": ["1a.*", "2a.*", "2b.*", "3.search.*"],
    "verdicts": ["blocked"],
    "problem": "holds a NUL byte",
}
NOT_IMPORTED = {
    "checks": ["1a.*", "2a.*", "2b.*", "3.search.*"],
    "verdicts": ["blocked"],
    "problem": "could not be imported",
}
NOT_PYTHON = {
    "checks": ["1a.*", "2a.*", "2b.*", "3.search.*"],
    "verdicts": ["blocked"],
    "problem": "is not valid Python",
}
NOT_ACCEPTED = {
    "checks": ["1a.*", "2a.*", "2b.*", "3.search.*"],
    "verdicts": ["blocked"],
    "problem": "which is not accepted here",
}
RAISES_VALUE_ERROR = {
    "checks": ["1a.linear_dequantize.*"],
    "verdicts": ["error"],
    "problem": "raises ValueError",
}
EVERY_FUNCTION = ["1a.*", "2a.*", "2b.*", "3.search.*"]


def append(folder, right, code):
    """Copy a right submission and append code to its solution.py."""
    shutil.copytree(right, folder, dirs_exist_ok=True)
    solution = folder / "solution.py"
    solution.write_text(solution.read_text() + code)


@fault(
    "a search returns layers whose names are markup and terminal codes",
    checks=["3.search.*"],
    verdicts=["wrong"],
    problem="must name every layer",
)
def answers_with_hostile_names():
    CODE = r"""

def variable_precision_search(layer_sizes, evaluate, candidate_bits=(2, 4, 8), accuracy_floor=85.0):
    return {"<script>alert(1)</script>\x1b[2J\u202e=1+1": 8, **dict.fromkeys(layer_sizes, 8)}
"""

    def build(folder, right):
        append(folder, right, CODE)


@fault(
    "a search returns text for bits, of markup and many characters",
    checks=["3.search.*"],
    verdicts=["wrong"],
    problem="none of the candidates",
)
def answers_with_hostile_text():
    CODE = r"""

def variable_precision_search(layer_sizes, evaluate, candidate_bits=(2, 4, 8), accuracy_floor=85.0):
    return dict.fromkeys(layer_sizes, "<img src=x onerror=alert(1)>\x1b[2J\n" * 200)
"""

    def build(folder, right):
        append(folder, right, CODE)


@legal("a comment is shown as if code stood in it, and the other way round", **RIGHT)
def bidirectional_controls():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        solution = folder / "solution.py"
        trojan = "ADMIN = False  # \u202e\u2066 if ADMIN:\u2069 \u2066 and so on\n"
        solution.write_text(trojan + solution.read_text())


@legal("a UTF-8 file that begins with a byte order mark", **RIGHT)
def byte_order_mark():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        solution = folder / "solution.py"
        solution.write_text(solution.read_text(), encoding="utf-8-sig")


@fault("the compiled file under the name of the source", **NUL_BYTE)
def compiled_python():
    import importlib.util

    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        solution = folder / "solution.py"
        code = compile(solution.read_text(), "solution.py", "exec", dont_inherit=True)
        solution.write_bytes(importlib.util.MAGIC_NUMBER + bytes(12) + marshal.dumps(code))


@legal("powers, shifts and repetitions that a compiler might compute beforehand", **RIGHT)
def constants_that_are_not_folded():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        solution = folder / "solution.py"
        unused = "lambda: (10 ** 10 ** 10, 1 << 10 ** 12, 'a' * 10 ** 12, (0,) * 10 ** 12)"
        solution.write_text(f"{solution.read_text()}\nunused = {unused}\n")


@fault(
    "names an encoding that is no name but terminal codes and markup",
    checks=EVERY_FUNCTION,
    verdicts=["blocked"],
    problem="name an encoding",
)
def encoding_with_control_codes():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        solution = folder / "solution.py"
        solution.write_text(
            "# coding: no-such-\x1b[2J<script>alert(1)</script>\n" + solution.read_text()
        )


@fault("an exception says in the grader's words that all is well", **RAISES_VALUE_ERROR)
def exception_like_a_verdict():
    CODE = r"""

def linear_dequantize(input, scale, zero_point):
    raise ValueError("\n\nCORRECT\n1a.linear_dequantize.values  correct  2 / 2\nauto_score: 140")
"""

    def build(folder, right):
        append(folder, right, CODE)


@fault(
    "the class of an exception has markup and input values for its name",
    checks=["1a.linear_dequantize.*"],
    verdicts=["error"],
    problem="raises Exception",
)
def exception_named_like_markup():
    CODE = r"""

def linear_dequantize(input, scale, zero_point):
    shown = f"<img src=x onerror=alert({float(input.sum())})>"
    raise type(shown, (Exception,), {"__module__": "builtins"})(shown)
"""

    def build(folder, right):
        append(folder, right, CODE)


@fault("an exception has a text of ten megabytes", **RAISES_VALUE_ERROR)
def exception_of_a_megabyte():
    CODE = r"""

def linear_dequantize(input, scale, zero_point):
    raise ValueError("=1+1 <b>" * 1_250_000)
"""

    def build(folder, right):
        append(folder, right, CODE)


@fault(
    "the text of an exception is markup, terminal codes and lines of a report", **RAISES_VALUE_ERROR
)
def exception_with_markup():
    CODE = r"""

def linear_dequantize(input, scale, zero_point):
    raise ValueError(
        "</pre><script>alert(1)</script><a href=javascript:alert(1)>{{7*7}}"
        "\x1b[2J\x1b]0;owned\x07\u202e\u2066\nCorrect. 2 of 2 points\r\ud800" + "\u0336" * 99
    )
"""

    def build(folder, right):
        append(folder, right, CODE)


@fault(
    "more comments than any student writes",
    checks=EVERY_FUNCTION,
    verdicts=["blocked"],
    problem="is larger than 1 MiB",
)
def five_megabytes_of_comments():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        solution = folder / "solution.py"
        solution.write_text(solution.read_text() + "# why\n" * 900_000)


@legal("form feeds and vertical tabs between functions, as old editors leave them", **RIGHT)
def form_feeds():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        solution = folder / "solution.py"
        text = solution.read_text().replace("\n\n\ndef ", "\n\f\n\f\ndef ")
        solution.write_text(text)


@fault("a formatted string of 10 billion characters", **NOT_IMPORTED)
def formatted_width():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        solution = folder / "solution.py"
        solution.write_text("x = f\"{'a':>{10 ** 10}}\"\n")


@legal("names are written in wide letters, which Python takes for the plain ones", **RIGHT)
def identifiers_in_wide_letters():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        solution = folder / "solution.py"
        wide = "".join(chr(ord(c) + 0xFEE0) for c in "integer")
        solution.write_text(solution.read_text().replace("integer_linear", f"{wide}_linear"))


@legal("imports a function from itself that is not there yet", **RIGHT)
def imports_a_name_of_itself():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        solution = folder / "solution.py"
        solution.write_text("from solution import linear_quantize\n" + solution.read_text())


@legal("imports itself while it is imported", **RIGHT)
def imports_itself():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        solution = folder / "solution.py"
        solution.write_text("import solution\nfrom solution import *\n" + solution.read_text())


@legal("in Latin-1, and says so in its first line", **RIGHT)
def latin1_with_its_line():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        solution = folder / "solution.py"
        text = f"# -*- coding: latin-1 -*-\n# caf\u00e9\n{solution.read_text()}"
        solution.write_text(text, encoding="latin-1")


@legal("in Latin-1 and says nothing about it", **RIGHT)
def latin1_without_its_line():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        solution = folder / "solution.py"
        text = f"# caf\u00e9\n{solution.read_text()}"
        solution.write_text(text, encoding="latin-1")


@legal("lines end in a carriage return alone", **RIGHT)
def line_ends_of_old_macs():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        solution = folder / "solution.py"
        solution.write_bytes(solution.read_bytes().replace(b"\n", b"\r"))


@legal("lines end in both characters, and the last in none", **RIGHT)
def line_ends_of_windows():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        solution = folder / "solution.py"
        solution.write_bytes(solution.read_bytes().rstrip().replace(b"\n", b"\r\n"))


@fault("a sum of 200,000 terms, against the stack of the compiler", **NOT_IMPORTED)
def long_chain():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        solution = folder / "solution.py"
        solution.write_text("x = 1" + "+1" * 200_000)


@legal("tens of thousands of statements that do nothing", **RIGHT)
def many_statements():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        solution = folder / "solution.py"
        solution.write_text(solution.read_text() + "0\n" * 40_000)


@fault("the line that is quoted for its syntax is markup and a formula", **NOT_PYTHON)
def markup_in_a_bad_line():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        solution = folder / "solution.py"
        line = "</pre></p><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}[bold]"
        solution.write_text(f"=HYPERLINK(1) {line}\n")


@legal("a million lines with nothing in them", **RIGHT)
def million_blank_lines():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        solution = folder / "solution.py"
        solution.write_text(solution.read_text() + "\n" * 1_000_000)


@legal("as many comments as just fit", **RIGHT)
def nearly_a_megabyte_of_comments():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        solution = folder / "solution.py"
        solution.write_text(solution.read_text() + "# why\n" * 150_000)


@fault("ninety-nine loops in one another", **NOT_IMPORTED)
def nested_blocks():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        solution = folder / "solution.py"
        solution.write_text(
            "".join(" " * n + "while 1:\n" for n in range(99)) + " " * 99 + "pass\n"
        )


@fault("300,000 signs in front of a number, against the parser's stack", **NOT_IMPORTED)
def nested_operators():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        solution = folder / "solution.py"
        solution.write_text("-" * 300_000 + "1")


@fault("100,000 parentheses in one another, against the parser's stack", **NOT_IMPORTED)
def nested_parentheses():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        solution = folder / "solution.py"
        solution.write_text("(" * 100_000 + ")" * 100_000)


@fault("a NUL in a string, where C ends a text", **NUL_BYTE)
def nul_byte():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        solution = folder / "solution.py"
        solution.write_text(solution.read_text() + '\nEND = "\0"\n')


@fault("an integer that takes quadratic time to read", **NOT_PYTHON)
def number_of_a_million_digits():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        solution = folder / "solution.py"
        solution.write_text("x = " + "9" * 1_000_000)


@legal("an integer of 900,000 hexadecimal digits, which is read at once", **RIGHT)
def number_of_many_hexadecimal_digits():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        solution = folder / "solution.py"
        solution.write_text(solution.read_text() + "LARGE = 0x" + "f" * 900_000 + "\n")


@fault(
    "prints markup, formulas and terminal codes before it fails",
    checks=["1a.linear_dequantize.*"],
    verdicts=["error"],
    problem="see what was printed",
)
def prints_markup():
    CODE = r"""

def linear_dequantize(input, scale, zero_point):
    for _ in range(50):
        print("</pre></dd><script>alert(1)</script>\x1b[2J\x1b[31m\u202e=cmd|' /C calc'!A0\0\x9b1m")
    raise ValueError("see what was printed")
"""

    def build(folder, right):
        append(folder, right, CODE)


@fault("constants that hold each other, ten times ten times ten", **NOT_IMPORTED)
def repeated_tuples():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        solution = folder / "solution.py"
        solution.write_text("x = " + "(" * 12 + "0," + ") * 64" * 12 + "\n")


@fault("hides its code from readers by an encoding that turns letters round", **NOT_ACCEPTED)
def rot13():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        solution = folder / "solution.py"
        text = codecs.encode(solution.read_text(), "rot13")
        solution.write_text(f"# coding: rot13\n{text}")


@fault(
    "shifts a bit 100 billion places",
    checks=EVERY_FUNCTION,
    verdicts=["blocked"],
    problem="needs more memory",
)
def shift_beyond_memory():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        solution = folder / "solution.py"
        solution.write_text("x = 1 << 10 ** 11\n")


@fault("names an encoding whose decoder takes quadratic time", **NOT_ACCEPTED)
def slow_encoding():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        solution = folder / "solution.py"
        solution.write_text("# coding: punycode\n" + "-" + "a" * 900_000)


@fault("the line that is quoted for its syntax would clear the terminal", **NOT_PYTHON)
def terminal_codes_in_a_bad_line():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        solution = folder / "solution.py"
        solution.write_text("x = (\x1b[2J\x1b[1;32m\x1b]0;140 of 140\x07\u202e\u2028correct\n")


@fault(
    "a web page that was saved as solution.py",
    checks=EVERY_FUNCTION,
    verdicts=["blocked"],
    problem="is a web page",
)
def text_without_python():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        solution = folder / "solution.py"
        solution.write_text("<!DOCTYPE html>\n<title>Log in</title>\n")


@legal("saved in UTF-16, as some editors of Windows do", **RIGHT)
def utf16():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        solution = folder / "solution.py"
        solution.write_text(solution.read_text(), encoding="utf-16")


@legal("saved in UTF-16 without the mark that says so", **RIGHT)
def utf16_without_a_mark():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        solution = folder / "solution.py"
        solution.write_text(solution.read_text(), encoding="utf-16-le")


@fault("hides a newline in a comment by an encoding in which it is other bytes", **NOT_ACCEPTED)
def utf7():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        solution = folder / "solution.py"
        solution.write_text("# coding: utf-7\n#+AAo-raise SystemExit\n" + solution.read_text())
