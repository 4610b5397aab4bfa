"""PyTorch on the CPU, for bench/peers/pytorch.ts: answers messages from stdin on stdout.

A message is a length (8 bytes, little endian) and a safetensors file of so many bytes: tensors by name, and in
its metadata what is wanted, as strings.
"""

import json
import os
import struct
import sys

import torch
import torch.nn.functional as F
from torch.nn.grad import conv2d_input, conv2d_weight


def decode(file):
    (length,) = struct.unpack_from("<Q", file)
    header = json.loads(file[8 : 8 + length])
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        flat = torch.frombuffer(file, dtype=torch.float32, count=(end - begin) // 4, offset=8 + length + begin)
        tensors[name] = flat.reshape(entry["shape"]).clone()
    return metadata, tensors


def encode(metadata, tensors):
    header, parts, offset = {"__metadata__": metadata}, [], 0
    for name, tensor in tensors.items():
        data = tensor.detach().contiguous().numpy().tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [offset, offset + len(data)]}
        parts.append(data)
        offset += len(data)
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + b"".join(parts)


def forward(layers, p, pictures, training):
    """Class scores of a network that bench/versus/layers.ts describes."""

    def run(layers, x):
        for layer in layers:
            x = apply(layer, x)
        return x

    def apply(layer, x):
        def own(what):
            return p[f"{layer['name']}.{what}"]

        op = layer["op"]
        if op == "conv":
            padding = (layer["weight"][2] - 1) // 2
            return F.conv2d(x, own("weight"), None, layer["stride"], padding, 1, layer["groups"])
        if op == "batchNorm":
            statistics = (None, None) if training else (own("running_mean"), own("running_var"))
            return F.batch_norm(x, *statistics, own("weight"), own("bias"), training)
        if op == "relu":
            return F.relu(x)
        if op == "maxPool":
            return F.max_pool2d(x, 2)
        if op == "averagePool":
            return F.adaptive_avg_pool2d(x, 1)
        if op == "flatten":
            return x.flatten(1)
        if op == "dropout":
            return x
        if op == "linear":
            return F.linear(x, own("weight"), own("bias"))
        if op == "lstm":
            weights = [own(f"{part}_l0") for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
            return recur(x[None], weights)
        if op == "residual":
            return F.relu(run(layer["shortcut"], x) + run(layer["body"], x))
        if op == "streams":
            return torch.cat([run(stream, picture) for stream, picture in zip(layer["streams"], pictures)], 1)
        raise ValueError(op)

    return run(layers, pictures[0])


def recur(x, weights):
    """The last output of an LSTM that starts from zero."""
    zero = x.new_zeros(1, x.shape[1], weights[1].shape[1])
    return torch.lstm(x, (zero, zero), weights, True, 1, 0.0, False, False, False)[1][0]


def pictures_of(tensors):
    return [tensors.pop(name) for name in sorted(tensors) if name.startswith("picture ")]


def train(problem, tensors):
    pictures = pictures_of(tensors)
    labels = torch.tensor(problem["labels"])
    trained = [t.requires_grad_() for name, t in tensors.items() if "running_" not in name]
    optimizer = torch.optim.Adam(trained, problem["learningRate"])
    losses = []

    def run():
        optimizer.zero_grad()
        log_p = F.log_softmax(forward(problem["layers"], tensors, pictures, True), 1)
        log_p = log_p.gather(1, labels[:, None])[:, 0]
        loss = -((1 - log_p.exp()) ** problem["focus"] * log_p).mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())

    return run, lambda: {"loss": torch.stack(losses)}


def infer(problem, tensors):
    pictures = pictures_of(tensors)
    result = {}

    def run():
        with torch.no_grad():
            result["logits"] = forward(problem["layers"], tensors, pictures, False)

    return run, lambda: result


def layer(problem, t):
    base, _, what = problem["op"].partition(" ")
    dy = t.pop("dy", None)
    depthwise = base.startswith("depthwise")
    result = {}
    if base in ("max_pool", "batch_norm", "dense", "lstm"):
        f = {
            "max_pool": lambda x: F.max_pool2d(x, 2),
            "batch_norm": lambda x, gamma, beta: F.batch_norm(x, None, None, gamma, beta, True),
            "dense": F.linear,
            "lstm": lambda x, ih, hh, bias: recur(x, [ih, hh, bias, torch.zeros_like(bias)]),
        }[base]
        names, values = list(t), list(t.values())

        def compute():
            if not what:
                return {"y": f(*values)}
            y = f(*[value.requires_grad_() for value in values])
            gradients = torch.autograd.grad(y, values, dy)
            return {f"d{name}": gradient for name, gradient in zip(names, gradients)}

    else:
        groups = (t["x"] if dy is None else dy).shape[1] if depthwise else 1
        taps = int(base[-1])
        options = {"padding": (taps - 1) // 2, "groups": groups}

        def compute():
            if not what:
                return {"y": F.conv2d(t["x"], t["weight"], **options)}
            if what == "dx":
                shape = [dy.shape[0], t["weight"].shape[1] * groups, *dy.shape[2:]]
                return {"dx": conv2d_input(shape, t["weight"], dy, **options)}
            shape = [dy.shape[1], t["x"].shape[1] // groups, taps, taps]
            return {"dweight": conv2d_weight(t["x"], shape, dy, **options)}

    return lambda: result.update(compute()), lambda: result


def main():
    torch.set_num_threads(os.cpu_count())
    kinds = {"train": train, "infer": infer, "layer": layer}
    run = outputs = None
    stdin, stdout = sys.stdin.buffer, sys.stdout.buffer
    while prefix := stdin.read(8):
        (length,) = struct.unpack("<Q", prefix)
        metadata, tensors = decode(bytearray(stdin.read(length)))
        answer, results = {}, {}
        try:
            if metadata["do"] == "prepare":
                problem = json.loads(metadata["problem"])
                run, outputs = kinds[problem["kind"]](problem, tensors)
            elif metadata["do"] == "run":
                run()
            elif metadata["do"] == "outputs":
                results = outputs()
            elif metadata["do"] == "dispose":
                run = outputs = None
        except Exception as error:
            answer["error"] = f"{type(error).__name__}: {error}"
        file = encode(answer, results)
        stdout.write(struct.pack("<Q", len(file)) + file)
        stdout.flush()


main()
