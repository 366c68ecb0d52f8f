"""An interrupt in a real kernel: one sentence, and the training continues inside its epoch."""

import pytest
from desk import KIT
from kernel import student_kernel

REFERENCE = (KIT / "instructor" / "solution.py").read_text()
TRAIN = """
import os, signal, threading
plan = fine_tuning.CellPlan(2, 0.01, 16, 480)

def train(interrupt_at=None):
    def watch(step, losses):
        print("steps", step, "to", step + len(losses))
        if interrupt_at is not None and step + len(losses) >= interrupt_at:
            os.kill(os.getpid(), signal.SIGINT)
    with fast_integers_if_exact(solution):
        fine_tuning.fine_tune(
            session.float_model, solution, "W4A4", "sym", session.train, plan,
            session.checkpoints, precision="float32", watch=watch,
        )
    print("trained")
"""


@pytest.mark.long
def test_interrupted_training_says_one_sentence_and_continues(tmp_path) -> None:
    with student_kernel(tmp_path / "kit", REFERENCE) as kernel:
        kernel.run(TRAIN)
        stopped = kernel.run("train(interrupt_at=1)")
        sentence = next(line for line in stopped if line.startswith("W4A4, sym: Interrupted in"))
        assert stopped[-1] == sentence
        assert sentence.endswith("of 30. Run the cell again to continue there.")
        assert not any("Traceback" in line for line in stopped)
        step = int(sentence.split(" at step ")[1].split()[0])
        epoch = int(sentence.split(" in epoch ")[1].split()[0])
        again = [line for line in kernel.run("train()") if line.startswith(("steps", "trained"))]
        assert again[0].startswith(f"steps {30 * (epoch - 1) + step} to ")
        assert again[-1] == "trained"
