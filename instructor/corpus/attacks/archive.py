"""Archives as programs and people make them, and archives that attack whoever reads them."""

import bz2
import gzip
import io
import os
import shutil
import socket
import stat
import struct
import tarfile
import unicodedata
import warnings
import zipfile

from quantlab.paths import KIT

REFERENCE = KIT / "instructor" / "solution.py"
STUB = KIT / "solution.py"

RIGHT = {"checks": ["1a.linear_quantize.signed", "2d.model.W8A8"], "verdicts": ["correct"]}
CODE_AND_MODEL = ["1a.linear_quantize.signed", "2d.model.W8A8"]
EVERY_FUNCTION = ["1a.*", "2a.*", "2b.*", "3.search.*"]
EVERY_TABLE = ["1b.[AB].*", "2c.*", "3.bit_widths.*"]


def zip_files(path, folder):
    """Write a zip of the files in a folder and return its path."""
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, file.name)
    return path


@legal("separates folders by backslashes, as some programs of Windows do", **RIGHT)
def backslashes_for_folders():
    def build(folder, right):
        path = folder / "windows.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for file in sorted(right.iterdir()):
                archive.write(file, rf"assignment\submit\{file.name}")
        return path


@fault(
    "unpacks 60 MiB of zeros, too little to be called a bomb, as solution.py",
    checks=EVERY_FUNCTION,
    verdicts=["blocked"],
    problem="is larger than 1 MiB",
)
def bomb_below_the_ratio():
    MIB = 2**20

    def build(folder, right):
        path = folder / "bomb.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in sorted(right.iterdir()):
                if file.name != "solution.py":
                    archive.write(file, file.name)
            with archive.open("solution.py", "w") as member:
                for _ in range(60):
                    member.write(bytes(MIB))
        return path


@refused("10,001 members of no bytes", problem="has more than 10,000 files")
def bomb_by_count():
    def build(folder, right):
        path = folder / "many.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for number in range(10_001):
                archive.writestr(f"{number}/solution.py", "")
        return path


@refused("200 MiB of zeros are packed into 200 KiB", problem="times its size")
def bomb_by_ratio():
    MIB = 2**20

    def build(folder, right):
        path = folder / "bomb.zip"
        with (
            zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
            archive.open("solution.py", "w") as member,
        ):
            for _ in range(200):
                member.write(bytes(MIB))
        return path


@legal(
    "names are solution.py and answers.json but for characters that do not show",
    checks=["1a.linear_quantize.signed", "1b.A.sym"],
    verdicts=["correct"],
)
def characters_that_do_not_show():
    SHOWN_OTHERWISE = {
        "solution.py": "\u202esolution\u202c.py",
        "answers.json": "ans\u200bwers.json\ufeff",
        "ResNet20_W8A8.pt": "\uff32es\uff2eet20_W8A8.pt",
    }

    def build(folder, right):
        path = folder / "invisible.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for file in sorted(right.iterdir()):
                archive.write(file, SHOWN_OTHERWISE.get(file.name, file.name))
        return path


@refused(
    "says that four gigabytes are packed where a hundred bytes come out",
    problem="has more than 500 MiB",
)
def claims_to_be_large():
    def build(folder, right):
        path = folder / "lies.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("solution.py", "#" * 100)
        content = bytearray(path.read_bytes())
        listed = content.index(b"PK\1\2")
        content[listed + 24 : listed + 28] = (2**32 - 2).to_bytes(4, "little")
        path.write_bytes(content)
        return path


@fault(
    "says that 100 bytes are packed where a gigabyte comes out",
    checks=EVERY_FUNCTION,
    verdicts=["blocked"],
    problem="is damaged or was cut short",
)
def claims_to_be_small():
    def build(folder, right):
        path = folder / "lies.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            with archive.open("solution.py", "w") as member:
                for _ in range(256):
                    member.write(b"#" * 2**22)
            for file in sorted(right.iterdir()):
                if file.name != "solution.py":
                    archive.write(file, file.name)
        content = bytearray(path.read_bytes())
        listed = content.rindex(b"solution.py") - 46
        content[listed + 24 : listed + 28] = (100).to_bytes(4, "little")
        content[22:26] = (100).to_bytes(4, "little")
        path.write_bytes(content)
        return path


