"""Vectors A and B: the same for the same id everywhere, with the shapes that question 1b needs."""

import hashlib

import pytest
import torch

from quantlab.data.student_vectors import student_vectors

STUDENTS = ("s1234567", "Ada Lovelace", "学生")


def moments(x: torch.Tensor) -> tuple[float, float, float]:
    """Mean in standard deviations, standard deviation, kurtosis."""
    x = x.double()
    z = (x - x.mean()) / x.std()
    return float(x.mean() / x.std()), float(x.std()), float((z**4).mean())


@pytest.mark.parametrize("student", STUDENTS)
def test_student_vectors_are_gaussian_and_heavy_tailed_off_center(student: str) -> None:
    vectors = student_vectors(student)
    assert list(vectors) == ["A", "B"]
    for vector in vectors.values():
        assert vector.shape == (100_000,)
        assert vector.dtype == torch.float32
        assert vector.isfinite().all()
        mean, deviation, _ = moments(vector)
        assert 0.23 < mean < 0.37
        assert 0.04 < deviation < 2.1
    assert 2.9 < moments(vectors["A"])[2] < 3.1
    assert moments(vectors["B"])[2] > 5.0


def test_student_vectors_have_the_quantiles_of_their_distributions() -> None:
    vectors = student_vectors(STUDENTS[0])
    levels = torch.tensor([0.75, 0.95, 0.99], dtype=torch.float64)
    # of the normal distribution, and of Student's t with 5 degrees of freedom at unit variance
    expected = {"A": [0.6745, 1.6449, 2.3263], "B": [0.5629, 1.5609, 2.6065]}
    for name, quantiles in expected.items():
        x = vectors[name].double()
        centred = (x - x.median()) / x.std()
        for sign in (1, -1):
            measured = (sign * centred).quantile(levels)
            assert measured.tolist() == pytest.approx(quantiles, rel=0.03)


def test_student_vectors_differ_between_students() -> None:
    drawn = [vector for student in STUDENTS for vector in student_vectors(student).values()]
    assert len({float(vector.std()) for vector in drawn}) == 2 * len(STUDENTS)
    correlation = torch.corrcoef(torch.stack(drawn)) - torch.eye(len(drawn))
    assert correlation.abs().max() < 0.02


def test_student_vectors_have_independent_elements() -> None:
    for vector in student_vectors(STUDENTS[0]).values():
        half = len(vector) // 2
        assert torch.corrcoef(torch.stack([vector[:half], vector[half:]]))[0, 1].abs() < 0.02
        assert torch.corrcoef(torch.stack([vector[:-1], vector[1:]]))[0, 1].abs() < 0.02
        assert vector.unique().numel() > 50_000


def test_student_vectors_are_the_same_on_every_platform() -> None:
    digests = {
        name: hashlib.sha256(vector.numpy().astype("<f4").tobytes()).hexdigest()[:16]
        for name, vector in student_vectors("s1234567").items()
    }
    assert digests == {"A": "4e996ad77d9899f3", "B": "1124f98e7dd6b35a"}


def test_student_vectors_strip_spaces_and_refuse_an_empty_id() -> None:
    assert torch.equal(student_vectors(" s1 ")["A"], student_vectors("s1")["A"])
    with pytest.raises(ValueError, match="student id is empty"):
        student_vectors("  ")
