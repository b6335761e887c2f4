"""Peers with quantized graphs or trees for compare.py, with the settings that their authors advise.

    pip install scalable-vs scann pyvsag rabitqlib faiss-cpu

A peer's `search` takes the setting that compare.py varies, `ef`, as its own: the window of SVS, the leaves of
ScaNN, `ef_search` of VSAG, `ef` of RaBitQ. NGT's quantized graph is made by its command line only, which
the PyPI package lacks, so that it is not among them. SVS compresses vectors (LVQ) on Intel processors only;
elsewhere its fastest form is float16.
"""
import json
import os

K = 10


def size(path):
    """Bytes of a file, or of a folder's files."""
    if os.path.isfile(path):
        return os.path.getsize(path)
    return sum(os.path.getsize(f"{folder}/{name}")
               for folder, _, names in os.walk(path) for name in names)


class SVS:
    """Vamana, 64 links, alpha .95 for inner products; `variant`: f16, lvq8, lvq4x8."""

    BITS = {"lvq8": {"primary": 8}, "lvq4x8": {"primary": 4, "residual": 8}}

    def __init__(self, variant, dimensions, count):
        import svs

        self.svs, self.variant, self.dimensions = svs, variant, dimensions

    def build(self, base, threads):
        import tempfile

        import numpy as np

        svs = self.svs
        parameters = svs.VamanaBuildParameters(alpha=0.95, graph_max_degree=64, window_size=200)
        if self.variant == "f16":
            self.index = svs.Vamana.build(
                parameters, base.astype(np.float16), svs.DistanceType.MIP, num_threads=threads)
            return
        with tempfile.TemporaryDirectory() as folder:
            svs.write_vecs(base, f"{folder}/base.fvecs")
            data = svs.VectorDataLoader(
                f"{folder}/base.fvecs", svs.DataType.float32, dims=self.dimensions)
            self.index = svs.Vamana.build(
                parameters, svs.LVQLoader(data, **self.BITS[self.variant]), svs.DistanceType.MIP,
                num_threads=threads)

    def save(self, path):
        os.makedirs(path)
        self.index.save(f"{path}/config", f"{path}/graph", f"{path}/data")

    def load(self, path):
        svs = self.svs
        data = (svs.VectorDataLoader(f"{path}/data", svs.DataType.float16) if self.variant == "f16"
                else svs.LVQLoader(f"{path}/data"))
        self.index = svs.Vamana(
            f"{path}/config", svs.GraphLoader(f"{path}/graph"), data, svs.DistanceType.MIP,
            num_threads=1)

    def search(self, queries, ef):
        self.index.search_window_size = max(ef, K)
        return self.index.search(queries, K)[0]


class ScaNN:
    """A tree of about the square root of the rows, four bits for two dimensions, exact scores of 100 to 400."""

    def __init__(self, variant, dimensions, count):
        self.count = count

    def build(self, base, threads):
        from scann import scann_ops_pybind

        leaves = round(2 * self.count ** 0.5)
        self.index = (
            scann_ops_pybind.builder(base, K, "dot_product")
            .tree(num_leaves=leaves, num_leaves_to_search=leaves // 10,
                  training_sample_size=min(self.count, 250_000))
            .score_ah(2, anisotropic_quantization_threshold=0.2).reorder(100)
            .set_n_training_threads(threads).build())

    def save(self, path):
        os.makedirs(path)
        self.index.serialize(path)

    def load(self, path):
        from scann import scann_ops_pybind

        self.index = scann_ops_pybind.load_searcher(path)

    def search(self, queries, ef):
        return self.index.search_batched(
            queries, leaves_to_search=ef,
            pre_reorder_num_neighbors=100 if ef < 60 else 200 if ef < 160 else 400)[0]


class VSAG:
    """HGraph on eight-bit codes, exact scores for the last; `variant`: sq8 or sq4."""

    def __init__(self, variant, dimensions, count):
        import pyvsag

        pyvsag.set_logger_off()
        self.pyvsag, self.variant = pyvsag, variant
        self.dimensions, self.count = dimensions, count
        self.index = self.empty(1)

    def empty(self, threads):
        return self.pyvsag.Index("hgraph", json.dumps({
            "dtype": "float32", "metric_type": "ip", "dim": self.dimensions,
            "index_param": {
                "base_quantization_type": f"{self.variant}_uniform", "max_degree": 32,
                "ef_construction": 400, "use_reorder": True, "precise_quantization_type": "fp32",
                "build_thread_count": threads}}))

    def build(self, base, threads):
        import numpy as np

        self.index = self.empty(threads)
        self.index.build(
            vectors=base, ids=np.arange(self.count), num_elements=self.count, dim=self.dimensions)

    def save(self, path):
        self.index.save(path)

    def load(self, path):
        self.index.load(path)

    def search(self, queries, ef):
        parameters = json.dumps({"hgraph": {"ef_search": ef}})
        return [self.index.knn_search(vector=query, k=K, parameters=parameters)[0]
                for query in queries]


class RaBitQ:
    """`variant` hnsw7: HNSW on seven-bit codes around 16 centers; symqg: SymphonyQG, 32 links."""

    def __init__(self, variant, dimensions, count):
        import rabitqlib

        self.library, self.variant = rabitqlib, variant
        self.dimensions, self.count = dimensions, count

    def build(self, base, threads):
        if self.variant == "symqg":
            self.index = self.library.SymqgIndex(self.dimensions, 32, "ip")
            self.index.build(base, 200, num_threads=threads, init="random")
            return
        import faiss
        import numpy as np

        faiss.omp_set_num_threads(threads)
        centers = faiss.Kmeans(self.dimensions, 16, niter=10, seed=1)
        centers.train(base)
        nearest = centers.index.search(base, 1)[1][:, 0].astype(np.uint32)
        self.index = self.library.HnswIndex(self.dimensions, self.count, 16, 200, 7, "ip")
        self.index.build(base, centers.centroids, nearest, num_threads=threads)

    def save(self, path):
        self.index.save(path)

    def load(self, path):
        kind = self.library.SymqgIndex if self.variant == "symqg" else self.library.HnswIndex
        self.index = kind.load(path)

    def search(self, queries, ef):
        return self.index.search(queries, K, max(ef, K))[0]


LIBRARIES = {"svs": SVS, "scann": ScaNN, "vsag": VSAG, "rabitq": RaBitQ}
PEERS = ["svs-f16", "svs-lvq8", "svs-lvq4x8", "scann", "vsag-sq8", "rabitq-hnsw7", "rabitq-symqg"]
