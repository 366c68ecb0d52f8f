"""Show which call of a check raises an exception."""

from dataclasses import replace
from types import ModuleType

from quantlab.checking.sums import show_geometry
from quantlab.checking.wrong_part import arguments_of
from quantlab.protocol.execute import run_program
from quantlab.protocol.run_public_checks import CheckOutcome


def show_failing_call(outcome: CheckOutcome, module: ModuleType) -> list[str]:
    """Return the arguments of the call of a convolution that raises, beside those of one before.

    Nothing is returned for functions without such arguments.
    """
    number = _failing_call(outcome, module)
    geometries = [
        show_geometry(arguments_of(call, outcome.program.inputs))
        for call in outcome.program.calls[: number + 1]
    ]
    if not geometries or not geometries[-1]:
        return []
    works = f" With {geometries[-2]} it works." if number else ""
    return [f"It is the call with {geometries[-1]}.{works}"]


def _failing_call(outcome: CheckOutcome, module: ModuleType) -> int:
    """Return the number of the first call that raises, -1 if none does alone."""
    program = outcome.program
    for number in range(len(program.calls)):
        try:
            run_program(module, replace(program, calls=program.calls[: number + 1]))
        except KeyboardInterrupt:
            raise
        except BaseException:
            return number
    return -1
