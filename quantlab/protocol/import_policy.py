"""Decide what student code can import while it is graded: Python, its packages, parts of quantlab.

The import finder here makes `import quantlab` work although the kit's folder is not on the path. It
gives a clear message for withheld modules, which hold fast versions of functions that students
write themselves. The grader's worker and a student's rehearsal both use it.
"""

import sys
import sysconfig
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType

from quantlab.paths import KIT

WITHHELD = frozenset(
    {
        "quantlab.evaluation.integer_network",
        "quantlab.arithmetic.int8_kernels",
        "quantlab.arithmetic.integer_kernels",
        "quantlab.arithmetic.exact_convolution",
    }
)
# The grader's packages that solution.py may import beside Python's own library.
PROVIDED = frozenset(
    {
        *("torch", "torchvision", "numpy", "scipy", "matplotlib", "mpl_toolkits", "PIL", "tqdm"),
        *("pyarrow", "yaml", "jinja2", "rich", "click", "msgspec", "pytest", "sympy", "networkx"),
        *("typing_extensions", "packaging", "quantlab"),
    }
)


def is_installed(module: str) -> bool:
    """Return whether `module` belongs to Python or to a package that the grader has.

    Examples:
        >>> is_installed("scipy.optimize"), is_installed("google.colab")
        (True, False)
    """
    top = module.partition(".")[0]
    return top in PROVIDED or top in sys.stdlib_module_names


def library_folders() -> tuple[Path, ...]:
    """Return the folders of Python, its packages and the system's libraries, in order."""
    paths = sysconfig.get_paths()
    return tuple(
        sorted(
            {
                *(Path(paths[key]) for key in ("stdlib", "platstdlib", "purelib", "platlib")),
                Path(sys.base_prefix, "lib"),
                *map(Path, ("/usr/lib", "/usr/lib64", "/usr/local/lib", "/lib", "/lib64")),
            }
        )
    )


def confine_imports() -> None:
    """Leave only installed packages on the path, and put quantlab's finder first.

    An editable install may have put the kit's folder, with the reference solution, on the path.
    """
    sys.path[:] = [entry for entry in sys.path if not _holds_the_course(Path(entry))]
    sys.path_importer_cache.clear()  # it remembers what folders held before they were closed
    sys.meta_path.insert(0, _GivenPackage())


def _holds_the_course(entry: Path) -> bool:
    return KIT.is_relative_to(entry.resolve())


class _GivenPackage(MetaPathFinder):
    """Find quantlab in the kit's folder, and refuse its withheld modules."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of quantlab; raise for a withheld module."""
        if name in WITHHELD:
            # without its name, or `from quantlab import integer` would put other words in its place
            raise ModuleNotFoundError(
                f"{name} is withheld while your own functions are graded; do not import it"
            )
        if name != "quantlab":
            return None
        package = KIT / "quantlab"
        return spec_from_file_location(
            name, package / "__init__.py", submodule_search_locations=[str(package)]
        )
