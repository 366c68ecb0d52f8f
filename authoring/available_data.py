"""Choose the data set that is on this machine, and say which."""

from quantlab.data.cifar10 import candidate_roots, cifar10_root


def available_dataset(wanted: str = "cifar10") -> str:
    """Return `wanted`, or "shapes10" where CIFAR-10 is not on this machine, and print it."""
    if wanted != "cifar10":
        return wanted
    if cifar10_root("test") and cifar10_root("train"):
        print("Data: CIFAR-10, 10,000 test images.")
        return "cifar10"
    folders = " and ".join(str(folder) for folder in candidate_roots())
    print(f"Data: Shapes-10, drawn by the kit; CIFAR-10 is not in {folders}.")
    return "shapes10"
