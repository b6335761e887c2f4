import Foundation
import Synchronization
import VectorIndex
import VectorMath

/// Searches all queries with one setting, several times.
struct ANNMeasurement {
    let index: HNSWIndex
    let source: (any VectorSource)?
    let queries: VectorListFile
    let truth: VectorListFile
    /// Label L stands for row L modulo this.
    let rowCount: Int
    let k: Int
    let ef: Int
    let threads: Int
    /// Queries of one call. The latency of each is that of the call.
    var batch = 1
    let passes: Int

    func run() throws -> (ANNReport.Point, answers: [[Int32]]) {
        var best = Double.infinity
        var processor = Double.infinity
        var latencies: [Double] = []
        var results: [SearchResult] = []
        for _ in 0..<passes {
            let start = ContinuousClock.now
            let startProcessor = ProcessMemory.processorSeconds
            let pass = try onePass()
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            processor = min(processor, ProcessMemory.processorSeconds - startProcessor)
            guard seconds < best else { continue }
            best = seconds
            latencies = pass.map(\.seconds).sorted()
            results = pass.map(\.result)
        }
        let answers = results.map { result in
            let rows = result.hits.map { Int32($0.key % Int64(rowCount)) }
            return rows + [Int32](repeating: -1, count: k - rows.count)
        }
        var found = 0
        for (query, rows) in answers.enumerated() {
            found += Set(rows).intersection(truth.integers(query).prefix(k)).count
        }
        let count = Double(max(1, queries.count))
        func percentile(_ share: Double) -> Double {
            latencies.isEmpty ? 0 : latencies[Int(Double(latencies.count - 1) * share)] * 1e6
        }
        let point = ANNReport.Point(
            ef: ef, recall: Double(found) / count / Double(k), qps: count / best,
            p50Us: percentile(0.5), p99Us: percentile(0.99), maxUs: percentile(1),
            cpuUs: processor / count * 1e6,
            distances: Double(results.reduce(0) { $0 + $1.statistics.distances }) / count,
            hops: Double(results.reduce(0) { $0 + $1.statistics.hops }) / count)
        return (point, answers)
    }

    private struct Timed: Sendable {
        var result: SearchResult
        var seconds: Double
    }

    /// All queries once, shared among the threads in contiguous parts.
    private func onePass() throws -> [Timed] {
        let parts = max(1, min(threads, queries.count))
        let collected = Mutex([[Timed]](repeating: [], count: parts))
        let failure = Mutex<(any Error)?>(nil)
        let (index, source, queries, k, ef, batch) = (index, source, queries, k, ef, batch)
        WorkerThreads.run(count: parts, threads: threads) { _, part in
            var timed: [Timed] = []
            let end = queries.count * (part + 1) / parts
            do {
                for first in stride(from: queries.count * part / parts, to: end, by: batch) {
                    let rows = first..<min(end, first + batch)
                    let vectors = batch > 1 ? try queries.rows(rows) : []
                    let start = ContinuousClock.now
                    let results =
                        batch > 1
                        ? try vectors.withUnsafeBufferPointer {
                            try index.search(batch: $0, k: k, ef: ef, source: source)
                        } : [try index.search(queries.row(first), k: k, ef: ef, source: source)]
                    let elapsed = (ContinuousClock.now - start) / .seconds(1)
                    timed += results.map { Timed(result: $0, seconds: elapsed) }
                }
            } catch {
                failure.withLock { $0 = error }
            }
            let done = timed
            collected.withLock { $0[part] = done }
        }
        if let error = failure.withLock({ $0 }) { throw error }
        return collected.withLock { $0.flatMap { $0 } }
    }
}
