"""Saved models that are damaged, hostile, or only unusual."""

import contextlib
import json
import os
import pickle
import random
import shutil
import struct
import warnings
import zipfile
from collections import OrderedDict

import numpy as np
import torch

from authoring.build.packed_reference import packed_reference, sealed_again
from quantlab.formats import packed_model
from quantlab.network.resnet import resnet20
from quantlab.paths import KIT

OUT_OF_RANGE = {"checks": ["2d.model.W8A8"], "verdicts": ["wrong"], "problem": "outside -128..127"}
PICKLED = {
    "checks": ["2d.model.W8A8"],
    "verdicts": ["error"],
    "problem": "pickled module or other Python objects",
}
NOT_SAVED_BY_TORCH = {
    "checks": ["2d.model.W8A8"],
    "verdicts": ["error"],
    "problem": "is not a file that torch.save wrote",
}
RIGHT = {"checks": ["2d.model.W8A8"], "verdicts": ["correct"]}
NOT_NUMBERS = {
    "checks": ["2d.model.W8A8"],
    "verdicts": ["error"],
    "problem": "numpy values that are not plain numbers",
}
REFUSED = {"checks": ["2d.model.W8A8"], "verdicts": ["error"]}
WRONG = {"checks": ["2d.model.W8A8"], "verdicts": ["wrong"]}
WRONG_VARIABLE = {"checks": ["3.bit_widths.accuracy"], "verdicts": ["wrong"]}


@contextlib.contextmanager
def edited_model(folder, right):
    """Copy a right submission and yield the values of its W8A8 model, to be changed in place."""
    shutil.copytree(right, folder, dirs_exist_ok=True)
    path = folder / "ResNet20_W8A8.pt"
    values = torch.load(path, weights_only=True)
    yield values
    torch.save(values, path)


class Reduced:
    """An object that is pickled as a call of a function, and perhaps a state."""

    def __init__(self, *parts):
        self.parts = parts

    def __reduce__(self):
        return self.parts


class OddView:
    """A tensor of 16 numbers that is saved with another view of them."""

    def __init__(self, offset, size, stride):
        self.view = offset, size, stride

    def __reduce__(self):
        storage = torch.UntypedStorage(64)
        typed = torch.storage.TypedStorage(
            wrap_storage=storage, dtype=torch.float32, _internal=True
        )
        return torch._utils._rebuild_tensor_v2, (typed, *self.view, False, OrderedDict())


@legal("tensors carry attributes named like the methods that would read them", **RIGHT)
def attributes_over_methods():
    def build(folder, right):
        with edited_model(folder, right) as values:
            for value in values.values():
                if isinstance(value, torch.Tensor):
                    value.detach = value.numpy = value.contiguous = value.cpu = "mine"


@fault("tensors in bfloat16 carry numbers in place of the methods that convert them", **REFUSED)
def attributes_over_methods_in_bfloat16():
    def build(folder, right):
        with edited_model(folder, right) as values:
            values["bn1.bias"] = values["bn1.bias"].bfloat16()
            values["bn1.bias"].numel = values["bn1.bias"].float = 3


@fault(
    "a variance is not a number in every other channel",
    **WRONG,
    problem="holds NaN or infinite numbers",
)
def batch_norm_not_a_number():
    def build(folder, right):
        with edited_model(folder, right) as values:
            values["bn1.running_var"][::2] = float("nan")


@fault(
    "a tuple of tuples of tuples has ten billion parts in a few hundred bytes",
    **REFUSED,
    problem="holds under format a tuple",
)
def billion_parts():
    def build(folder, right):
        with edited_model(folder, right) as values:
            parts = ("lol",) * 10
            for _ in range(9):
                parts = (parts,) * 10
            values["format"] = parts


@fault(
    "200 MiB of zeros are packed into the storage of a tensor",
    **REFUSED,
    problem="was packed again after torch.save",
)
def bomb_in_the_file():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        path = folder / "ResNet20_W8A8.pt"
        torch.save({"bn1.bias": torch.zeros(16)}, path)
        with zipfile.ZipFile(path) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in parts.items():
                archive.writestr(name, bytes(200 * 2**20) if name.endswith("data/0") else content)


@fault(
    "a part says that it unpacks to a gigabyte, and that it is not packed at all",
    **REFUSED,
    problem="was packed again after torch.save",
)
def bomb_that_lies_about_itself():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        path = folder / "ResNet20_W8A8.pt"
        content = bytearray(path.read_bytes())
        listed = content.index(b"PK\1\2")
        content[listed + 24 : listed + 28] = (2**30).to_bytes(4, "little")
        path.write_bytes(content)


