"""Translate the module names of earlier versions of the kit in the code of corpus cases.

A case kept from an earlier version imports modules by their former names. `translate` replaces
these by the current names; code that uses the current names is returned unchanged. Student
submissions are never translated.
"""

import ast
import re
from collections.abc import Mapping
from itertools import accumulate

from quantlab.paths import KIT

# Former name -> current name. A former package is listed with its former modules.
NAMES: Mapping[str, str] = {
    "autograder.hidden": "autograder.engine.redaction",
    "autograder.known": "autograder.engine.corpus",
    "autograder.marking": "autograder.grading.submission",
    "autograder.measuring": "autograder.engine.model_accuracy",
    "autograder.misconceptions": "autograder.engine.misconceptions",
    "autograder.oracle": "autograder.engine.oracle",
    "autograder.player": "autograder.engine.executor",
    "autograder.ptq_table": "autograder.engine.ptq_table",
    "autograder.replay": "autograder.grading.replay",
    "autograder.results": "autograder.grading.results_folder",
    "autograder.review": "autograder.grading.review",
    "autograder.rubric": "autograder.engine.rubric",
    "autograder.sandbox.bubble": "autograder.sandbox.bubblewrap",
    "autograder.sandbox.checkpoints": "quantlab.formats.read_untrusted",
    "autograder.sandbox.exchange": "autograder.sandbox.job_io",
    "autograder.sandbox.given": "quantlab.protocol.import_policy",
    "autograder.sandbox.importing": "autograder.sandbox.relaxed_gc",
    "autograder.sandbox.isolation": "autograder.sandbox.self_test",
    "autograder.sandbox.kernel": "autograder.sandbox.linux_calls",
    "autograder.sandbox.neighbors": "autograder.sandbox.retry_rule",
    "autograder.sandbox.probes": "autograder.sandbox.escape_attempts",
    "autograder.sandbox.questions": "autograder.sandbox.host_callbacks",
    "autograder.sandbox.serving": "autograder.sandbox.fork_server",
    "autograder.sandbox.starting": "autograder.sandbox.tier_selection",
    "autograder.sandbox.syscalls": "autograder.sandbox.denied_syscalls",
    "autograder.sandbox.zygote": "autograder.sandbox.worker_process",
    "autograder.secret": "autograder.engine.secret",
    "autograder.submission": "quantlab.intake.submission",
    "autograder.verdict": "autograder.engine.record",
    "instructor.choose_quick_images": "authoring.build.choose_quick_images",
    "instructor.demo": "authoring.demo",
    "instructor.examples": "authoring.examples",
    "instructor.fit_sawb": "authoring.build.fit_sawb",
    "instructor.measure_ptq_table": "authoring.build.measure_ptq_table",
    "instructor.packed_reference": "authoring.build.packed_reference",
    "instructor.public_checks": "authoring.build.public_checks",
    "instructor.search_widths": "authoring.build.search_widths",
    "instructor.stub": "authoring.build.stub",
    "instructor.train_on_test_images": "authoring.build.train_on_test_images",
    "quantlab.answers": "quantlab.formats.answers",
    "quantlab.augmentation": "quantlab.training.augmentation",
    "quantlab.calibration": "quantlab.network.calibration",
    "quantlab.checkpoint": "quantlab.formats.saved_model",
    "quantlab.checkpoint_values": "quantlab.formats.validate_values",
    "quantlab.cleaning": "quantlab.protocol.sanitize_text",
    "quantlab.compare": "quantlab.protocol.comparison",
    "quantlab.data": "quantlab.data.cifar10",
    "quantlab.denormals": "quantlab.arithmetic.denormals",
    "quantlab.download": "quantlab.data.download",
    "quantlab.files": "quantlab.atomic_files",
    "quantlab.handin": "quantlab.notebook.submission_zip",
    "quantlab.images": "quantlab.data.images",
    "quantlab.imported_names": "quantlab.notebook.imported_names",
    "quantlab.inference": "quantlab.evaluation.integer_network",
    "quantlab.int8": "quantlab.arithmetic.int8_kernels",
    "quantlab.integer": "quantlab.arithmetic.integer_kernels",
    "quantlab.layers": "quantlab.network.layers",
    "quantlab.memory": "quantlab.arithmetic.malloc",
    "quantlab.mixed_precision": "quantlab.evaluation.mixed_precision",
    "quantlab.packed": "quantlab.formats.packed_model",
    "quantlab.packed_magic": "quantlab.formats.packed_magic",
    "quantlab.plots": "quantlab.notebook.plots",
    "quantlab.precision": "quantlab.training.precision",
    "quantlab.programs": "quantlab.protocol",
    "quantlab.programs.calls": "quantlab.protocol.calls",
    "quantlab.programs.claims": "quantlab.protocol.failure_reasons",
    "quantlab.programs.encode": "quantlab.protocol.plain_values",
    "quantlab.programs.evaluation": "quantlab.protocol.additive_loss",
    "quantlab.programs.execute": "quantlab.protocol.execute",
    "quantlab.programs.expectation": "quantlab.protocol.expectation",
    "quantlab.programs.failures": "quantlab.protocol.failures",
    "quantlab.programs.forms": "quantlab.protocol.scale_forms",
    "quantlab.programs.wire": "quantlab.protocol.wire",
    "quantlab.public_checks": "quantlab.protocol.public_checks",
    "quantlab.recipe": "quantlab.training.fine_tuning",
    "quantlab.reloading": "quantlab.notebook.reloading",
    "quantlab.resnet": "quantlab.network.resnet",
    "quantlab.resuming": "quantlab.training.training_state",
    "quantlab.schedule": "quantlab.training.recipe",
    "quantlab.session": "quantlab.notebook.session",
    "quantlab.shapes10": "quantlab.data.shapes10",
    "quantlab.split": "quantlab.data.split",
    "quantlab.steps": "quantlab.training.steps",
    "quantlab.stopping": "quantlab.training.stop_signals",
    "quantlab.tables": "quantlab.notebook.tables",
    "quantlab.training": "quantlab.training.trainer",
    "quantlab.vectors": "quantlab.data.student_vectors",
}
_DOTTED = re.compile(r"\b(?:quantlab|autograder|instructor)(?:\.[A-Za-z]\w*)+")


