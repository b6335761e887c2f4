import ArgumentParser
import Foundation
import Synchronization
import VectorIndex
import VectorMath

/// `vdb-bench vectors`: makes a set of any size to measure indexes on, in bounded memory.
struct VectorsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vectors", abstract: "Make clustered vectors, queries and their truth.",
        discussion: """
            Writes base.fvecs, query.fvecs and gt.ivecs (the 10 largest inner products, by brute \
            force) into a folder. The same options give the same bytes; a larger set begins with \
            the rows of a smaller one.
            """)

    @Argument(help: "The folder to write.") var out: String
    @Option(help: "Vectors to make.") var rows = 100_000
    @Option(help: "Queries, drawn from the same clusters.") var queries = 1000
    @Option(help: "Components of a vector.") var dimensions = 384
    @Option(help: "Clusters to draw vectors around.") var clusters = 1000
    @Option(help: "Noise in all dimensions; more is harder.") var noise: Float = 0.05
    @Option(help: "Seed of the random numbers.") var seed: UInt64 = 1
    @Option(help: "Threads to use.") var threads = 1

    private static let k = 10
    /// Vectors that a thread makes at a time.
    private static let block = 512

    func validate() throws {
        guard rows >= Self.k, queries > 0, dimensions > 0, clusters > 0, threads > 0 else {
            throw ValidationError(
                "--rows is at least \(Self.k); --queries, --dimensions, --clusters and --threads at least 1"
            )
        }
    }

    func run() throws {
        try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
        let source = ClusteredVectors(
            dimensions: dimensions, clusters: clusters, noise: noise, seed: seed)
        // Queries are rows beyond the end of any set.
        let asked = (0..<queries).map { source.row(Int(Int32.max) + $0) }
        try write(asked, to: "query.fvecs")

        FileManager.default.createFile(atPath: out + "/base.fvecs", contents: nil)
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: out + "/base.fvecs"))
        let tops = Mutex([TopHits](repeating: TopHits(limit: Self.k), count: queries))
        let blocks = (rows + Self.block - 1) / Self.block
        for start in Swift.stride(from: 0, to: blocks, by: threads) {
            let count = min(threads, blocks - start)
            let made = Mutex([[[Float]]](repeating: [], count: count))
            WorkerThreads.run(count: count, threads: threads) { _, index in
                let first = (start + index) * Self.block
                let vectors = (first..<min(rows, first + Self.block)).map(source.row)
                let best = Self.best(asked, among: vectors, from: first)
                made.withLock { $0[index] = vectors }
                tops.withLock { tops in
                    for (query, hits) in best.enumerated() {
                        hits.forEach { tops[query].insert($0) }
                    }
                }
            }
            for vectors in made.withLock({ $0 }) {
                try file.write(contentsOf: Self.bytes(of: vectors))
            }
        }
        try file.close()
        let truth = tops.withLock { tops in
            tops.map { $0.hits.sorted(by: ScoredKey.precedes).map { Int32($0.key) } }
        }
        try VectorListFile.writeIVecs(truth, to: out + "/gt.ivecs")
    }

    /// The best of a block of vectors for each query.
    private static func best(_ queries: [[Float]], among vectors: [[Float]], from first: Int)
        -> [[ScoredKey]]
    {
        let flat = vectors.flatMap { $0 }
        var scores = [Float](repeating: 0, count: vectors.count)
        let n = vectors[0].count
        return queries.map { query in
            VectorKernels.active.table.pointee.dot_f32_rows(
                query, flat, n, n, nil, vectors.count, &scores)
            var top = TopHits(limit: k)
            for (index, score) in scores.enumerated() where score >= top.bound {
                top.insert(ScoredKey(key: Int64(first + index), score: Double(score)))
            }
            return top.hits
        }
    }

    private func write(_ vectors: [[Float]], to name: String) throws {
        try Self.bytes(of: vectors).write(to: URL(fileURLWithPath: out + "/" + name))
    }

    private static func bytes(of vectors: [[Float]]) -> Data {
        var data = Data()
        for vector in vectors {
            withUnsafeBytes(of: Int32(vector.count).littleEndian) { data.append(contentsOf: $0) }
            vector.withUnsafeBytes { data.append(contentsOf: $0) }
        }
        return data
    }
}
