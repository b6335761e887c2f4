"""Makes principal-components.json: vectors, and their principal components by NumPy's SVD (2.x).

    python3 make_principal_components.py > principal-components.json
"""
import json

import numpy

cases = {}
generator = numpy.random.default_rng(20)


def case(name, vectors):
    vectors = numpy.asarray(vectors, dtype=numpy.float32)
    exact = vectors.astype(numpy.float64)
    mean = exact.mean(axis=0)
    _, singular, axes = numpy.linalg.svd(exact - mean, full_matrices=False)
    axes = axes[:2]
    # The element of the greatest magnitude is positive.
    axes = axes * numpy.sign([axis[numpy.abs(axis).argmax()] for axis in axes])[:, None]
    cases[name] = {
        # The shortest decimals that give these floats.
        "vectors": [[float(str(number)) for number in vector] for vector in vectors],
        "variance": (singular**2 / (singular**2).sum())[:2].tolist(),
        "axes": axes.tolist(),
        "places": ((exact - mean) @ axes.T).tolist(),
    }


# Variances that fall slowly, as those of embeddings do, far from the origin.
case("slow", 3 + generator.standard_normal((80, 24)) * 0.85 ** numpy.arange(24) @ numpy.linalg.qr(
    generator.standard_normal((24, 24)))[0])
# Three groups.
case("groups", numpy.repeat(generator.standard_normal((3, 12)), 15, axis=0)
     + generator.standard_normal((45, 12)) / 10)
# Fewer vectors than dimensions.
case("few", generator.standard_normal((4, 20)))
# Numbers whose squares a float does not hold.
case("huge", 1e30 * generator.standard_normal((10, 3)) * [1, 2, 4])
# Two directions that are nearly as good as each other.
directions = generator.standard_normal((60, 8))
directions, _ = numpy.linalg.qr(directions - directions.mean(axis=0))
case("close", directions * [1, 0.98, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1])

print(json.dumps(cases))
