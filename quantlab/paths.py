"""Paths of the kit's files, and the names of its data sets and of the cells of Table 1."""

from pathlib import Path

KIT = Path(__file__).resolve().parents[1]
DATASETS = {"cifar10": "CIFAR-10", "shapes10": "Shapes-10"}  # name: title
CELLS = ("W8A8", "W4A4", "W8A2", "W2A8", "W2A2")  # bit widths of weights and activations, Table 1


def float_model(dataset: str, kit: Path = KIT) -> Path:
    """Return the path of the kit's float ResNet-20 for a data set.

    Examples:
        >>> float_model("cifar10").name
        'resnet20_cifar10.pt'
    """
    return kit / "checkpoints" / f"resnet20_{dataset}.pt"


def model_file(cell: str) -> str:
    """Return the name of the saved model of a cell of Table 1.

    Examples:
        >>> model_file("W8A8")
        'ResNet20_W8A8.pt'
    """
    return f"ResNet20_{cell}.pt"


def cell_bits(cell: str) -> tuple[int, int]:
    """Return the bits of weights and activations of a cell of Table 1.

    Raises:
        ValueError: Table 1 has no such cell.

    Examples:
        >>> cell_bits("W2A8")
        (2, 8)
    """
    if cell not in CELLS:
        raise ValueError(f"There is no cell {cell!r} in Table 1: choose from {', '.join(CELLS)}.")
    return int(cell[1]), int(cell[3])