@fault("codes of 64 bits that become small ones when they are cut off", **OUT_OF_RANGE)
def codes_near_overflow():
    def build(folder, right):
        with edited_model(folder, right) as values:
            for name, value in values.items():
                if name.endswith("weight_int"):
                    values[name] = value.long() + 2**40


@fault("one code has nine bits", **OUT_OF_RANGE)
def codes_outside_their_bits():
    def build(folder, right):
        with edited_model(folder, right) as values:
            name = "layer2.0.conv1.weight_int"
            values[name] = values[name].short()
            values[name][0, 0, 0, 0] = 128


@fault("a scale has an imaginary part, which a cast would drop", **WRONG)
def complex_scale():
    def build(folder, right):
        with edited_model(folder, right) as values:
            scale = values["layer1.0.conv1.weight_scale"]
            values["layer1.0.conv1.weight_scale"] = torch.tensor(complex(scale, 1.0))


@fault("100,000 lists in one another, against the stack of the loader", **REFUSED)
def deep_pickle():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        path = folder / "ResNet20_W8A8.pt"
        torch.save([], path)
        with zipfile.ZipFile(path) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in parts.items():
                deep = b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b"."
                archive.writestr(name, deep if name.endswith("data.pkl") else content)


@fault(
    "the batch normalization of a saved model multiplies and adds denormal numbers only", **WRONG
)
def denormal_numbers():
    def build(folder, right):
        with edited_model(folder, right) as values:
            for name, value in values.items():
                if "bn" in name and name.endswith(("weight", "bias")):
                    value.mul_(1e-41 / value.abs().max())


@cheat(
    "the float network of the kit is submitted under all five names",
    checks=["2d.model.W8A8", "2d.model.W2A2"],
    verdicts=["wrong"],
    problem="is missing",
)
def float_model_for_all():
    def build(folder, right):
        for cell in ("W8A8", "W4A4", "W8A2", "W2A8", "W2A2"):
            shutil.copy(
                KIT / "checkpoints" / "resnet20_shapes10.pt", folder / f"ResNet20_{cell}.pt"
            )


@fault(
    "the note that git leaves in the place of a large file", **REFUSED, problem="git-lfs pointer"
)
def git_lfs_pointer():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        path = folder / "ResNet20_W8A8.pt"
        path.write_text(
            "version https://git-lfs.github.com/spec/v1\n"
            "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\n"
            "size 311104\n"
        )


@fault("a name and a text hold half a character, which no encoding has", **REFUSED)
def half_a_character():
    def build(folder, right):
        with edited_model(folder, right) as values:
            values["\ud800"] = 1


@fault(
    "a number is finite in the file and infinite in float32",
    **WRONG,
    problem="holds NaN or infinite numbers",
)
def infinite_after_a_cast():
    def build(folder, right):
        with edited_model(folder, right) as values:
            values["bn1.weight"] = values["bn1.weight"].double()
            values["bn1.weight"][0] = 1e300


@fault("a scale is an integer that fits nowhere", **REFUSED)
def integer_of_a_thousand_digits():
    def build(folder, right):
        with edited_model(folder, right) as values:
            values["layer1.0.conv1.weight_scale"] = 10**1_000


@fault(
    "every number of a batch normalization is the largest that there is",
    **WRONG,
    problem="full points from",
)
def largest_numbers():
    def build(folder, right):
        with edited_model(folder, right) as values:
            for name in ("weight", "bias", "running_mean"):
                values[f"bn1.{name}"].fill_(torch.finfo(torch.float32).max)
            values["bn1.running_var"].zero_()


@fault("all scales are the largest number that there is", **WRONG)
def largest_scales():
    def build(folder, right):
        with edited_model(folder, right) as values:
            for name in values:
                if name.endswith("_scale"):
                    values[name] = 3.4e38


@fault(
    "a mapping is its own state_dict, for ever",
    **REFUSED,
    problem="holds itself under 'state_dict'",
)
def mapping_that_holds_itself():
    def build(folder, right):
        with edited_model(folder, right) as values:
            values["state_dict"] = values


@fault("the mapping itself carries attributes named like its methods", **WRONG)
def mapping_with_attributes():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        path = folder / "ResNet20_W8A8.pt"
        values = torch.load(path, weights_only=True)
        values = OrderedDict(values)
        values.get = values.items = OrderedDict
        torch.save(values, path)


