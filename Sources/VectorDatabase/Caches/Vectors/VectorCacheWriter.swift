import DocumentStore
import FileFormat
import VectorIndex

/// Writes a collection's flat file and graph. For the one writer of the database only.
///
/// The flat file is written before the graph, so that a graph never covers a row that the flat
/// file lacks.
struct VectorCacheWriter {
    let record: CollectionRecord
    let files: VectorCacheFiles
    let store: DocumentStore
    let policy: CachePolicy
    let threads: Int

    private var reader: VectorCacheReader {
        VectorCacheReader(record: record, files: files, store: store)
    }

    /// - Parameter follower: a graph to bring up to date and save instead of starting a new one.
    /// - Returns: whether anything was written or removed, and the change log may be pruned.
    func update(_ extent: CacheExtent, follower: GraphFollower? = nil) throws -> Bool {
        guard record.dimensions > 0, record.passageCount > 0 else {
            files.remove()
            return true
        }
        let old = extent == .rebuild ? nil : try reader.openGraph()
        let writesGraph = try follower != nil || needsGraph(extent, old: old)
        // A graph that is newer than the flat file would be ignored.
        let wroteFlat = try updateFlat(writesGraph && extent == .asNeeded ? .all : extent)
        if writesGraph {
            let graph = try extent == .rebuild ? newFollower(nil) : follower ?? newFollower(old)
            try graph.follow(isFinal: true)
            try graph.save(to: files.graph, fileSystem: files.fileSystem)
        }
        return wroteFlat || writesGraph
    }

    /// Removes files that do not belong to the database.
    func removeForeign() throws {
        if try reader.openGraph() == nil { remove(files.graph) }
        if try reader.openFlat() == nil { remove(files.flat) }
    }

    /// The change-log position up to which the files are complete; `nil` if they must be written
    /// first.
    func coveredPosition() throws -> Int64? {
        guard record.dimensions > 0, record.passageCount > 0 else {
            return try store.position(of: record)
        }
        let caches = try reader.open()
        return caches.flat == nil ? nil : caches.position
    }

    // MARK: Flat file

    /// - Returns: whether it was written.
    private func updateFlat(_ extent: CacheExtent) throws -> Bool {
        let old = extent == .rebuild ? nil : try reader.openFlat()
        var removed: [Int64] = []
        if let old {
            removed = try deletions(since: old.header.changeLogPosition).filter {
                old.contains(label: $0)
            }
            let lag = record.passageCount - old.count + 2 * removed.count
            if lag == 0 || (extent == .asNeeded && lag <= policy.flatLag(rows: old.count)) {
                return false
            }
        }
        let sound = old.flatMap { (try? $0.verify()) == nil ? nil : $0 }
        let position = try store.position(of: record)
        let writer = try VectorFileWriter(
            path: files.flat, header: try record.header(of: store, position: position),
            dimensions: record.dimensions, metric: record.indexParameters.metric,
            element: record.elementType, fileSystem: files.fileSystem)
        var last: Int64 = 0
        if let sound, sound.count > 0 {
            try writer.append(
                contentsOf: sound, excluding: removed.isEmpty ? nil : LabelFilter(removed))
            last = sound.label(at: sound.count - 1)
        }
        while true {
            try Task.checkCancellation()
            let batch = try store.vectors(after: last, limit: policy.batch, in: record)
            guard let end = batch.keys.last else { break }
            try batch.values.withUnsafeBufferPointer { values in
                for (row, key) in batch.keys.enumerated() {
                    let start = row * record.dimensions
                    try writer.append(
                        label: key,
                        vector: UnsafeBufferPointer(
                            rebasing: values[start..<start + record.dimensions]))
                }
            }
            last = end
        }
        try writer.commit()
        return true
    }

    // MARK: Graph

    /// Whether a graph must be written. Removes one that is no longer useful.
    private func needsGraph(_ extent: CacheExtent, old: HNSWIndex?) throws -> Bool {
        let removed =
            try old.map { graph in
                try deletions(since: graph.header.changeLogPosition).count {
                    graph.contains(label: $0)
                }
            } ?? 0
        let covered = old?.count ?? 0
        let lag = record.passageCount - covered + 2 * removed
        let mayLag = extent == .asNeeded ? policy.graphLag(rows: covered) : 0
        if record.passageCount <= policy.graphLag(rows: 0) {
            // Few enough rows to scan. An existing graph is used until it lags too far.
            if old == nil || lag > mayLag { remove(files.graph) }
            return false
        }
        return old == nil || lag > mayLag
    }

    private func newFollower(_ old: HNSWIndex?) throws -> GraphFollower {
        try GraphFollower(
            record: record, extending: old, store: store, policy: policy, threads: threads)
    }

    /// The keys deleted after a position that the log still reaches.
    private func deletions(since position: Int64) throws -> [Int64] {
        var keys: [Int64] = []
        var position = position
        while let changes = try Optional(store.changes(after: position, in: record)),
            let last = changes.last
        {
            for change in changes where change.kind == .deleted { keys += change.passages }
            position = last.position
        }
        return keys
    }

    private func remove(_ path: String) { try? files.fileSystem.remove(path) }
}

extension VectorFile {
    /// The first row whose label is not below `label`.
    func lowerBound(of label: Int64) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self.label(at: middle) < label { low = middle + 1 } else { high = middle }
        }
        return low
    }

    func contains(label: Int64) -> Bool {
        let row = lowerBound(of: label)
        return row < count && self.label(at: row) == label
    }

    var lastLabel: Int64? { count > 0 ? label(at: count - 1) : nil }
}
