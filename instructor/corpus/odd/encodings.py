"""A solution.py in an encoding that Python does not expect."""

RESET = {"checks": ["1a.reset.sym"]}


def encode(folder, encoding, comment):
    solution = folder / "solution.py"
    solution.write_bytes(f"{comment}\n{solution.read_text()}".encode(encoding))


@noted("in Latin-1, and says nothing about it", says="was read as cp125", **RESET)
def latin1():
    def build(folder):
        encode(folder, "latin-1", "# L\u00f6sung von J\u00fcrgen M\u00fcller")


@noted("in GBK", says="solution.py was read as", **RESET)
def gbk():
    def build(folder):
        encode(
            folder, "gbk", "# \u91cf\u5316\u51fd\u6570\uff1a\u6743\u91cd\u548c\u6fc0\u6d3b\u503c"
        )


@noted("in the Cyrillic encoding of Windows", says="was read as cp1251", **RESET)
def cyrillic():
    def build(folder):
        encode(
            folder, "cp1251", "# \u041a\u0432\u0430\u043d\u0442\u043e\u0432\u0430\u043d\u0438\u0435"
        )


@noted("in UTF-16, as some editors of Windows save", says="was read as UTF-16", **RESET)
def utf16():
    def build(folder):
        encode(folder, "utf-16", "# mine")


@noted("in UTF-16 without the bytes that say so", says="was read as UTF-16", **RESET)
def utf16_without_its_beginning():
    def build(folder):
        encode(folder, "utf-16-le", "# mine")


@noted("says ASCII and is UTF-8", says="solution.py was read as", **RESET)
def wrong_declaration():
    def build(folder):
        encode(folder, "utf-8", "# coding: ascii\n# \u00fcber")