@legal("the method and the data set are markup and a formula", **RIGHT)
def method_like_markup():
    def build(folder, right):
        with edited_model(folder, right) as values:
            values["method"] = "<img src=x onerror=alert(1)>"
            values["dataset"] = "=HYPERLINK(1)</pre>"


@fault("a name has a million characters", **REFUSED, problem="a name that is no short string")
def name_of_a_megabyte():
    def build(folder, right):
        with edited_model(folder, right) as values:
            values["x" * 1_000_000] = 1


@fault(
    "names are terminal codes, markup and half characters",
    **WRONG,
    problem="is no name of a saved ResNet-20",
)
def names_with_control_characters():
    def build(folder, right):
        with edited_model(folder, right) as values:
            names = (
                "\x1b[2J\x1b]0;owned\x07",
                "</pre><script>alert(1)</script>",
                "=1+1\n\u202e",
                "\0",
            )
            values |= {f"{name}.weight": torch.zeros(1) for name in names}


@fault("a tensor has a negative length and steps backwards through its memory", **REFUSED)
def negative_size_and_stride():
    def build(folder, right):
        with edited_model(folder, right) as values:
            values["bn1.bias"] = OddView(8, (-16,), (-1,))


@fault("a tensor made of tensors of different lengths", **REFUSED)
def nested_tensors():
    def build(folder, right):
        with edited_model(folder, right) as values, warnings.catch_warnings(action="ignore"):
            values["bn1.bias"] = torch.nested.nested_tensor([torch.zeros(3), torch.zeros(5)])


@fault(
    "says that 64 bytes in the file are a terabyte of numbers",
    checks=["2d.model.W8A8"],
    verdicts=["error", "memory"],
)
def numel_that_lies():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        path = folder / "ResNet20_W8A8.pt"
        torch.save({"bn1.bias": torch.zeros(16)}, path)
        with zipfile.ZipFile(path) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        lie = b"\x8a\x06" + (2**40).to_bytes(6, "little")  # \x8a: an integer of so many bytes
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in parts.items():
                if name.endswith("data.pkl"):
                    honest = b"K\x10t"  # K: an integer of one byte
                    assert content.count(honest) == 1
                    archive.writestr(name, content.replace(honest, lie + b"t"))
                else:
                    archive.writestr(name, content)


@fault(
    "a numpy array of objects, which is a pickle, under the name of a model",
    **REFUSED,
    problem="is a numpy array",
)
def numpy_array():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        path = folder / "ResNet20_W8A8.pt"
        with path.open("wb") as file:
            np.save(file, np.array([{"fc.bias": 1}], dtype=object), allow_pickle=True)


@fault(
    "numpy's own zip of arrays under the name of a model",
    **REFUSED,
    problem="is a zip file that torch.save did not write",
)
def numpy_arrays_in_a_zip():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        path = folder / "ResNet20_W8A8.pt"
        with path.open("wb") as file:
            np.savez(file, **{"fc.bias": np.zeros(10, np.float32)})


@fault(
    "a tensor begins a megabyte behind the end of its memory",
    checks=["2d.model.W8A8"],
    verdicts=["error", "memory", "wrong"],
)
def offset_beyond_the_storage():
    def build(folder, right):
        with edited_model(folder, right) as values:
            values["bn1.bias"] = OddView(2**20, (16,), (1,))


@fault(
    "mappings within mappings have ten million entries, all the same",
    **REFUSED,
    problem="more than 4096",
)
def nested_mappings():
    def build(folder, right):
        with edited_model(folder, right) as values:
            inner = {}
            for _ in range(4):
                inner = {f"model{number}": inner for number in range(60)}
            values["ema"] = inner


@fault("a file of one byte more than is read", **REFUSED, problem="is larger than 32 MiB")
def one_byte_too_large():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        path = folder / "ResNet20_W8A8.pt"
        content = path.read_bytes()
        path.write_bytes(content + bytes(32 * 2**20 + 1 - len(content)))


@fault(
    "the model of 8 bits is submitted under all five names",
    checks=["2d.model.W4A4", "2d.model.W8A2", "2d.model.W2A8", "2d.model.W2A2"],
    verdicts=["wrong"],
)
def one_model_for_all():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        for cell in ("W4A4", "W8A2", "W2A8", "W2A2"):
            shutil.copy(right / "ResNet20_W8A8.pt", folder / f"ResNet20_{cell}.pt")


@fault(
    "says that its numbers are big-endian, which they are not",
    checks=["2d.model.W8A8"],
    verdicts=["error", "wrong"],
)
def other_byte_order():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        path = folder / "ResNet20_W8A8.pt"
        with zipfile.ZipFile(path) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in parts.items():
                archive.writestr(name, b"big" if name.endswith("byteorder") else content)