@fault(
    "one member is packed by a method that has no program",
    checks=["2d.model.W8A8"],
    verdicts=["error"],
    problem="compressed in an unusual way",
)
def compression_that_does_not_exist():
    def build(folder, right):
        path = folder / "method.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.write(right / "ResNet20_W8A8.pt", "ResNet20_W8A8.pt")
            for file in sorted(right.iterdir()):
                if file.name != "ResNet20_W8A8.pt":
                    archive.write(file, file.name)
        content = bytearray(path.read_bytes())
        listed = int.from_bytes(content[-6:-2], "little")  # the first entry of the list
        for place, field in ((listed, 10), (0, 8)):
            content[place + field : place + field + 2] = (4711).to_bytes(2, "little")
        path.write_bytes(content)
        return path


@legal(
    ("names would clear the terminal, forge a line and retitle the window when they are listed"),
    checks=["1a.linear_quantize.signed"],
    verdicts=["correct"],
)
def control_characters_in_names():
    NAMES = (
        "../\x1b[2J\x1b[1;31mall points given\x1b[0m",
        "../\rautograder: 140 of 140 points",
        "../\x1b]0;owned\x07",
        "../\x9b2J",
        "../a\nb",
        "../\u2028\u2029\u202e\u2066\U000e0041",
    )

    def build(folder, right):
        path = folder / "names.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for file in sorted(right.iterdir()):
                archive.write(file, file.name)
            for name in NAMES:
                archive.writestr(name, "")
        return path


@refused("only the first half of the zip arrived", problem="is damaged or was cut short")
def cut_short():
    def build(folder, right):
        path = folder / "half.zip"
        zip_files(path, right)
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2])
        return path


@cheat(
    "the zip says that its files are devices, pipes and sockets",
    checks=["1a.linear_quantize.signed"],
    verdicts=["blocked"],
    problem="is a device",
)
def devices_and_pipes():
    def build(folder, right):
        path = folder / "special.zip"
        kinds = {
            "solution.py": stat.S_IFCHR,
            "answers.json": stat.S_IFIFO,
            "ResNet20_W8A8.pt": stat.S_IFBLK,
            "ResNet20_W4A4.pt": stat.S_IFSOCK,
        }
        with zipfile.ZipFile(path, "w") as archive:
            for name, kind in kinds.items():
                member = zipfile.ZipInfo(name)
                member.create_system = 3
                member.external_attr = (kind | 0o666) << 16
                archive.writestr(member, (right / name).read_bytes())
        return path


@refused(
    "the end of the zip says that its list of members is four gigabytes long",
    problem="is damaged or was cut short",
)
def directory_that_lies():
    def build(folder, right):
        path = folder / "lies.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.write(right / "solution.py", "solution.py")
        content = bytearray(path.read_bytes())
        end = content.rindex(b"PK\5\6")
        content[end + 8 : end + 12] = b"\xfe\xff\xfe\xff"
        content[end + 12 : end + 16] = (2**32 - 2).to_bytes(4, "little")
        path.write_bytes(content)
        return path


@fault(
    "one byte in the packed answers.json is not what was packed",
    checks=EVERY_TABLE,
    verdicts=["error"],
    problem="answers.json is damaged or was cut short",
)
def flipped_bits():
    def build(folder, right):
        path = folder / "flipped.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in sorted(right.iterdir()):
                archive.write(file, file.name)
        content = bytearray(path.read_bytes())
        content[content.index(b"answers.json") + 200] ^= 0xFF
        path.write_bytes(content)
        return path


@legal("folders lie in one another until their path is longer than the system takes", **RIGHT)
def folder_beyond_the_longest_path():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        place = os.open(folder, os.O_RDONLY)
        for _ in range(30):
            os.mkdir("n" * 200, dir_fd=place)
            inner = os.open("n" * 200, os.O_RDONLY, dir_fd=place)
            os.close(place)
            place = inner
        os.close(place)


