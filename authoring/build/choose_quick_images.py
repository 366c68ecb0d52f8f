"""Choose the test images of `--quick`, and commit their indices.

    python -m authoring build quick-images --data cifar10

The sample is stratified and balanced:

1.  The images of each class are sorted by difficulty: the mean probability that the kit's own
    networks give the right class. These are the float network, the five saved models and the
    network of question 3.
2.  Neighbors in this order form 1,000 strata of equal size. Each stratum contributes one image,
    at first the middle one.
3.  An image is exchanged within its stratum while this reduces the sum of squared differences
    between the networks' accuracies on the sample and on all images.

The probabilities depend on the processor in their last bits, so the indices are committed. Run the
command again after replacing one of these networks. A test fails when the sample is off by more
than 0.3 points.
"""

import json
import sys

import torch
from torch import Tensor, nn

from autograder.engine.oracle import Oracle
from autograder.engine.quick_images import committed
from autograder.exit_status import USAGE
from autograder.paths import reference_models
from quantlab.atomic_files import write_text_atomically
from quantlab.data.cifar10 import DataNotFound, load_dataset
from quantlab.data.images import ImageSet, normalize
from quantlab.evaluation.integer_network import BATCH_SIZE, IntegerResNet20
from quantlab.evaluation.mixed_precision import bit_widths_network
from quantlab.formats.saved_model import BadSavedModel, load, load_float
from quantlab.network.resnet import resnet20
from quantlab.paths import CELLS, DATASETS, float_model, model_file

SAMPLE = 1_000  # images
CLASSES = 10


def kit_logits(dataset: str, data: ImageSet) -> dict[str, Tensor]:
    """Return the logits (N, 10) of each of the kit's networks on `data`.

    Raises:
        BadSavedModel, OSError: A network of the kit cannot be read.
    """
    state = load_float(float_model(dataset))
    float_network = resnet20()
    float_network.load_state_dict(state, strict=False)
    folder = reference_models(dataset)
    logits = {"float": _logits(float_network, data)}
    for cell in CELLS:
        saved = load(folder / model_file(cell))
        logits[cell] = IntegerResNet20(saved).logits(data.images)
    widths = json.loads((folder / "bit_widths.json").read_text(encoding="utf-8"))["bit_widths"]
    logits["question 3"] = _logits(bit_widths_network(state, widths, Oracle().module), data)
    return logits


def _logits(network: nn.Module, data: ImageSet) -> Tensor:
    network.to(memory_format=torch.channels_last).eval()
    with torch.inference_mode():
        return torch.cat([network(normalize(batch)) for batch in data.images.split(BATCH_SIZE)])


def choose(logits: dict[str, Tensor], labels: Tensor, sample: int = SAMPLE) -> Tensor:
    """Return the sorted indices of a sample of `sample` images, by the module docstring."""
    stacked = torch.stack([network.double() for network in logits.values()])
    right = labels.expand(len(stacked), -1).unsqueeze(2)
    easiness = stacked.softmax(2).gather(2, right).squeeze(2).mean(0)
    hits = (stacked.argmax(2) == labels).double()
    strata = _strata(easiness, labels, sample)
    chosen = torch.stack([stratum[len(stratum) // 2] for stratum in strata])
    excess = hits[:, chosen].sum(1) - hits.mean(1) * len(strata)  # of hits on the sample
    improved = True
    while improved:
        improved = False
        for number, stratum in enumerate(strata):
            others = excess - hits[:, chosen[number]]
            candidates = others.unsqueeze(1) + hits[:, stratum]
            errors = candidates.square().sum(0)
            best = int(errors.argmin())
            if errors[best] < excess.square().sum() - 1e-6:
                chosen[number], excess, improved = stratum[best], candidates[:, best], True
    return chosen.sort().values


def _strata(easiness: Tensor, labels: Tensor, sample: int) -> list[Tensor]:
    """Return `sample` groups of images of one class and of about one difficulty."""
    strata: list[Tensor] = []
    for label in range(CLASSES):
        members = (labels == label).nonzero().squeeze(1)
        members = members[easiness[members].argsort(stable=True)]
        strata += members.tensor_split(sample // CLASSES)
    return strata


def record(dataset: str, logits: dict[str, Tensor], labels: Tensor, chosen: Tensor) -> str:
    """Return the text of the file: the sample, how it was chosen, and its accuracies."""
    accuracies = {}
    for name, network in logits.items():
        hits = (network.argmax(1) == labels).double()
        accuracies[name] = {
            "all": round(100 * float(hits.mean()), 2),
            "sample": round(100 * float(hits[chosen].mean()), 2),
        }
    text = {
        "dataset": DATASETS[dataset],
        "command": f"python -m authoring build quick-images --data {dataset}",
        "torch": torch.__version__,
        "accuracies": accuracies,
    }
    head = json.dumps(text, indent=1).removesuffix("\n}")
    return f'{head},\n "images": {json.dumps(chosen.tolist())}\n}}\n'


def build_quick_images(dataset: str) -> int:
    """Choose the images of --quick and write their indices; return the exit status."""
    try:
        data = load_dataset(dataset, "test")
        logits = kit_logits(dataset, data)
        text = record(dataset, logits, data.labels, choose(logits, data.labels))
        write_text_atomically(committed(dataset), text)
    except (BadSavedModel, DataNotFound, OSError) as problem:
        print(problem, file=sys.stderr)
        return USAGE
    print(committed(dataset))
    return 0