@legal(
    "the tables claim one bit for a packed model of eight, which would earn every bonus",
    checks=["3.bit_widths.*"],
    verdicts=["correct"],
)
def packed_under_narrower_widths():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        packed_model.save(packed_reference(), folder / "ResNet20_variable.packed")
        answers = folder / "answers.json"
        record = json.loads(answers.read_text())
        record["bit_widths"] = dict.fromkeys(packed_model.LAYERS, 1)
        answers.write_text(json.dumps(record))


@fault(
    "one bit of a packed model has changed on its way",
    checks=["3.bit_widths.accuracy"],
    verdicts=["error"],
    problem="The checksum does not fit",
)
def packed_with_a_flipped_bit():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        content = bytearray(packed_model.pack(packed_reference()))
        content[len(content) // 2] ^= 1
        (folder / "ResNet20_variable.packed").write_bytes(content)


@fault(
    "a packed model has a scale that is not a number",
    checks=["3.bit_widths.accuracy"],
    verdicts=["error"],
    problem="is nan, but a scale is positive",
)
def packed_with_a_scale_that_is_no_number():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        content = bytearray(packed_model.pack(packed_reference()))
        struct.pack_into("<f", content, packed_model.HEADER.size, float("nan"))
        (folder / "ResNet20_variable.packed").write_bytes(sealed_again(content))


@fault(
    "a packed model hides a megabyte behind its codes",
    checks=["3.bit_widths.accuracy"],
    verdicts=["error"],
    problem="bytes where the widths",
)
def packed_with_bytes_behind_it():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        content = packed_model.pack(packed_reference()) + bytes(2**20)
        (folder / "ResNet20_variable.packed").write_bytes(content)


@fault(
    "the header of a packed model claims one bit, its codes have eight",
    checks=["3.bit_widths.accuracy"],
    verdicts=["error"],
    problem="bytes where the widths",
)
def packed_with_more_codes_than_its_widths():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        content = bytearray(packed_model.pack(packed_reference()))
        first = packed_model.HEADER.size - len(packed_model.LAYERS)
        content[first : packed_model.HEADER.size] = bytes([1]) * len(packed_model.LAYERS)
        (folder / "ResNet20_variable.packed").write_bytes(sealed_again(content))


@fault(
    "a packed model removes its classifier to be smaller",
    checks=["3.bit_widths.accuracy"],
    verdicts=["error"],
    problem="only a convolution inside a residual branch",
)
def packed_without_a_classifier():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        content = bytearray(packed_model.pack(packed_reference()))
        content[packed_model.HEADER.size - 1] = 0
        (folder / "ResNet20_variable.packed").write_bytes(content)


@fault("one array of numpy says that it is a terabyte", **NOT_NUMBERS)
def numpy_array_longer_than_its_bytes():
    def build(folder, right):
        empty = np.zeros(1).__reduce__()[0]
        state = 1, (2**37,), np.dtype("f8"), False, bytes(8)
        with edited_model(folder, right) as values:
            values["bn1.bias"] = Reduced(empty, (np.ndarray, (0,), b"b"), state)


@fault("numpy arrays of Python's objects", **NOT_NUMBERS)
def numpy_array_of_objects():
    def build(folder, right):
        with edited_model(folder, right) as values:
            values["bn1.bias"] = np.array([[], {}, None] * 5 + [1.0], dtype=object)


@fault("numpy arrays of records", **NOT_NUMBERS)
def numpy_array_of_records():
    def build(folder, right):
        with edited_model(folder, right) as values:
            values["bn1.bias"] = np.zeros(16, [("bias", "<f4"), ("more", "<f4")])


@fault("a dtype of numbers claims that its bytes are addresses of objects", **NOT_NUMBERS)
def numpy_dtype_with_flags_of_objects():
    def build(folder, right):
        number = np.float64(1).__reduce__()[0]
        dtype = Reduced(np.dtype, ("f8", False, True), (3, "<", None, None, None, -1, -1, 63))
        with edited_model(folder, right) as values:
            values["fc.weight_scale"] = Reduced(number, (dtype, b"AAAAAAAA"))


@cheat("a function of numpy reads a file of the grader", **PICKLED)
def numpy_function_that_reads_a_file():
    def build(folder, right):
        values = torch.load(right / "ResNet20_W8A8.pt", weights_only=True)
        values["bn1.bias"] = Reduced(np.fromfile, ("/etc/passwd", "u1", 16))
        torch.save(values, folder / "ResNet20_W8A8.pt")


@fault("one number of numpy has a megabyte of bytes", **NOT_NUMBERS)
def numpy_number_with_a_huge_buffer():
    def build(folder, right):
        number = np.float64(1).__reduce__()[0]
        with edited_model(folder, right) as values:
            values["fc.weight_scale"] = Reduced(number, (np.dtype("f8"), bytes(2**20)))


@fault(
    "30 MB of numbers that are no part of the network",
    **WRONG,
    problem="is no name of a saved ResNet-20",
)
def padding_within_the_limit():
    def build(folder, right):
        with edited_model(folder, right) as values:
            values["padding"] = torch.zeros(7_500_000)


@fault("a parameter that has not been initialized", **REFUSED)
def parameter_without_a_shape():
    def build(folder, right):
        with edited_model(folder, right) as values:
            values["bn1.bias"] = torch.nn.UninitializedParameter()


@fault(
    "lists 500 more parts in the file, all of them the bytes of its largest one",
    **REFUSED,
    problem="lie over each other",
)
def parts_over_each_other():
    END = struct.Struct("<4s4H2LH")

    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        path = folder / "ResNet20_W8A8.pt"
        with zipfile.ZipFile(path) as archive:
            start = archive.start_dir
            sizes = [member.file_size for member in archive.infolist()]
        content = path.read_bytes()
        parts, rest = content[:start], content[start:]
        entries = rest[: rest.rindex(b"PK\5\6")].split(b"PK\6\6")[0].split(b"PK\1\2")[1:]
        assert len(entries) == len(sizes)
        entries += 500 * [entries[sizes.index(max(sizes))]]
        listing = b"".join(b"PK\1\2" + entry for entry in entries)
        end = END.pack(b"PK\5\6", 0, 0, len(entries), len(entries), len(listing), start, 0)
        path.write_bytes(parts + listing + end)


@cheat("a file in torch's format before 1.6 runs code", **PICKLED)
def pickle_in_the_old_format():
    def build(folder, right):
        class Started:
            def __reduce__(self):
                return os.system, (f"touch '{folder / 'RAN'}'",)

        path = folder / "ResNet20_W8A8.pt"
        torch.save({"format": Started()}, path, _use_new_zipfile_serialization=False)


@cheat(
    "a bad model brings an expression that would make every model measure 100 percent", **PICKLED
)
def pickle_that_changes_the_grader():
    CODE = """
import pathlib
from quantlab import inference
pathlib.Path({marker!r}).touch()
inference.evaluate_saved = lambda *_: 100.0
"""

    class Evaluated:
        def __init__(self, code):
            self.code = code

        def __reduce__(self):
            return eval, (f"exec({self.code!r}) or 'sym'",)

    def build(folder, right):
        path = folder / "ResNet20_W8A8.pt"
        values = torch.load(right / path.name, weights_only=True)
        for name, value in values.items():
            if name.endswith("weight_int"):
                value.zero_()
        values["method"] = Evaluated(CODE.format(marker=str(folder / "RAN")))
        torch.save(values, path)


@cheat("asks the loader to trust more functions before it calls one of them", **PICKLED)
def pickle_that_opens_the_loader():
    def build(folder, right):
        class Trusted:
            def __reduce__(self):
                return torch.serialization.add_safe_globals, ([os.system],)

        class Started:
            def __reduce__(self):
                return os.system, (f"touch '{folder / 'RAN'}'",)

        torch.save({"format": Trusted(), "method": Started()}, folder / "ResNet20_W8A8.pt")


@cheat("a model file starts a program when it is opened", **PICKLED)
def pickle_that_runs_a_program():
    def build(folder, right):
        class Started:
            def __reduce__(self):
                return os.system, (f"touch '{folder / 'RAN'}'",)

        values = torch.load(right / "ResNet20_W8A8.pt", weights_only=True)
        torch.save({**values, "format": Started()}, folder / "ResNet20_W8A8.pt")


@cheat("a forbidden call hides among the arguments of calls that a loader allows", **PICKLED)
def pickle_within_allowed_calls():
    def build(folder, right):
        class Started:
            def __reduce__(self):
                return os.system, (f"touch '{folder / 'RAN'}'",)

        class Hooked:
            def __reduce__(self):
                hooks = OrderedDict({0: Started()})
                return torch._utils._rebuild_parameter, (torch.zeros(16), False, hooks)

        values = torch.load(right / "ResNet20_W8A8.pt", weights_only=True)
        torch.save({**values, "bn1.bias": Hooked()}, folder / "ResNet20_W8A8.pt")


@cheat("a pickle of the first protocol, which is text, runs code", **NOT_SAVED_BY_TORCH)
def pickle_without_a_mark():
    def build(folder, right):
        class Started:
            def __reduce__(self):
                return os.system, (f"touch '{folder / 'RAN'}'",)

        (folder / "ResNet20_W8A8.pt").write_bytes(pickle.dumps(Started(), protocol=0))


@cheat(
    "a plain pickle that runs code, under the name of a model",
    **REFUSED,
    problem="is a pickled object and is not opened",
)
def pickle_without_its_zip():
    def build(folder, right):
        class Started:
            def __reduce__(self):
                return os.system, (f"touch '{folder / 'RAN'}'",)

        (folder / "ResNet20_W8A8.pt").write_bytes(pickle.dumps(Started()))


@fault("submits integers where the weights of question 3 are asked for", **WRONG_VARIABLE)
def quantized_model_for_the_variable_one():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        shutil.copy(folder / "ResNet20_W2A2.pt", folder / "ResNet20_variable.pt")


@fault("weights in torch's own quantized dtype", **REFUSED)
def quantized_tensors():
    def build(folder, right):
        with edited_model(folder, right) as values:
            with warnings.catch_warnings(action="ignore"):
                weight = torch.quantize_per_tensor(values["bn1.bias"], 0.1, 0, torch.qint8)
            values["bn1.bias"] = weight


@fault("bytes without any meaning", **NOT_SAVED_BY_TORCH)
def random_bytes():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        path = folder / "ResNet20_W8A8.pt"
        path.write_bytes(random.Random(1).randbytes(300_000))


@fault(
    "a right file in which every thousandth byte is another",
    checks=["2d.model.W8A8"],
    verdicts=["error", "wrong", "partial"],
)
def random_bytes_in_the_right_places():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        path = folder / "ResNet20_W8A8.pt"
        content = bytearray(path.read_bytes())
        for place in range(1_000, len(content), 1_000):
            content[place] ^= 0x55
        path.write_bytes(content)


@fault("a file of safetensors under the name of a model", **NOT_SAVED_BY_TORCH)
def safetensors():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        path = folder / "ResNet20_W8A8.pt"
        header = b'{"fc.bias":{"dtype":"F32","shape":[10],"data_offsets":[0,40]}}'
        path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(40))


