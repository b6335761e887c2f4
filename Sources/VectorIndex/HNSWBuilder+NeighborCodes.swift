import FileFormat
import VectorMath

extension HNSWBuilder {
    /// Nodes whose records are made at once, before they are written.
    private static let recordsAtOnce = 4096
    /// The nearest neighbors of neighbors, among which further links are chosen.
    private static let fillCandidates = 64

    /// Writes the records of `NeighborCodes` in the order of the file.
    func writeNeighborCodes(
        of order: [UInt32], through position: [UInt32], threads: Int,
        to writer: inout IndexFileWriter
    ) throws(IndexError) {
        let layout = NeighborCodes.Layout(parameters)
        let threads = max(1, threads)
        let team = Team(
            workers: workers(threads),
            encoders: (0..<threads).map { _ in NeighborCodesEncoder(parameters) })
        let records = AlignedMemory(byteCount: Self.recordsAtOnce * layout.stride)
        writer.beginSection()
        for start in stride(from: 0, to: order.count, by: Self.recordsAtOnce) {
            let slots = order[start..<min(order.count, start + Self.recordsAtOnce)]
            let bytes = slots.count * layout.stride
            records.base.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
            nonisolated(unsafe) let (graph, rows) = (storage.graph, storage.vectorRows)
            WorkerThreads.run(count: slots.count, threads: threads) { worker, index in
                let slot = slots[slots.startIndex + index]
                let links = Self.filledLinks(of: slot, graph, rows, team.workers[worker])
                links.withUnsafeBufferPointer {
                    team.encoders[worker].encode(
                        slot, links: $0, rows, number: { position[Int($0)] },
                        into: records.base + index * layout.stride)
                }
            }
            try writer.append(UnsafeRawBufferPointer(start: records.base, count: bytes))
        }
        try writer.endSection(.neighborCodes)
    }

    private final class Team: @unchecked Sendable {
        let workers: [Worker]
        let encoders: [NeighborCodesEncoder]

        init(workers: [Worker], encoders: [NeighborCodesEncoder]) {
            (self.workers, self.encoders) = (workers, encoders)
        }
    }

    /// A node's links on layer 0, filled up with neighbors of its neighbors: as all of a record are
    /// estimated at once, further ones cost nothing, and a walk has to expand fewer nodes (at
    /// 100,000 x 384 a tenth).
    private static func filledLinks(
        of slot: UInt32, _ graph: GraphLayers, _ rows: VectorRows, _ worker: Worker
    ) -> [UInt32] {
        let layer = graph.bottomLevel
        let links = Array(layer.list(of: slot))
        guard links.count < layer.degree else { return links }
        let (walker, selection) = (worker.walker, worker.selection)
        walker.visited.reserve(layer.count)
        defer { walker.visited.removeAll() }
        for node in [slot] + links { walker.visited.insert(node) }
        var further: [UInt32] = []
        for link in links {
            for node in layer.list(of: link) where walker.visited.insert(node) {
                further.append(node)
            }
        }
        walker.query.load(row: slot, of: rows)
        let nearest = walker.best(fillCandidates, of: further, in: layer, rows)
        return selection.select(
            nearest, for: walker.query, limit: layer.degree, least: layer.degree,
            keeping: links.map { .init(distance: 0, node: $0) }, in: layer, rows
        ).map(\.node)
    }
}