@fault(
    "solution.py is a second name of another file, as a file of somebody else's could be",
    checks=EVERY_FUNCTION,
    verdicts=["blocked"],
    problem="is a hard link",
)
def folder_hard_link():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        os.link(folder / "solution.py", folder / "elsewhere.txt")


@legal("a hundred folders lie in one another, with another solution.py in the last", **RIGHT)
def folder_in_folder_in_folder():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        deep = folder.joinpath(*["in"] * 100)
        deep.mkdir(parents=True)
        (deep / "solution.py").write_text("raise SystemExit")


@fault(
    "two models are links to devices that never end and never begin",
    checks=["2d.model.W8A8", "2d.model.W4A4"],
    verdicts=["error"],
    problem="symbolic link",
)
def folder_link_to_endless_zeros():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        for name, device in (("ResNet20_W8A8.pt", "/dev/zero"), ("ResNet20_W4A4.pt", "/dev/tty")):
            (folder / name).unlink()
            (folder / name).symlink_to(device)


@legal("symbolic links make folders that go round in circles", **RIGHT)
def folder_link_to_itself():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        (folder / "again").symlink_to(folder)
        (folder / "up").symlink_to("..")
        (folder / "ping").symlink_to("pong")
        (folder / "pong").symlink_to("ping")


@fault(
    "answers.json in the folder is a symbolic link to a file of the system",
    checks=EVERY_TABLE,
    verdicts=["error"],
    problem="symbolic link",
)
def folder_link_to_the_passwords():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        (folder / "answers.json").unlink()
        (folder / "answers.json").symlink_to("/etc/passwd")


@cheat(
    "solution.py and a folder of models are symbolic links into the kit",
    checks=["1a.linear_quantize.signed"],
    verdicts=["blocked"],
    problem="symbolic link",
)
def folder_link_to_the_reference():
    def build(folder, right):
        (folder / "solution.py").symlink_to(REFERENCE)
        (folder / "models").symlink_to(KIT / "instructor" / "checkpoints" / "shapes10")


@legal(
    "the report lies in a folder whose name is markup and a formula",
    checks=["1a.linear_quantize.signed"],
    verdicts=["correct"],
)
def folder_named_like_markup():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        inner = folder / "=1+1<img src=x onerror=alert(1)>{{7*7}}<!--"
        inner.mkdir()
        (folder / "report.md").rename(inner / "report (1).md")
        (folder / "='<script>alert(1)<").symlink_to("nowhere")


@cheat(
    "solution.py is a package, which Python would import like a file",
    checks=["1a.linear_quantize.signed"],
    verdicts=["missing"],
    problem="No solution.py was submitted",
)
def folder_named_solution_py():
    def build(folder, right):
        (folder / "solution.py").mkdir()
        shutil.copy(right / "solution.py", folder / "solution.py" / "__init__.py")


@refused("10,001 files lie beside what is asked for", problem="has more than 10,000 files")
def folder_of_ten_thousand_files():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        (folder / "epochs").mkdir()
        for number in range(10_001):
            (folder / "epochs" / f"{number}.txt").touch()


@fault(
    "solution.py is a named pipe into which nobody writes",
    checks=EVERY_FUNCTION,
    verdicts=["blocked"],
    problem="is a named pipe",
)
def folder_pipe():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        (folder / "solution.py").unlink()
        os.mkfifo(folder / "solution.py")


@fault(
    "answers.json is a unix socket", checks=EVERY_TABLE, verdicts=["error"], problem="is a socket"
)
def folder_socket():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        (folder / "answers.json").unlink()
        place = os.open(folder, os.O_RDONLY)  # a socket's path has at most 107 bytes
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(f"/proc/self/fd/{place}/answers.json")
        os.close(place)


@legal("a file and a folder that are not asked for may be read by nobody", **RIGHT)
def folder_that_cannot_be_listed():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        (folder / "closed").mkdir()
        (folder / "notes.txt").write_text("")
        for name in ("closed", "notes.txt"):
            (folder / name).chmod(0)