@fault(
    "scales are truth, text and integers of a thousand digits",
    **WRONG,
    problem="but a positive number is expected",
)
def scale_of_another_type():
    def build(folder, right):
        with edited_model(folder, right) as values:
            values["layer1.0.conv1.weight_scale"] = True
            values["layer1.0.conv2.weight_scale"] = "0.1"


@fault(
    "weights in floating point with a scale so small that every code is the last",
    checks=["2d.model.W4A4"],
    verdicts=["wrong"],
)
def scale_that_makes_codes_overflow():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        path = folder / "ResNet20_W4A4.pt"
        values = torch.load(path, weights_only=True)
        for name in [name for name in values if name.endswith("conv2.weight_int")]:
            layer = name.removesuffix(".weight_int")
            values[f"{layer}.weight"] = values.pop(name) * values[f"{layer}.weight_scale"]
            values[f"{layer}.weight_scale"] = 1e-12
        torch.save(values, path)


@fault(
    "the number of elements of a tensor overflows 64 bits",
    checks=["2d.model.W8A8"],
    verdicts=["error", "memory"],
)
def size_beyond_all_numbers():
    def build(folder, right):
        with edited_model(folder, right) as values:
            values["bn1.bias"] = OddView(0, (2**33, 2**33), (0, 0))