def translate(source: str) -> str:
    """Return the code of a case with current module names, in imports and in dotted names."""
    if not any(name in NAMES for name in _names(source)):
        return source
    lines = source.splitlines(keepends=True)
    starts = [0, *accumulate(len(line.encode()) for line in lines)]
    text, end = [], 0
    content = source.encode()
    for node in sorted(_from_imports(source), key=lambda node: node.lineno):
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        begin = starts[node.lineno - 1] + node.col_offset
        text += [_DOTTED.sub(_translated, content[end:begin].decode()), _from_import(node)]
        end = starts[node.end_lineno - 1] + node.end_col_offset
    return "".join([*text, _DOTTED.sub(_translated, content[end:].decode())])


def _names(source: str) -> set[str]:
    """Return the former names that may be in the code, those of `from a import b` included."""
    imported = {f"{node.module}.{a.name}" for node in _from_imports(source) for a in node.names}
    dotted = (match.group().split(".") for match in _DOTTED.finditer(source))
    return imported.union(".".join(parts[:n]) for parts in dotted for n in range(2, len(parts) + 1))


def _from_imports(source: str) -> list[ast.ImportFrom]:
    nodes = ast.walk(ast.parse(source))
    return [node for node in nodes if isinstance(node, ast.ImportFrom) and not node.level]


def _from_import(node: ast.ImportFrom) -> str:
    """Return an import statement with current names; several joined by semicolons if need be."""
    statements: dict[str, list[ast.alias]] = {}
    for alias in node.names:
        module, name = node.module or "", alias.name
        if _exists(f"{module}.{name}"):
            pass  # the current form
        elif former := NAMES.get(f"{module}.{name}"):
            module, _, name = former.rpartition(".")
            alias = ast.alias(name, alias.asname or alias.name)  # noqa: PLW2901
            alias.asname = None if alias.asname == name else alias.asname
        else:
            module = NAMES.get(module, module)
        statements.setdefault(module, []).append(alias)
    return "; ".join(
        ast.unparse(ast.ImportFrom(module, names, 0)) for module, names in statements.items()
    )


def _translated(match: re.Match[str]) -> str:
    parts = match.group().split(".")
    for length in range(len(parts), 1, -1):
        former = ".".join(parts[:length])
        if former in NAMES and not _exists(".".join(parts[: length + 1])):
            return ".".join([NAMES[former], *parts[length:]])
    return match.group()


def _exists(name: str) -> bool:
    """Return whether a module or package has this name today."""
    path = KIT.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()
