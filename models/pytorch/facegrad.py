"""facegrad's network `cnn-lstm` as a torch.nn.Module that reads and writes facegrad's weights files.

    network, facts = load("models/small.safetensors")
    probabilities = network.predict(pictures)        # bytes [N, size, size] -> [N, classes]
    save("mine.safetensors", network, facts)

Runs on PyTorch 1.13 and later with numpy, and needs nothing else. Preprocessing is here too, in whole numbers
where facegrad's is, so that both see the same pictures.
"""

import json
import math
import struct

import numpy
import torch
from torch import nn
from torch.nn import functional as F

TYPES = {"F32": numpy.float32, "F16": numpy.float16}
EQUALIZATION = {
    "paper": {"v": 0.5, "r": 1, "pl": 1e-4},
    "wthe": {"v": 0.5, "r": 0.5, "pl": 1e-4},
    "he": {"v": 1, "r": 1, "pl": 0},
    "opencv": {"v": 1, "r": 1, "pl": 0, "fromLowest": True},
}


# Weights files


def read_safetensors(path):
    """The tensors of a file as float32 by name, and its metadata."""
    with open(path, "rb") as file:
        content = file.read()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        if entry["dtype"] not in TYPES:
            raise ValueError(f"{path}: {name} is {entry['dtype']}, wanted F32 or F16")
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        numbers = numpy.frombuffer(content[begin:end], TYPES[entry["dtype"]])
        tensors[name] = torch.from_numpy(numbers.astype(numpy.float32).reshape(entry["shape"]))
    return tensors, metadata


def write_safetensors(path, tensors, metadata):
    header, parts, offset = {"__metadata__": metadata}, [], 0
    for name, tensor in tensors.items():
        part = tensor.detach().cpu().float().contiguous().numpy().tobytes()
        span = [offset, offset + len(part)]
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": span}
        parts.append(part)
        offset += len(part)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(parts))


def load(path):
    """The network of a weights file, in evaluation mode, and the file's metadata."""
    tensors, metadata = read_safetensors(path)
    if "model" not in metadata:
        raise ValueError(f"{path} holds no network configuration: it was not written by facegrad")
    config = json.loads(metadata["model"])
    if config.get("name", "cnn-lstm") != "cnn-lstm":
        raise ValueError(f"{path} holds a network {config['name']}; here is only cnn-lstm")
    network = CnnLstm(config)
    missing, unexpected = network.load_state_dict(tensors, strict=False)
    missing = [name for name in missing if not name.endswith("num_batches_tracked")]
    if missing or unexpected:
        raise ValueError(f"{path} does not fit: missing {missing}, unexpected {unexpected}")
    return network.eval(), metadata