@refused(
    "solution.py is a gigabyte long and takes no room on the disk", problem="has more than 500 MiB"
)
def folder_with_a_gigabyte():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        os.truncate(folder / "solution.py", 2**30)


@fault(
    "solution.py and a model are hundreds of megabytes of zeros without room on the disk",
    checks=["1a.*", "2a.*", "2b.*", "3.search.*", "2d.model.W2A2"],
    verdicts=["blocked", "error"],
    problem="solution.py is larger than 1 MiB",
)
def folder_with_holes():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        os.truncate(folder / "solution.py", 300 * 2**20)
        os.truncate(folder / "ResNet20_W2A2.pt", 190 * 2**20)


@legal("names of files and folders are bytes that are no text", **RIGHT)
def folder_with_names_in_no_encoding():
    def build(folder, right):
        inner = os.fsencode(folder) + b"/\xff\xfe\x1b[31m\n\x80"
        shutil.copytree(os.fsencode(right), inner)
        os.symlink(b"nowhere", inner + b"/sol\xffution.py\x1b[2J")


@fault(
    "nobody but root may read solution.py, and what root reads there is nothing",
    checks=EVERY_FUNCTION,
    verdicts=["blocked"],
    problem="solution.py ",
)
def folder_without_permissions():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        (folder / "solution.py").write_text("")
        (folder / "solution.py").chmod(0)


@fault(
    "two folders look the same, one with composed and one with taken apart accents",
    checks=EVERY_TABLE,
    verdicts=["error"],
    problem="different files could be answers.json",
)
def folders_that_differ_in_composition():
    def build(folder, right):
        path = folder / "accents.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for file in sorted(right.iterdir()):
                archive.write(file, unicodedata.normalize("NFC", f"Élève/{file.name}"))
            archive.writestr(unicodedata.normalize("NFD", "Élève/answers.json"), "{}")
        return path


@legal(
    "solution.py and answers.json are folders, in which the files themselves lie",
    checks=["1a.linear_quantize.signed", "1b.A.sym"],
    verdicts=["correct"],
)
def folders_with_names_of_files():
    def build(folder, right):
        path = folder / "folders.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for file in sorted(right.iterdir()):
                archive.writestr(f"{file.name}/", "")
                archive.write(file, f"{file.name}/{file.name}")
        return path


@legal("the zip is also a shell script, which stands before it", **RIGHT)
def garbage_before_the_zip():
    def build(folder, right):
        path = folder / "script.zip"
        path.write_bytes(b"#!/bin/sh\ntouch RAN\nexit\n" + bytes(100_000))
        with zipfile.ZipFile(path, "a") as archive:
            for file in sorted(right.iterdir()):
                archive.write(file, file.name)
        return path


@refused(
    "what is submitted is itself a symbolic link to somebody's folder", problem="symbolic link"
)
def link_for_a_submission():
    def build(folder, right):
        path = folder / "mine.zip"
        path.symlink_to(right)
        return path


@legal(
    "a comment of 65,535 bytes holds terminal codes and the end of another zip",
    checks=["1a.linear_quantize.signed"],
    verdicts=["correct"],
)
def long_comment():
    def build(folder, right):
        path = folder / "comment.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for file in sorted(right.iterdir()):
                archive.write(file, file.name)
            archive.comment = (b"\x1b[2Jall points PK\5" * 4_000)[:65_535]
        return path


@refused("the names in the list of members alone take 12 MB", problem="is damaged or was cut short")
def long_list_of_members():
    def build(folder, right):
        path = folder / "long.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for number in range(1_200):
                archive.writestr(f"{number:0>10000}", "")
        return path


@legal(
    "names have 60,000 characters or a hundred folders",
    checks=["1a.linear_quantize.signed"],
    verdicts=["correct"],
)
def long_names():
    def build(folder, right):
        path = folder / "long.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for file in sorted(right.iterdir()):
                archive.write(file, file.name)
            archive.writestr("x" * 60_000, "")
            archive.writestr("x/" * 30_000 + "solution.py", "raise SystemExit")
        return path


