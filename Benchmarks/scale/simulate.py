"""What a collection of many passages needs, and how long its queries take: arithmetic and a small simulation.

usage: simulate.py [--passages 1e7 1e9 1e11] [--memory GIB] [--cores N] [--seed N]

The figures it starts from are measured (docs/SCALE.md says how and on what); change them here for another machine. The
simulation: queries come at random (Poisson), each asks every server, a server's connections take turns on its cores, a part of
all places is slow for a moment now and then, and an answer waits for the last server, or, with copies, for the first copy of
each. Only the standard library is needed."""

import argparse
import heapq
import math
import random

# Measured on two cores: PostgreSQL 18.6, pgvector 0.8.6, 384 dimensions, m 16, MS MARCO's passages. Bytes a passage.
GRAPH_BYTES = 1_171        # the graph over halves, which must be in memory
VECTOR_BYTES = 1_673       # vector table with its key, float32
TEXT_BYTES = 464           # passage table with its keys: compressed text of about 60 words
DOCUMENT_BYTES = 224       # documents with ids and hash, their keys and the index over metadata, of which there were none
WORD_BYTES = 252           # posting blocks, merged
# Processor time.
SEARCH_MS = (1.8, 0.4)     # one place: a + b log2(rows / 10,000), ef 100; measured to 100,000 rows
BRANCH_MS = 0.05           # planning and merging of each further place in a statement: a guess
BUILD_ROWS = 600           # rows a second and core into a graph; 1,572 at 10,000 rows, 965 at 30,000, 736 at 100,000
ENCODE = {"built-in": 17_000, "SmolLM2-135M": 1_100}  # tokens a second and core
TOKENS = 96                # tokens a passage
# Of a server.
MEMORY_SHARE = 0.7         # of memory that may hold graphs; the rest is for connections, builds and the system
ROUND_TRIP_MS = 0.5        # between machines of one room
SLOW_SHARE, SLOW_FACTOR = 0.01, 10  # one answer in a hundred takes ten times as long: checkpoints, vacuum, neighbours
SPREAD = 0.2               # standard deviation of the logarithm of a search's time, measured


def search_ms(rows):
    a, b = SEARCH_MS
    return a + b * max(0.0, math.log2(max(rows, 1) / 10_000))


class Plan:
    """How many servers and places a collection needs."""

    def __init__(self, passages, memory_gib, cores, copies, rows_a_place):
        self.passages, self.cores, self.copies = passages, cores, copies
        self.memory = memory_gib * 2**30
        graph = passages * GRAPH_BYTES
        self.servers = max(1, math.ceil(graph / (self.memory * MEMORY_SHARE)))
        wanted = math.ceil(passages / rows_a_place)
        self.places_a_server = max(1, math.ceil(wanted / self.servers))
        self.rows = passages / (self.servers * self.places_a_server)

    @property
    def bytes(self):
        return self.passages * (GRAPH_BYTES + VECTOR_BYTES + TEXT_BYTES + DOCUMENT_BYTES + WORD_BYTES)

    @property
    def query_ms(self):
        """Processor time of one server for one query: its places one after the other, in one statement."""
        return self.places_a_server * (search_ms(self.rows) + BRANCH_MS)

    @property
    def rate(self):
        """The queries a second at which every core is busy; copies share the load."""
        return self.copies * self.cores / (self.query_ms / 1000)

    def encode_hours(self, model):
        return self.passages * TOKENS / ENCODE[model] / 3600

    @property
    def build_hours(self):
        return self.passages / BUILD_ROWS / 3600


def simulate(plan, rate, queries, random_numbers, first_of_copies):
    """Latencies of queries in milliseconds.

    With copies a query asks one of each server's copies, or all of them and takes the first answer (`first_of_copies`), which
    costs as many times the work."""
    free = [[[0.0] * plan.cores for _ in range(plan.copies)] for _ in range(plan.servers)]
    mean = plan.query_ms
    latencies, clock = [], 0.0
    for _ in range(queries):
        clock += random_numbers.expovariate(rate) * 1000
        answers = []
        for server in range(plan.servers):
            copies = range(plan.copies) if first_of_copies else [random_numbers.randrange(plan.copies)]
            ends = []
            for copy in copies:
                cores = free[server][copy]
                start = max(clock, heapq.heappop(cores))
                # The sum of the places' times has less spread than each.
                spread = SPREAD / math.sqrt(plan.places_a_server)
                work = mean * random_numbers.lognormvariate(-spread * spread / 2, spread)
                if random_numbers.random() < SLOW_SHARE:
                    work *= SLOW_FACTOR
                heapq.heappush(cores, start + work)
                ends.append(start + work)
            answers.append(min(ends) - clock)
        latencies.append(max(answers) + ROUND_TRIP_MS)
    # The first tenth finds idle servers.
    return sorted(latencies[queries // 10:])


def quantile(values, share):
    return values[min(len(values) - 1, int(len(values) * share))]


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--passages", type=float, nargs="+", default=[1e7, 1e9, 1e11])
    parser.add_argument("--memory", type=float, default=256, help="GiB of a server")
    parser.add_argument("--cores", type=int, default=32)
    parser.add_argument("--rows-a-place", type=float, default=2e6)
    parser.add_argument("--queries", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(f"servers of {options.memory:.0f} GiB and {options.cores} cores, seed {options.seed}\n")
    print("| passages | disk | graphs in memory | servers | places a server | rows a place | CPU a query, all servers | q/s at most "
          "| encoding, core hours (built-in / SmolLM2) | graphs, core hours |")
    print("| ---: " * 10 + "|")
    for passages in options.passages:
        plan = Plan(passages, options.memory, options.cores, 1, options.rows_a_place)
        print(f"| {passages:.0e} | {plan.bytes / 1e12:.3g} TB | {passages * GRAPH_BYTES / 2**30:,.0f} GiB | {plan.servers:,} "
              f"| {plan.places_a_server} | {plan.rows:,.0f} | {plan.query_ms * plan.servers:,.0f} ms | {plan.rate:,.0f} "
              f"| {plan.encode_hours('built-in'):,.0f} / {plan.encode_hours('SmolLM2-135M'):,.0f} | {plan.build_hours:,.0f} |")
    print("\n| passages | servers | copies | load | asks | p50 ms | p99 ms | p99.9 ms |\n" + "| ---: " * 8 + "|")
    for passages in options.passages:
        for copies, first, load in [(1, False, .5), (1, False, .8), (2, False, .4), (2, True, .4)]:
            numbers = random.Random(options.seed)
            plan = Plan(passages, options.memory, options.cores, copies, options.rows_a_place)
            # With the first of two answers, each query costs both copies.
            rate = plan.rate * load / (copies if first else 1)
            latencies = simulate(plan, rate, options.queries, numbers, first)
            asks = "the first of both" if first else "one"
            print(f"| {passages:.0e} | {plan.servers:,} | {copies} | {load:.0%} | {asks} "
                  f"| {quantile(latencies, .5):,.1f} | {quantile(latencies, .99):,.1f} | {quantile(latencies, .999):,.1f} |")
    print("\nAll servers up, each up .999 of the time:")
    for passages in options.passages:
        plan = Plan(passages, options.memory, options.cores, 1, options.rows_a_place)
        alone, two = .999 ** plan.servers, (1 - .001 ** 2) ** plan.servers
        print(f"- {passages:.0e}: {plan.servers:,} servers: {alone:.4%} of the time; with a copy of each {two:.4%}")


if __name__ == "__main__":
    main()
