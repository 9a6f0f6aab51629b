"""DAGMM in PyTorch, for comparison of speed: one thread, float32, eager and jit.

Prints one line per case: name, nanoseconds, how it was run. Each is the least of
several repetitions.
"""

import math
import sys
import time

import torch
from torch import nn

torch.set_num_threads(1)

RIDGE = 1e-6


class Net(nn.Module):
    """Compression and estimation network; forward returns the training objective."""

    def __init__(self, sizes, components):
        super().__init__()
        self.encoder = stack(sizes)
        self.decoder = stack(sizes[::-1])
        self.estimation = nn.Sequential(
            nn.Linear(sizes[-1] + 2, 10), nn.Tanh(), nn.Dropout(0.5), nn.Linear(10, components), nn.Softmax(1)
        )

    def latent(self, x):
        code = self.encoder(x)
        y = self.decoder(code)
        difference = x - y
        nx, ny = x.norm(dim=1).clamp_min(1e-6), y.norm(dim=1).clamp_min(1e-6)
        distance = difference.norm(dim=1) / nx
        cosine = (x * y).sum(1) / (nx * ny)
        z = torch.cat([code, distance.unsqueeze(1), cosine.unsqueeze(1)], 1)
        return z, (difference * difference).sum(1).mean()

    def forward(self, x):
        z, reconstruction = self.latent(x)
        gamma = self.estimation(z)
        weight = gamma.sum(0)
        mean = gamma.t() @ z / weight.unsqueeze(1)
        centred = z.unsqueeze(0) - mean.unsqueeze(1)  # K×n×d
        covariance = (gamma.t().unsqueeze(2) * centred).transpose(1, 2) @ centred / weight.view(-1, 1, 1)
        covariance = covariance + RIDGE * torch.eye(z.shape[1])
        factor = torch.linalg.cholesky(covariance)
        energy = energies(weight / x.shape[0], centred, factor).mean()
        penalty = (1 / torch.diagonal(covariance, dim1=1, dim2=2)).sum()
        return reconstruction + 0.1 * energy + 0.005 * penalty


def energies(phi, centred, factor):
    white = torch.linalg.solve_triangular(factor, centred.transpose(1, 2), upper=False)
    logdet = 2 * torch.diagonal(factor, dim1=1, dim2=2).log().sum(1)
    d = centred.shape[2]
    logs = phi.log().unsqueeze(1) - 0.5 * ((white * white).sum(1) + logdet.unsqueeze(1) + d * math.log(2 * math.pi))
    return -torch.logsumexp(logs, 0)


def stack(sizes):
    layers = []
    for i in range(len(sizes) - 1):
        layers.append(nn.Linear(sizes[i], sizes[i + 1]))
        if i < len(sizes) - 2:
            layers.append(nn.Tanh())
    return nn.Sequential(*layers)


class Scorer(nn.Module):
    """Scaling, network and a fixed mixture: from raw rows to energies."""

    def __init__(self, net, rows):
        super().__init__()
        self.net = net
        self.center, self.scale = rows.mean(0), rows.std(0)
        with torch.no_grad():
            z, _ = net.latent((rows - self.center) / self.scale)
            self.phi = torch.tensor([0.6, 0.4])
            self.mean = torch.stack([z.mean(0), z.mean(0) + 0.1])
            centred = z - z.mean(0)
            covariance = centred.t() @ centred / len(z) + 1e-3 * torch.eye(z.shape[1])
            inverse = torch.linalg.inv(torch.linalg.cholesky(covariance))
            self.inverse = torch.stack([inverse, inverse * 0.9])
            logdet = -2 * torch.diagonal(self.inverse, dim1=1, dim2=2).log().sum(1)
            self.weight = self.phi.log() - 0.5 * (logdet + z.shape[1] * math.log(2 * math.pi))

    def forward(self, x):
        z, _ = self.net.latent((x - self.center) / self.scale)
        centred = z.unsqueeze(0) - self.mean.unsqueeze(1)
        white = centred @ self.inverse.transpose(1, 2)
        return -torch.logsumexp(self.weight.unsqueeze(1) - 0.5 * (white * white).sum(2), 0)


def fastest(run, seconds):
    """Least time of one call, after warming up."""
    for _ in range(5):
        run()
    best, end = math.inf, time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - start)
    return best * 1e9


def step(net, module, x, foreach):
    optimiser = torch.optim.Adam(net.parameters(), lr=1e-4, foreach=foreach)

    def run():
        optimiser.zero_grad(set_to_none=True)
        module(x).backward()
        optimiser.step()

    return run


def report(name, runs, seconds):
    times = {how: fastest(run, seconds) for how, run in runs.items()}
    how = min(times, key=times.get)
    print(name, times[how], how, flush=True)


def training(name, sizes, components, batch, seconds):
    torch.manual_seed(1)
    x, net = torch.randn(batch, sizes[0]), Net(sizes, components)
    traced = torch.jit.trace(net, x, check_trace=False)
    runs = {}
    for foreach in (False, True):
        how = ", foreach" if foreach else ""
        runs["eager" + how] = step(net, net, x, foreach)
        runs["jit" + how] = step(net, traced, x, foreach)
    report(name, runs, seconds)


def scoring(seconds):
    torch.manual_seed(1)
    rows = torch.randn(100000, 4) * 10 + 50
    scorer = Scorer(Net([4, 12, 4, 1], 2), rows[:1000]).eval()
    with torch.no_grad():
        for name, x, chunks in (("Energy4D", rows[:1], (1,)), ("Energies4D", rows, (1000, 10000, 100000))):
            traced = torch.jit.freeze(torch.jit.trace(scorer, rows[:1000], check_trace=False))
            runs = {}
            for how, module in (("eager", scorer), ("jit", traced)):
                for chunk in chunks:
                    parts = x.split(chunk)
                    runs[f"{how}, {chunk} rows a call"] = lambda m=module, p=parts: [m(part) for part in p]
            report(name, runs, seconds)


def check_blas():
    """Debian's PyTorch takes the system's BLAS, and the reference one is ten times slower."""
    a = torch.randn(512, 512)
    if fastest(lambda: a @ a, 0.2) > 20e6:
        sys.exit("PyTorch has no optimised BLAS here (Debian: apt-get install libopenblas0-pthread)")


def main():
    check_blas()
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 0.5
    print("version", torch.__version__, flush=True)
    training("Step/d4_batch128", [4, 12, 4, 1], 2, 128, seconds)
    training("Step/d4_batch1000", [4, 12, 4, 1], 2, 1000, seconds)
    training("Step/d118_batch1024", [118, 60, 30, 10, 1], 4, 1024, seconds)
    scoring(seconds)


main()