@legal("a Mac has put a fork of every file and its own folders beside it", **RIGHT)
def mac_leftovers():
    def build(folder, right):
        path = folder / "mac.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for file in sorted(right.iterdir()):
                archive.write(file, f"submit/{file.name}")
                archive.writestr(f"__MACOSX/submit/._{file.name}", b"\0\5\x16\7\0\2\0\0Mac OS X")
                archive.writestr(f"__MACOSX/submit/{file.name}", b"\0\5\x16\7")
            archive.writestr("submit/.DS_Store", b"\0\0\0\1Bud1")
        return path


@legal("what Mac, Windows and notebooks leave behind has the names of what is asked for", **RIGHT)
def mac_leftovers_in_a_folder():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        for place in ("__MACOSX", ".ipynb_checkpoints", "__pycache__", ".Trash"):
            (folder / place).mkdir()
            for file in right.iterdir():
                (folder / place / file.name).write_bytes(b"\0\5\x16\7")
        for name in ("._solution.py", ".DS_Store", "Thumbs.db", "desktop.ini"):
            (folder / name).write_bytes(b"\0\5\x16\7")


@refused("1,000 members of 1 MiB share the same packed kilobyte", problem="has more than 500 MiB")
def members_over_each_other():
    TIMES = 1_000

    def build(folder, right):
        path = folder / "overlap.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("0000.bin", bytes(2**20))
        content = path.read_bytes()
        listed, end = content.index(b"PK\1\2"), content.index(b"PK\5\6")
        entry = content[listed:end]
        entries = b"".join(entry.replace(b"0000.bin", b"%04d.bin" % n) for n in range(TIMES))
        tail = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, TIMES, TIMES, len(entries), listed, 0)
        path.write_bytes(content[:listed] + entries + tail)
        return path


@cheat(
    "a name has a NUL behind solution.py, where many programs stop to read",
    checks=["1a.linear_quantize.signed"],
    verdicts=["missing"],
)
def name_that_goes_on_after_a_nul():
    def build(folder, right):
        path = folder / "nul.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.write(right / "solution.py", "solution.py?.txt")
        path.write_bytes(path.read_bytes().replace(b"solution.py?", b"solution.py\0"))
        return path


@fault(
    "the same name stands twice in the zip, first with right answers and then with others",
    checks=EVERY_FUNCTION,
    verdicts=["blocked"],
    problem="2 different files could be solution.py",
)
def name_twice_with_other_content():
    def build(folder, right):
        path = folder / "twice.zip"
        with zipfile.ZipFile(path, "w") as archive, warnings.catch_warnings(action="ignore"):
            for file in sorted(right.iterdir()):
                archive.write(file, file.name)
            archive.writestr("solution.py", "raise SystemExit")
        return path


@legal("every file stands twice in the zip, under the same name and the same", **RIGHT)
def name_twice_with_the_same_content():
    def build(folder, right):
        path = folder / "twice.zip"
        with zipfile.ZipFile(path, "w") as archive, warnings.catch_warnings(action="ignore"):
            for file in 2 * sorted(right.iterdir()):
                archive.write(file, file.name)
        return path


@legal("folders are named in bytes that mean something else everywhere", **RIGHT)
def names_of_an_old_code_page():
    def build(folder, right):
        path = folder / "names.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for file in sorted(right.iterdir()):
                archive.write(file, f"______/{file.name}")
        path.write_bytes(path.read_bytes().replace(b"______/", b"\x8f\x90\xfe\xff\x9b\x85/"))
        return path


@refused("a name says that it is UTF-8 and is not", problem="is damaged or was cut short")
def names_that_are_not_utf8():
    def build(folder, right):
        path = folder / "names.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.write(right / "solution.py", "solution.py")
            archive.writestr("caf\u00e9", "")
        content = path.read_bytes()
        path.write_bytes(content.replace("caf\u00e9".encode(), b"caf\xff\xfe"))
        return path


