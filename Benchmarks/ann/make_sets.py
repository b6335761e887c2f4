"""Makes vectors to compare indexes on: base.fvecs, query.fvecs and the true neighbors gt.ivecs.

    python make_sets.py OUT --clusters 400 [--rows 100000] [--queries 1000] [--dimensions 384] [--seed 1]
    python make_sets.py OUT --embeddings FILE.npy [--queries 1000]

The first form makes unit vectors around cluster centers: points of a low-dimensional space, mapped by a
random two-layer network to many dimensions, which is roughly the shape of text embeddings; --noise adds
full-dimensional noise and makes the set harder. The second form takes real embeddings (`vdb embed --format npy`),
shuffles them and keeps the last ones as queries. The truth is the 10 largest inner products, by brute force.
"""
import argparse
import os

import numpy as np


def write_vectors(path, rows):
    """fvecs or ivecs: each row preceded by its length as int32."""
    words = np.empty((len(rows), rows.shape[1] + 1), np.int32)
    words[:, 0] = rows.shape[1]
    words[:, 1:] = rows.view(np.int32)
    words.tofile(path)


def clustered(count, dimensions, clusters, noise, generator):
    latent, hidden = 48, 160
    centres = generator.standard_normal((clusters, latent))
    spread = generator.uniform(0.3, 0.9, clusters)
    member = generator.integers(clusters, size=count)
    points = centres[member] + spread[member, None] * generator.standard_normal((count, latent))
    first = generator.standard_normal((latent, hidden)) / np.sqrt(latent)
    second = generator.standard_normal((hidden, dimensions)) / np.sqrt(hidden)
    vectors = np.tanh(points @ first) @ second + noise * generator.standard_normal((count, dimensions))
    return vectors.astype(np.float32)


def nearest(base, queries, k=10):
    truth = []
    for start in range(0, len(queries), 100):
        scores = queries[start:start + 100] @ base.T
        top = np.argpartition(-scores, k, axis=1)[:, :k]
        order = np.argsort(-np.take_along_axis(scores, top, 1), axis=1)
        truth.append(np.take_along_axis(top, order, 1))
    return np.concatenate(truth).astype(np.int32)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out")
    parser.add_argument("--embeddings")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=1000)
    parser.add_argument("--dimensions", type=int, default=384)
    parser.add_argument("--clusters", type=int, default=400)
    parser.add_argument("--noise", type=float, default=0.05)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    generator = np.random.default_rng(options.seed)
    if options.embeddings:
        vectors = np.load(options.embeddings).astype(np.float32)
        generator.shuffle(vectors)
    else:
        vectors = clustered(
            options.rows + options.queries, options.dimensions, options.clusters, options.noise,
            generator)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    base = np.ascontiguousarray(vectors[:-options.queries])
    queries = np.ascontiguousarray(vectors[-options.queries:])
    os.makedirs(options.out, exist_ok=True)
    write_vectors(f"{options.out}/base.fvecs", base)
    write_vectors(f"{options.out}/query.fvecs", queries)
    write_vectors(f"{options.out}/gt.ivecs", nearest(base, queries))


if __name__ == "__main__":
    main()