def save(path, network, metadata):
    """Writes a file that facegrad opens; `metadata` is what `load` gave."""
    tensors = {
        name: tensor
        for name, tensor in network.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    write_safetensors(path, tensors, {**metadata, "model": json.dumps(network.config)})


# The network


class Block(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 5, padding=2, bias=False)
        self.bn = nn.BatchNorm2d(outputs)

    def forward(self, x):
        return F.max_pool2d(F.relu(self.bn(self.conv(x))), 2)


class Stream(nn.Module):
    def __init__(self, config):
        super().__init__()
        channels = [1, *config["widths"]]
        self.blocks = len(config["widths"])
        for i in range(self.blocks):
            self.add_module(f"block{i + 1}", Block(channels[i], channels[i + 1]))
        side = config["size"] // 2**self.blocks
        self.fc = nn.Linear(channels[-1] * side * side, config["dense"])
        self.dropout = nn.Dropout(config["dropout"])

    def forward(self, x):
        for i in range(self.blocks):
            x = getattr(self, f"block{i + 1}")(x)
        return self.dropout(F.relu(self.fc(x.flatten(1))))


class CnnLstm(nn.Module):
    """Standardized streams [G, T * N, size, size] (frame t of sample n at t * N + n) -> class scores [N, classes]."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        dense, hidden = config["dense"], config["hidden"]
        self.streams = nn.ModuleDict({kind: Stream(config) for kind in config["streams"]})
        fused = dense if self.mode == "streams" else dense * len(self.streams)
        if config["fusion"] == "lstm":
            self.lstm = nn.LSTM(fused, hidden)
        else:
            self.fusion = nn.Linear(fused, hidden)
        self.classifier = nn.Linear(hidden, len(config["classes"]))

    @property
    def mode(self):
        return self.config["frames"]["mode"]

    def forward(self, x, lengths=None):
        """`lengths`: frames of each sequence, where some are shorter."""
        features = [stream(part.unsqueeze(1)) for stream, part in zip(self.streams.values(), x)]
        if self.config["fusion"] == "concat":
            return self.classifier(F.relu(self.fusion(torch.cat(features, 1))))
        if self.mode == "streams":
            steps = torch.stack(features)
        else:
            frames = self.config["frames"]["count"]
            fused = torch.cat(features, 1)
            steps = fused.view(frames, -1, fused.shape[1])
        hidden, _ = self.lstm(steps)
        if lengths is None:
            return self.classifier(hidden[-1])
        return self.classifier(hidden[lengths - 1, torch.arange(len(lengths), device=x.device)])

    def preprocess(self, pictures):
        """Bytes or whole numbers [N, S, S] -> standardized streams [G, N, S, S]."""
        pictures = pictures.to(torch.float32)
        size = self.config["size"]
        if pictures.shape[1] != size or pictures.shape[2] != size:
            raise ValueError(f"pictures of {size}x{size} are wanted, not {tuple(pictures.shape[1:])}")
        settings = self.config.get("preprocess", {})
        return torch.stack(
            [standardize(stream(pictures, kind, settings)) for kind in self.config["streams"]]
        )

    @torch.no_grad()
    def predict(self, pictures):
        """Class probabilities of pictures [N, S, S], or of the frames [T * N, S, S] of sequences."""
        if self.mode == "views":
            pictures = pictures.repeat(self.config["frames"]["count"], 1, 1)
        return self(self.preprocess(pictures)).softmax(1)


# Preprocessing: of pictures as float32 [N, H, W] of whole numbers 0 to 255


def standardize(x):
    mean = x.mean((1, 2), keepdim=True)
    variance = x.var((1, 2), unbiased=False, keepdim=True)
    return (x - mean) / (variance + 1).sqrt()


def stream(pictures, kind, settings):
    if kind == "raw":
        return pictures
    if kind == "equalized":
        chosen = settings.get("equalization", {"preset": "paper"})
        return equalize(pictures, **EQUALIZATION.get(chosen.get("preset"), chosen))
    return enhance_edges(pictures, settings.get("edges", {}))


def equalize(pictures, v, r, pl, fromLowest=False):
    """Weighted thresholded histogram equalization; thresholds are float32, as on them hangs how a weight rounds."""
    done = [equalize_one(picture, v, r, pl, fromLowest) for picture in pictures.cpu().numpy()]
    return torch.from_numpy(numpy.stack(done)).to(pictures.device)


def equalize_one(picture, v, r, pl, from_lowest):
    single = numpy.float32
    levels = picture.astype(numpy.int64)
    counts = numpy.bincount(levels.ravel(), minlength=256)
    upper = single(single(v) * single(counts.max()))
    lower = single(pl * levels.size)
    weights = numpy.zeros(256, numpy.int64)
    if upper > lower:
        used = (counts > 0) & (counts >= lower)
        excess = numpy.minimum(counts.astype(single), upper) - lower
        if r == 1:
            scaled = excess.astype(numpy.float64) * 2 ** math.floor(math.log2(2**23 / levels.size))
        else:
            scaled = numpy.maximum(excess / (upper - lower), 0) ** r * 16384
        weights[used] = numpy.rint(scaled[used])
    total = weights.sum()
    if (weights == total).any():
        return picture
    off = weights[weights > 0][0] if from_lowest else 0
    rest = total - off
    table = (510 * numpy.maximum(0, weights.cumsum() - off) + rest) // (2 * rest)
    return table[levels].astype(single)


def enhance_edges(pictures, given):
    size = min(pictures.shape[1:])
    settings = {
        "mode": "sharpen",
        "chamfer": "3-4",
        "radius": min(20, max(1, size / 16)),
        "lambda": 1.5,
        "sigma": min(8, max(0.5, size / 48)),
        "highPercentile": min(0.95, max(0.8, 1 - 9.6 / size)),
        "lowRatio": 0.4,
        **given,
    }
    edges = canny(pictures, settings["highPercentile"], settings["lowRatio"])
    euclidean, chamfer = distances(edges, settings["chamfer"])
    weight = (1 - (euclidean + chamfer) / 2 / settings["radius"]).clamp(min=0)
    if settings["mode"] == "map":
        return (255 * weight + 0.5).floor()
    reach = min(24, math.ceil(3 * settings["sigma"]))
    offsets = torch.arange(-reach, reach + 1, dtype=torch.float64, device=pictures.device)
    gauss = (-(offsets**2) / (2 * settings["sigma"] ** 2)).exp()
    gauss = gauss / gauss.sum()
    x = pictures.double()
    blurred = separable(x, gauss, gauss)
    return ((x + settings["lambda"] * weight * (x - blurred)).clamp(0, 255) + 0.5).floor().float()


def separable(x, horizontal, vertical):
    """Both filters over pictures that go on as their outermost pixels."""
    across, down = len(horizontal) // 2, len(vertical) // 2
    x = F.pad(x.unsqueeze(1), (across, across, down, down), mode="replicate")
    x = F.conv2d(x, horizontal.view(1, 1, 1, -1))
    return F.conv2d(x, vertical.view(1, 1, -1, 1)).squeeze(1)


def canny(pictures, high_percentile, low_ratio):
    """Canny's edges in whole numbers; float64 holds all of them exactly."""
    count, height, width = pictures.shape
    x = pictures.double()
    row = lambda *numbers: torch.tensor(numbers, dtype=torch.float64, device=x.device)
    # Blur and Sobel as one filter of 7: the picture goes on as its outermost pixels for both.
    smooth = convolve(row(1, 4, 6, 4, 1), row(1, 2, 1))
    step = convolve(row(1, 4, 6, 4, 1), row(-1, 0, 1))
    gx = (separable(x, step, smooth) / 8).trunc()
    gy = (separable(x, smooth, step) / 8).trunc()
    squares = gx * gx + gy * gy
    ax, ay = gx.abs() * 13573, gy.abs() * 32768
    sector = torch.where((gx < 0) == (gy < 0), 1, 3)
    sector = torch.where(ay > gx.abs() * 79109, 2, sector)
    sector = torch.where(ay < ax, 0, sector)

    rank = max(1, math.ceil(high_percentile * height * width))
    high = squares.flatten(1).sort(1).values[:, rank - 1].clamp(min=1)
    unit = 2 ** (high.log2().floor() - 5).clamp(min=0)
    high = ((high / unit).floor() * unit).view(-1, 1, 1)
    low = (high * math.floor(low_ratio**2 * 65536 + 0.5) / 65536).floor().clamp(min=1)
    around = F.pad(squares, (1, 1, 1, 1))
    at = lambda dx, dy: around[:, 1 + dy : 1 + dy + height, 1 + dx : 1 + dx + width]
    candidate = torch.zeros_like(squares, dtype=torch.bool)
    for number, (dx, dy) in enumerate([(-1, 0), (-1, -1), (0, -1), (1, -1)]):
        peak = (squares > at(dx, dy)) & (squares >= at(-dx, -dy))
        candidate |= (sector == number) & peak & (squares >= low)
    edges = candidate & (squares >= high)
    while True:
        grown = F.max_pool2d(edges.float().unsqueeze(1), 3, 1, 1).squeeze(1) > 0
        grown &= candidate
        if (grown == edges).all():
            return edges
        edges = grown


def convolve(a, b):
    out = torch.zeros(len(a) + len(b) - 1, dtype=a.dtype, device=a.device)
    for i, factor in enumerate(b):
        out[i : i + len(a)] += factor * a
    return out


def distances(edges, mask):
    """Euclidean and chamfer distance to the nearest edge pixel; H + W where there are no edges."""
    _, height, width = edges.shape
    rows = torch.arange(height, device=edges.device)
    columns = torch.arange(width, device=edges.device)
    euclidean, chamfer = [], []
    for picture in edges:
        apart = (rows.view(-1, 1) - rows).abs().unsqueeze(2)  # [y, v, 1]
        vertical = torch.where(picture, apart, 10**6).amin(1).double()  # [y, u]
        dx = (columns.view(-1, 1) - columns).abs().double()  # [x, u]
        dx, dy = dx.unsqueeze(0), vertical.unsqueeze(1)  # [y, x, u] together
        found = picture.any()
        nothing = torch.full_like(vertical, height + width)
        euclidean.append(torch.where(found, (dx * dx + dy * dy).amin(2).sqrt(), nothing))
        most, least = torch.maximum(dx, dy), torch.minimum(dx, dy)
        chamfer.append(torch.where(found, steps(most, least, mask).amin(2), nothing))
    return torch.stack(euclidean), torch.stack(chamfer)


def steps(most, least, mask):
    """Length of the shortest way of a mask's steps over `most` pixels along and `least` across."""
    if mask == "1-1":
        return most
    if mask == "3-4":
        return (3 * (most - least) + 4 * least) / 3
    knight = torch.minimum(least, most - least)
    return (11 * knight + 7 * (least - knight) + 5 * (most - knight - least)) / 5