@fault("codes have the one integer whose magnitude is no integer", **OUT_OF_RANGE)
def smallest_integers():
    def build(folder, right):
        with edited_model(folder, right) as values:
            name = "layer2.0.conv1.weight_int"
            values[name] = torch.full(values[name].shape, -(2**63))


@fault("all scales are the smallest number above zero, and the bias is zero", **WRONG)
def smallest_scales():
    def build(folder, right):
        with edited_model(folder, right) as values:
            values["fc.bias"].zero_()
            for name in values:
                if name.endswith("_scale"):
                    values[name] = 1.4e-45


@fault("a sparse tensor lists numbers far outside its shape", **REFUSED)
def sparse_tensor_beyond_its_size():
    def build(folder, right):
        with edited_model(folder, right) as values:
            place = torch.tensor([[10**12]])
            values["bn1.bias"] = torch.sparse_coo_tensor(
                place, torch.ones(1), (16,), check_invariants=False, is_coalesced=True
            )


@fault("tensors that list only what is not zero", **REFUSED, problem="a sparse tensor")
def sparse_tensors():
    def build(folder, right):
        with edited_model(folder, right) as values:
            values["bn1.bias"] = values["bn1.bias"].to_sparse()
            values["conv1.weight"] = values["conv1.weight"].to_sparse()


