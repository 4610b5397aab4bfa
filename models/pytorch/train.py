"""Goes on training a facegrad weights file in PyTorch, on one GPU, on many, or on the CPU.

    python models/pytorch/train.py --weights runs/latest.safetensors --data fer2013.csv
    torchrun --nproc-per-node 8 models/pytorch/train.py --weights …

The result opens in facegrad, with the configuration inside. Data: Kaggle's fer2013.csv, or anything
written like it (columns emotion, pixels, Usage).
"""

import argparse
import csv
import json
import math
import os

import numpy
import torch
import torch.distributed as distributed
from torch import nn
from torch.nn import functional as F
from torch.nn.parallel import DistributedDataParallel

import facegrad

csv.field_size_limit(2**20)


def read_csv(path):
    """Pictures and labels by split."""
    splits = {}
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            pixels = numpy.array(row["pixels"].split(), numpy.uint8)
            pictures, labels = splits.setdefault(row["Usage"], ([], []))
            pictures.append(pixels.reshape(math.isqrt(len(pixels)), -1))
            labels.append(int(row["emotion"]))
    return {
        split: (torch.from_numpy(numpy.stack(pictures)), torch.tensor(labels))
        for split, (pictures, labels) in splits.items()
    }


def resized(pictures, size):
    pictures = pictures.float()
    if pictures.shape[1] == size:
        return pictures
    pictures = F.interpolate(pictures.unsqueeze(1), (size, size), mode="bilinear").squeeze(1)
    return (pictures + 0.5).floor().clamp(0, 255)


def augmented(pictures, settings):
    """Mirrored, turned, scaled and shifted at random; whole numbers, as preprocessing wants them."""
    count, device = len(pictures), pictures.device
    between = lambda low, high: low + (high - low) * torch.rand(count, device=device)
    turn = settings.get("rotation", 10) * math.pi / 180
    shift = 2 * settings.get("shift", 0.08)
    angle, scale = between(-turn, turn), between(*settings.get("scale", [0.9, 1.1]))
    mirror = 1 - 2 * (between(0, 1) < settings.get("mirror", 0.5)).float()
    cos, sin = angle.cos() / scale, angle.sin() / scale
    rows = [
        torch.stack([mirror * cos, -sin, between(-shift, shift)], 1),
        torch.stack([mirror * sin, cos, between(-shift, shift)], 1),
    ]
    grid = F.affine_grid(torch.stack(rows, 1), [count, 1, *pictures.shape[1:]], align_corners=False)
    moved = F.grid_sample(pictures.unsqueeze(1), grid, padding_mode="border", align_corners=False)
    return (moved.squeeze(1) + 0.5).floor().clamp(0, 255)


def class_weights(rule, counts):
    """alpha per class, with a mean of 1 over the training pictures."""
    if isinstance(rule, list):
        return torch.tensor(rule)
    counts = counts.clamp(min=1).float()
    weights = {
        "none": torch.ones_like(counts),
        "sqrt": counts.rsqrt(),
        "inverse": 1 / counts,
        "effective": (1 - 0.999) / (1 - 0.999**counts),
    }[rule]
    return weights * counts.sum() / (weights * counts).sum()


def focal_loss(scores, labels, alpha, gamma):
    log = scores.log_softmax(1).gather(1, labels.view(-1, 1)).squeeze(1)
    return (-alpha[labels] * (1 - log.exp()) ** gamma * log).mean()


def accuracy(network, pictures, labels, batch, device):
    network.eval()
    right = 0
    for begin in range(0, len(labels), batch):
        some = resized(pictures[begin : begin + batch].to(device), network.config["size"])
        right += (network.predict(some).argmax(1).cpu() == labels[begin : begin + batch]).sum().item()
    network.train()
    return right / len(labels)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--weights", required=True, help="the file to go on from")
    parser.add_argument("--data", required=True, help="fer2013.csv")
    parser.add_argument("--out", default="pytorch.safetensors")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--batch", type=int, default=64, help="on each GPU")
    parser.add_argument("--rate", type=float, default=3e-4)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    rank, many = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    cuda = torch.cuda.is_available()
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0))) if cuda else torch.device("cpu")
    if cuda:
        torch.cuda.set_device(device)
    if many > 1:
        distributed.init_process_group("nccl" if cuda else "gloo")
    torch.manual_seed(options.seed + rank)

    network, metadata = facegrad.load(options.weights)
    if network.mode == "sequence":
        raise SystemExit("this script trains on single pictures, and the network reads sequences")
    network.to(device).train()
    trained = network
    if many > 1:
        if cuda:
            trained = nn.SyncBatchNorm.convert_sync_batchnorm(network)
        trained = DistributedDataParallel(trained, device_ids=[device.index] if cuda else None)

    settings = json.loads(metadata.get("training", "{}"))
    loss = {"gamma": 2, "alpha": "sqrt", **settings.get("loss", {})}
    splits = read_csv(options.data)
    pictures, labels = splits["Training"]
    held = splits.get("PublicTest")
    counts = torch.bincount(labels, minlength=len(network.config["classes"]))
    alpha = class_weights(loss["alpha"], counts).to(device)
    optimizer = torch.optim.AdamW(trained.parameters(), options.rate, weight_decay=1e-4)
    steps = options.epochs * max(1, len(labels) // (options.batch * many))
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    best = -1.0
    for epoch in range(1, options.epochs + 1):
        # Every process draws the same order, and takes its share of it.
        order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(options.seed + epoch))
        share = order[: len(order) // many * many][rank::many]
        total = 0.0
        for begin in range(0, max(1, len(share) - options.batch + 1), options.batch):
            chosen = share[begin : begin + options.batch]
            some = resized(pictures[chosen].to(device), network.config["size"])
            frames = network.config["frames"]["count"] if network.mode == "views" else 1
            some = augmented(some.repeat(frames, 1, 1), settings.get("augmentation", {}))
            scores = trained(network.preprocess(some))
            value = focal_loss(scores, labels[chosen].to(device), alpha, loss["gamma"])
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
            schedule.step()
            total += value.item() * len(chosen)
        if rank == 0:
            score = accuracy(network, *held, options.batch, device) if held else -total
            told = f", accuracy on PublicTest {100 * score:.2f} %" if held else ""
            print(f"epoch {epoch}: loss {total / len(share):.4f}{told}", flush=True)
            if epoch == 1 or score > best:
                best = score
                provenance = json.loads(metadata.get("provenance", "{}"))
                provenance["continued"] = f"PyTorch {torch.__version__}, epoch {epoch}"
                facegrad.save(
                    options.out, network, {**metadata, "provenance": json.dumps(provenance)}
                )
    if many > 1:
        distributed.destroy_process_group()


if __name__ == "__main__":
    main()
