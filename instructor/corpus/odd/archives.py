"""Archives as programs of every system make them, inside a submission or as the submission."""

import bz2
import gzip
import io
import lzma
import shutil
import tarfile
import zipfile

ALL = {"checks": ["1a.reset.*", "1b.A.sym", "1c.*"]}


def contents_of(folder):
    """Take every file out of the folder and return {name: bytes}."""
    files = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
    for name in files:
        (folder / name).unlink()
    return files


def zipped(files, compression=zipfile.ZIP_DEFLATED, prefix=""):
    """Return the bytes of a zip whose names begin with `prefix`, as other programs write it."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files.items():
            member = zipfile.ZipInfo("x")
            member.filename = prefix + name
            archive.writestr(member, content, compression)
    return stream.getvalue()


def tarred(files, prefix="", link=""):
    """Return the bytes of a tar archive; `link` is the name of a symbolic link in it."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(prefix + name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        if link:
            member = tarfile.TarInfo(link)
            member.type, member.linkname = tarfile.SYMTYPE, "/home/ada/" + link
            archive.addfile(member)
    return stream.getvalue()


@noted("one tar.gz holds everything", says="'hw3.tar.gz' was opened.", **ALL)
def tar_gz():
    def build(folder):
        content = gzip.compress(tarred(contents_of(folder), prefix="./hw3/"))
        (folder / "hw3.tar.gz").write_bytes(content)


@final("the submission itself is a tar.xz", **ALL)
def tar_xz_submission():
    def build(folder):
        path = folder.parent / "ada.tar.xz"
        path.write_bytes(lzma.compress(tarred(contents_of(folder))))
        return path


@noted("a tar.bz2 and a plain tar beside each other", says="'code.tar' was opened.", **ALL)
def tar_bz2_and_tar():
    def build(folder):
        files = contents_of(folder)
        code = {"solution.py": files.pop("solution.py")}
        (folder / "code.tar").write_bytes(tarred(code))
        (folder / "rest.tar.bz2").write_bytes(bz2.compress(tarred(files)))


@noted("solution.py is compressed alone", says="'solution.py.gz' was opened.", **ALL)
def single_gzip():
    def build(folder):
        path = folder / "solution.py"
        (folder / "solution.py.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()


@final("7-Zip compressed the zip by bzip2", **ALL)
def zip_with_bzip2():
    def build(folder):
        path = folder.parent / "ray.zip"
        path.write_bytes(zipped(contents_of(folder), zipfile.ZIP_BZIP2))
        return path


@final("7-Zip compressed the zip by LZMA", **ALL)
def zip_with_lzma():
    def build(folder):
        path = folder.parent / "sue.zip"
        path.write_bytes(zipped(contents_of(folder), zipfile.ZIP_LZMA))
        return path


@final("names in the zip begin at the root", **ALL)
def absolute_names():
    def build(folder):
        path = folder.parent / "xia.zip"
        path.write_bytes(zipped(contents_of(folder), prefix="/home/xia/"))
        return path


@final("names in the zip lead to a parent folder", **ALL)
def parent_names():
    def build(folder):
        path = folder.parent / "yan.zip"
        path.write_bytes(zipped(contents_of(folder), prefix="../"))
        return path


@final("names in the zip have drive letters and backslashes", **ALL)
def drive_letters():
    def build(folder):
        path = folder.parent / "zoe.zip"
        path.write_bytes(zipped(contents_of(folder), prefix="C:\\Users\\zoe\\hw3\\"))
        return path


@noted("a zip in a zip in a zip in a zip", says="'a.zip/b.zip/c.zip' was opened.", **ALL)
def four_zips():
    def build(folder):
        packed = zipped(contents_of(folder))
        for name in ("c.zip", "b.zip", "a.zip"):
            packed = zipped({name: packed})
        path = folder.parent / "ada.zip"
        path.write_bytes(packed)
        return path


@noted("a tar.gz in a zip", says="'abgabe.tar.gz' was opened.", **ALL)
def tar_in_zip():
    def build(folder):
        inner = gzip.compress(tarred(contents_of(folder), prefix="Übung 3/"))
        path = folder.parent / "ada.zip"
        path.write_bytes(zipped({"abgabe.tar.gz": inner}))
        return path


@noted("a zip without an extension", says="'submission' was opened.", **ALL)
def zip_without_extension():
    def build(folder):
        packed = zipped(contents_of(folder))
        (folder / "submission").write_bytes(packed)


@final("folder names are GBK, without a flag", **ALL)
def folders_in_gbk():
    def build(folder):
        prefix = "作业二/"
        packed = zipped(contents_of(folder), prefix="????????/")
        path = folder.parent / "li.zip"
        encoded = prefix.encode("gbk")
        path.write_bytes(packed.replace(b"????????/"[: len(encoded) + 2], encoded.ljust(9, b"/")))
        return path


@review("everything is in a RAR archive", says="'abgabe.rar' was not used: it is a RAR", **ALL)
def rar():
    def build(folder):
        contents_of(folder)
        (folder / "abgabe.rar").write_bytes(b"Rar!\x1a\x07\x01\x00" + b"x" * 500)


@review("everything is in a 7z archive", says="'hw.7z' was not used: it is a 7z", **ALL)
def seven_zip():
    def build(folder):
        contents_of(folder)
        (folder / "hw.7z").write_bytes(b"7z\xbc\xaf\x27\x1c" + b"x" * 500)


@review("the zip inside has a password", says="is protected by a password", **ALL)
def password():
    def build(folder):
        packed = bytearray(zipped(contents_of(folder)))
        at = 0
        while (at := packed.find(b"PK\x01\x02", at)) >= 0:
            packed[at + 8] |= 1
            at += 4
        (folder / "locked.zip").write_bytes(packed)


@review("a web page with a link to Colab", says="'text.html' was not used: it is a link", **ALL)
def link_as_html():
    def build(folder):
        contents_of(folder)
        page = "<html>my colab: https://colab.research.google.com/x</html>"
        (folder / "text.html").write_text(page)


@review("a shortcut of Windows", says="'solution.url' was not used: it is a link", **ALL)
def shortcut():
    def build(folder):
        contents_of(folder)
        (folder / "solution.url").write_text("[InternetShortcut]\nURL=https://example.org/hw3\n")


@review(
    "solution.py is a symbolic link in a tar",
    says="'hw.tar/solution.py' was not used: it is a symbolic link",
    checks=["1a.reset.*"],
)
def link_in_tar():
    def build(folder):
        files = contents_of(folder)
        files.pop("solution.py")
        (folder / "hw.tar").write_bytes(tarred(files, link="solution.py"))


@final("the working folder is submitted with its packages and caches", **ALL)
def working_folder():
    def build(folder):
        for name in (
            "venv/lib/site-packages/solution",
            ".git",
            ".ipynb_checkpoints",
            "__pycache__",
        ):
            (folder / name).mkdir(parents=True)
            (folder / name / "solution.py").write_text("def get_scale(x): return 1\n")
        shutil.copy(folder / "solution.py", folder / "solution_backup.py")