@fault(
    "the elements of a tensor lie a gigabyte apart in 64 bytes",
    checks=["2d.model.W8A8"],
    verdicts=["error", "memory"],
)
def stride_beyond_the_storage():
    def build(folder, right):
        with edited_model(folder, right) as values:
            values["bn1.bias"] = OddView(0, (16,), (2**28,))


@fault("10,000 names that mean nothing", **REFUSED, problem="more than 4096")
def ten_thousand_extra_names():
    def build(folder, right):
        with edited_model(folder, right) as values:
            values |= {f"extra{number}": number for number in range(10_000)}


@fault("a tensor that has a shape and no numbers", **REFUSED, problem="on the device meta")
def tensor_without_data():
    def build(folder, right):
        with edited_model(folder, right) as values:
            values["bn1.bias"] = torch.empty(16, device="meta")


@fault(
    "one number is expanded to a tensor of a terabyte",
    **REFUSED,
    problem="far more than the answer can have",
)
def terabyte_of_one_number():
    def build(folder, right):
        with edited_model(folder, right) as values:
            values["bn1.bias"] = torch.zeros(1).expand(2**38)


@fault("the method is a text of a million characters", **REFUSED)
def text_of_a_megabyte():
    def build(folder, right):
        with edited_model(folder, right) as values:
            values["method"] = "sym" * 300_000


@fault("21,000 parts that no tensor belongs to", **REFUSED, problem="has more than 20,000 parts")
def too_many_parts():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        path = folder / "ResNet20_W8A8.pt"
        with zipfile.ZipFile(path, "a") as archive:
            for number in range(21_000):
                archive.writestr(f"archive/data/x{number}", "")


@fault("a TorchScript archive, with code of its own", **REFUSED, problem="is a TorchScript model")
def torchscript():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        path = folder / "ResNet20_W8A8.pt"
        code = f"def forward(self, x):\n  return open({str(folder / 'RAN')!r}, 'w')\n"
        parts = {
            "data.pkl": b"\x80\x02}.",
            "constants.pkl": b"\x80\x02).",
            "code/__torch__.py": code,
        }
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in parts.items():
                archive.writestr(f"archive/{name}", content)


@cheat(
    "data.pkl stands twice in the file, once harmless and once with code",
    checks=["2d.model.W8A8"],
    verdicts=["error", "wrong"],
)
def two_pickles_in_one_file():
    def build(folder, right):
        class Started:
            def __reduce__(self):
                return os.system, (f"touch '{folder / 'RAN'}'",)

        path = folder / "ResNet20_W8A8.pt"
        torch.save({"format": "quantlab-resnet20"}, path)
        with zipfile.ZipFile(path, "a") as archive, warnings.catch_warnings(action="ignore"):
            name = next(name for name in archive.namelist() if name.endswith("data.pkl"))
            archive.writestr(name, pickle.dumps(Started(), protocol=2))


@fault(
    "a file holds two models, of which the grader may choose the better",
    **WRONG,
    problem="two models with different values",
)
def two_models_in_one_file():
    def build(folder, right):
        with edited_model(folder, right) as values:
            other = {name: values[name] for name in values}
            other["fc.bias"] = torch.zeros(10)
            values["ema_state_dict"] = other


@fault("codes are stored as bytes from 0 to 255", **OUT_OF_RANGE)
def unsigned_codes():
    def build(folder, right):
        with edited_model(folder, right) as values:
            name = "layer2.0.conv1.weight_int"
            values[name] = values[name].view(torch.uint8)


@fault(
    "the model of question 3 holds a weight that is not a number",
    **WRONG_VARIABLE,
    problem="holds NaN or infinite numbers",
)
def variable_model_not_a_number():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        values = torch.load(KIT / "checkpoints" / "resnet20_shapes10.pt", weights_only=True)
        values["fc.weight"][0, 0] = float("nan")
        torch.save(values, folder / "ResNet20_variable.pt")


