"""A training step as a student writes it."""

import torch
from torch.nn import functional as F

from quantlab.training.own_step import OwnStep


def training_step(network, teacher, images, labels):
    with torch.no_grad():
        target = teacher(images).softmax(1)
    logits = network(images)
    divergence = F.kl_div(logits.log_softmax(1), target, reduction="batchmean")
    return divergence + F.cross_entropy(logits, labels)


def clip_gradient(gradient, x, end):
    inside = (x >= 0) & (x <= end)
    return gradient * inside, (gradient * (x > end)).sum()


OWN = OwnStep(training_step, clip_gradient)