@fault(
    "solution.py and Solution.py are two files here and one on other systems",
    checks=EVERY_FUNCTION,
    verdicts=["blocked"],
    problem="different files could be solution.py",
)
def names_that_differ_in_case():
    def build(folder, right):
        path = folder / "case.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for file in sorted(right.iterdir()):
                archive.write(file, file.name)
            archive.writestr("Solution.PY", "raise SystemExit")
        return path


@legal(
    "9,990 other members stand before the files that are asked for",
    checks=["1a.linear_quantize.signed", "2d.model.W2A2"],
    verdicts=["correct"],
)
def nearly_too_many_members():
    def build(folder, right):
        path = folder / "many.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for number in range(9_990):
                archive.writestr(f"checkpoints/epoch{number}.txt", "")
            for file in sorted(right.iterdir()):
                archive.write(file, file.name)
        return path


@refused("the upload broke off before its first byte", problem="has no bytes")
def no_bytes():
    def build(folder, right):
        path = folder / "nothing.zip"
        path.touch()
        return path


@refused("the zip has no members", problem="is empty")
def no_members():
    def build(folder, right):
        path = folder / "nothing.zip"
        zipfile.ZipFile(path, "w").close()
        return path


@fault(
    "five models in the list of members point to the bytes of one",
    checks=["2d.model.*"],
    verdicts=["error"],
    problem="is damaged or was cut short",
)
def one_body_for_five_models():
    CELLS = (b"W8A8", b"W4A4", b"W8A2", b"W2A8", b"W2A2")

    def build(folder, right):
        path = folder / "overlap.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name in ("solution.py", "answers.json", "report.md"):
                archive.write(right / name, name)
            archive.write(right / "ResNet20_W8A8.pt", "ResNet20_all_.pt")
        content = path.read_bytes()
        end = content.rindex(b"PK\5\6")
        listed = content.rindex(b"ResNet20_all_.pt") - 46  # the fixed part of an entry
        last = content[listed:end]
        entries = b"".join(last.replace(b"all_", cell) for cell in CELLS)
        counts = struct.unpack("<4s4H2LH", content[end : end + 22])
        size = counts[5] - len(last) + len(entries)
        tail = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 8, 8, size, counts[6], 0)
        path.write_bytes(content[:listed] + entries + tail)
        return path


@cheat(
    "the list of members says solution.py where the member itself says notes.txt",
    checks=["1a.linear_quantize.signed"],
    verdicts=["blocked"],
    problem="is damaged or was cut short",
)
def other_name_in_front_of_the_member():
    def build(folder, right):
        path = folder / "names.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.write(right / "solution.py", "my_notes.md")
        content = path.read_bytes()
        at = content.rindex(b"my_notes.md")
        path.write_bytes(content[:at] + b"solution.py" + content[at + 11 :])
        return path


@refused(
    "the zip is protected by a password that nobody was told", problem="protected by a password"
)
def password():
    def build(folder, right):
        path = folder / "locked.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.write(right / "solution.py", "solution.py")
        content = bytearray(path.read_bytes())
        content[int.from_bytes(content[-6:-2], "little") + 8] |= (
            1  # the flag in the list of members
        )
        content[6] |= 1  # and in front of the member
        path.write_bytes(content)
        return path


@refused("what is submitted is a named pipe that never gives a byte", problem="a named pipe")
def pipe_for_a_submission():
    def build(folder, right):
        path = folder / "mine.zip"
        os.mkfifo(path)
        return path


@refused("a 7z archive is called a zip", problem="it is a 7z archive")
def seven_zip():
    def build(folder, right):
        path = folder / "really_7z.zip"
        path.write_bytes(b"7z\xbc\xaf\x27\x1c\x00\x04" + bytes(range(256)) * 20)
        return path


@fault(
    "one member claims an encryption that its archive does not announce",
    checks=EVERY_TABLE,
    verdicts=["error"],
    problem="is damaged or was cut short",
)
def strong_encryption_of_one_member():
    def build(folder, right):
        path = folder / "locked.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.write(right / "answers.json", "answers.json")
            for file in sorted(right.iterdir()):
                if file.name != "answers.json":
                    archive.write(file, file.name)
        content = bytearray(path.read_bytes())
        listed = int.from_bytes(content[-6:-2], "little")  # the first entry of the list
        content[listed + 8] |= 0x40
        path.write_bytes(content)
        return path