@fault("the float network of question 3 computes with denormal numbers only", **WRONG_VARIABLE)
def variable_model_of_denormal_numbers():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        values = torch.load(KIT / "checkpoints" / "resnet20_shapes10.pt", weights_only=True)
        for name, value in values.items():
            if "bn" in name and name.endswith(("weight", "bias")):
                value.mul_(1e-41 / value.abs().max())
        torch.save(values, folder / "ResNet20_variable.pt")


@fault("every number of the model of question 3 is the largest that there is", **WRONG_VARIABLE)
def variable_model_of_largest_numbers():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        values = torch.load(KIT / "checkpoints" / "resnet20_shapes10.pt", weights_only=True)
        for value in values.values():
            if value.is_floating_point():
                value.fill_(torch.finfo(torch.float32).max)
        torch.save(values, folder / "ResNet20_variable.pt")


@fault("the model of question 3 has a hundred classes", **WRONG_VARIABLE, problem="has the shape")
def variable_model_of_other_shape():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        values = torch.load(KIT / "checkpoints" / "resnet20_shapes10.pt", weights_only=True)
        values["fc.weight"] = torch.zeros(100, 64)
        values["fc.bias"] = torch.zeros(100)
        torch.save(values, folder / "ResNet20_variable.pt")


@fault("every weight of the model of question 3 is the smallest above zero", **WRONG_VARIABLE)
def variable_model_of_smallest_numbers():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        values = torch.load(KIT / "checkpoints" / "resnet20_shapes10.pt", weights_only=True)
        for name, value in values.items():
            if name.endswith(".weight"):
                value.fill_(1.4e-45)
        torch.save(values, folder / "ResNet20_variable.pt")


@fault(
    "the model of question 3 runs code when it is opened",
    checks=["3.bit_widths.accuracy"],
    verdicts=["error"],
    problem="pickled module or other Python objects",
)
def variable_model_with_code():
    def build(folder, right):
        class Started:
            def __reduce__(self):
                return os.system, (f"touch '{folder / 'RAN'}'",)

        shutil.copytree(right, folder, dirs_exist_ok=True)
        torch.save({"fc.bias": Started()}, folder / "ResNet20_variable.pt")


@fault("the variances of the model of question 3 are negative", **WRONG_VARIABLE)
def variable_model_with_negative_variance():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        values = torch.load(KIT / "checkpoints" / "resnet20_shapes10.pt", weights_only=True)
        values["layer2.1.bn1.running_var"].neg_()
        torch.save(values, folder / "ResNet20_variable.pt")


@fault("says that version 999 of the format wrote it", **REFUSED)
def version_of_the_future():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        path = folder / "ResNet20_W8A8.pt"
        content = path.read_bytes()
        with zipfile.ZipFile(path) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in parts.items():
                archive.writestr(name, b"999\n" if name.endswith("version") else content)


@legal("all tensors of batch normalization are views of one, backwards and in steps", **RIGHT)
def views_of_one_memory():
    def build(folder, right):
        with edited_model(folder, right) as values:
            names = [name for name in values if ".running_" in name]
            shared = torch.cat([values[name].repeat_interleave(2) for name in names])
            for name in names:
                length = 2 * len(values[name])
                values[name], shared = shared[:length:2], shared[length:]


@fault("the page of a course site that asks to log in", **REFUSED, problem="is a web page")
def web_page():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        path = folder / "ResNet20_W8A8.pt"
        path.write_text(
            "<!DOCTYPE html>\n<html><script>alert(1)</script><title>Log in</title></html>"
        )


@fault("saves the network itself instead of its tensors", **PICKLED)
def whole_module():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        path = folder / "ResNet20_W8A8.pt"
        torch.save(resnet20(), path)


@legal("tensors of DataParallel, wrapped with an optimizer's numbers beside them", **RIGHT)
def wrapped_and_prefixed():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        path = folder / "ResNet20_W8A8.pt"
        values = torch.load(path, weights_only=True)
        tensors = {
            f"module.{name}": value.double()
            if torch.is_tensor(value) and value.is_floating_point()
            else value
            for name, value in values.items()
        }
        values = {
            "epoch": 90,
            "optimizer": {"lr": 0.1, "betas": (0.9, 0.999)},
            "state_dict": tensors,
        }
        torch.save(values, path)


@legal("the key around the tensors is markup and terminal codes, which a note repeats", **RIGHT)
def wrapper_like_markup():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        path = folder / "ResNet20_W8A8.pt"
        values = torch.load(path, weights_only=True)
        torch.save({"</li><script>alert(1)</script>": values, "\x1b[2J\u202e": 1}, path)