@legal(
    "the zip is named so that the student's id is a formula of a spreadsheet",
    checks=["1a.linear_quantize.signed"],
    verdicts=["correct"],
)
def student_named_like_a_formula():
    def build(folder, right):
        path = folder / '=HYPERLINK("203.0.113.1","mark")+cmd|\'calc\'!A0.zip'
        return zip_files(path, right)


@legal(
    ("the zip is named so that the student's id is markup, terminal codes and right to left"),
    checks=["1a.linear_quantize.signed"],
    verdicts=["correct"],
)
def student_named_like_markup():
    def build(folder, right):
        path = folder / "<img src=x onerror=alert(1)>\x1b[2J\u202e[bold red]{{7*7}}.zip"
        return zip_files(path, right)


@legal(
    "the student's id is the name of the table that the grader writes",
    checks=["1a.linear_quantize.signed"],
    verdicts=["correct"],
)
def student_named_like_the_summary():
    def build(folder, right):
        path = folder / "summary.csv.zip"
        return zip_files(path, right)


@cheat(
    "a folder in the zip is a symbolic link to the folder of the reference's models",
    checks=["2d.model.W8A8"],
    verdicts=["missing"],
)
def symbolic_link_to_a_folder():
    def build(folder, right):
        path = folder / "link.zip"
        member = zipfile.ZipInfo("models")
        member.create_system = 3
        member.external_attr = (stat.S_IFLNK | 0o777) << 16
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(member, str(KIT / "instructor" / "checkpoints" / "shapes10"))
            archive.writestr("models/readme.txt", "written through the link")
        return path


@cheat(
    "solution.py in the zip is a symbolic link to the reference",
    checks=["1a.linear_quantize.signed"],
    verdicts=["blocked"],
    problem="symbolic link",
)
def symbolic_link_to_the_reference():
    def build(folder, right):
        path = folder / "link.zip"
        member = zipfile.ZipInfo("solution.py")
        member.create_system = 3  # Unix, whose modes stand in the upper half
        member.external_attr = (stat.S_IFLNK | 0o777) << 16
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(member, str(REFERENCE))
        return path


@cheat(
    "two zips stand one behind the other, and programs differ in which they read",
    checks=["1a.linear_quantize.signed"],
    verdicts=["missing"],
    problem="still raises NotImplementedError",
)
def two_zips_in_one():
    def build(folder, right):
        path = folder / "both.zip"
        parts = []
        for source in (right / "solution.py", STUB):
            stream = io.BytesIO()
            with zipfile.ZipFile(stream, "w") as archive:
                archive.write(source, "solution.py")
            parts.append(stream.getvalue())
        path.write_bytes(b"".join(parts))
        return path


@refused("a member asks for version 25.5 of the format", problem="is damaged or was cut short")
def version_of_the_future():
    def build(folder, right):
        path = folder / "future.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.write(right / "solution.py", "solution.py")
        content = bytearray(path.read_bytes())
        content[int.from_bytes(content[-6:-2], "little") + 6] = (
            255  # of the first entry of the list
        )
        path.write_bytes(content)
        return path


@refused(
    "a zip64 record says that there are 2^63 members, 2^63 bytes into the file",
    problem="is damaged or was cut short",
)
def zip64_that_lies():
    def build(folder, right):
        path = folder / "zip64.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.write(right / "solution.py", "solution.py")
        content = path.read_bytes()
        end = content.rindex(b"PK\5\6")
        most = 2**63 - 1
        record = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, most, most, most, most)
        locator = struct.pack("<4sLQL", b"PK\6\7", 0, end, 1)
        tail = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 65535, 65535, 2**32 - 1, 2**32 - 1, 0)
        path.write_bytes(content[:end] + record + locator + tail)
        return path


@legal("a bomb three zips deep lies beside right files", **RIGHT)
def zips_in_zips():
    def packed(members, times=1):
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            for number in range(times):
                for name, content in members:
                    archive.writestr(f"{number}{name}", content)
        return stream.getvalue()

    def build(folder, right):
        path = folder / "nested.zip"
        bomb = packed([("zeros", bytes(30 * 2**20))])
        for _ in range(2):
            bomb = packed([(".zip", bomb)], times=20)
        with zipfile.ZipFile(path, "w") as archive:
            for file in sorted(right.iterdir()):
                archive.write(file, file.name)
            archive.writestr("more.zip", bomb)
        return path


@legal("each file is compressed by LZMA, which says how much memory it takes", **RIGHT)
def compression_with_memory_of_its_own():
    def build(folder, right):
        path = folder / "lzma.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
            for file in sorted(right.iterdir()):
                archive.write(file, file.name)
        return path


@legal("zips lie in one another, three deep", **RIGHT)
def hand_in_within_zips():
    def build(folder, right):
        inner = folder / "inner.zip"
        with zipfile.ZipFile(inner, "w") as archive:
            for file in sorted(right.iterdir()):
                archive.write(file, file.name)
        for name in ("middle.zip", "outer.zip"):
            with zipfile.ZipFile(folder / name, "w") as archive:
                archive.write(inner, inner.name)
            inner = folder / name
        return inner


@cheat(
    "a tar holds links to the reference and to the passwords, and a device",
    checks=["1a.linear_quantize.signed"],
    verdicts=["blocked"],
    problem="is a symbolic link",
)
def tar_with_links():
    LINKS = {
        "solution.py": (tarfile.SYMTYPE, str(REFERENCE)),
        "answers.json": (tarfile.LNKTYPE, "/etc/passwd"),
        "report.md": (tarfile.CHRTYPE, ""),
        "ResNet20_W8A8.pt": (tarfile.GNUTYPE_SPARSE, ""),
    }

    def build(folder, right):
        path = folder / "links.tar"
        with tarfile.open(path, "w") as archive:
            for name, (kind, target) in LINKS.items():
                member = tarfile.TarInfo(name)
                member.type, member.linkname = kind, target
                archive.addfile(member)
        return path


@refused("a tar.gz of 200 MiB of zeros", problem="times its size")
def tar_bomb():
    def build(folder, right):
        path = folder / "bomb.tar.gz"
        with tarfile.open(path, "w:gz") as archive:
            member = tarfile.TarInfo("solution.py")
            member.size = 200 * 2**20
            archive.addfile(member, Zeros(member.size))
        return path

    class Zeros:
        def __init__(self, size):
            self.left = size

        def read(self, size):
            size = min(size, self.left)
            self.left -= size
            return bytes(size)


@refused("a header of a tar says that a name has 200 MiB", problem="is damaged or was cut short")
def tar_with_a_long_name():
    def build(folder, right):
        path = folder / "name.tar.gz"
        member = tarfile.TarInfo("././@LongLink")
        member.type, member.size = tarfile.GNUTYPE_LONGNAME, 200 * 2**20
        path.write_bytes(gzip.compress(member.tobuf(tarfile.GNU_FORMAT) + bytes(4096)))
        return path


@refused("a bzip2 file of a few hundred bytes holds 200 MiB", problem="times its size")
def bzip2_bomb():
    def build(folder, right):
        path = folder / "solution.py.bz2"
        path.write_bytes(bz2.compress(bytes(200 * 2**20)))
        return path


@fault(
    "bzip2 in a zip: a few hundred bytes claim one byte and hold 200 MiB",
    checks=EVERY_FUNCTION,
    verdicts=["blocked"],
    problem="is damaged or was cut short",
)
def bzip2_member_that_lies():
    def build(folder, right):
        path = folder / "lies.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for file in sorted(right.iterdir()):
                if file.name != "solution.py":
                    archive.write(file, file.name)
            archive.writestr("solution.py", bytes(200 * 2**20), zipfile.ZIP_BZIP2)
        content = bytearray(path.read_bytes())
        name = content.rindex(b"solution.py")  # in the list of members
        content[name - 22 : name - 18] = struct.pack("<I", 1)
        path.write_bytes(content)
        return path
