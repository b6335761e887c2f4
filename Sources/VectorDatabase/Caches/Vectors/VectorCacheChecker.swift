import DocumentStore
import FileFormat
import VectorIndex

/// Verifies a collection's graph and flat file against the database: their checksums, their structure,
/// their rows against the stored vectors, and the graph's recall on a sample.
struct VectorCacheChecker {
    let record: CollectionRecord
    let files: VectorCacheFiles
    let store: DocumentStore
    let policy: CachePolicy
    let threads: Int
    private(set) var found = CacheFindings()
    private(set) var sampledRecall: Double?

    /// Rows of the collection that serve as queries, hits of each, and rows among which the densest
    /// places are looked for.
    private static let samples = 25
    private static let sampledHits = 10
    private static let densityProbes = 500
    /// Parts of the way from a crowd to another row.
    private static let shares: [Float] = [0.25, 0.5]

    init(
        record: CollectionRecord, files: VectorCacheFiles, store: DocumentStore,
        policy: CachePolicy,
        threads: Int
    ) {
        self.record = record
        self.files = files
        self.store = store
        self.policy = policy
        self.threads = threads
    }

    mutating func check() throws {
        let files = files
        let reader = VectorCacheReader(record: record, files: files, store: store)
        if try open(
            files.flat, isExpected: record.passageCount > policy.flatLag(rows: 0),
            as: {
                _ = try VectorFile(path: files.flat, fileSystem: files.fileSystem)
            })
        {
            if let flat = try reader.openFlat() {
                try check(flat)
            } else {
                found.remarkForeign(files.flat)
            }
        }
        if try open(
            files.graph, isExpected: record.passageCount > policy.graphLag(rows: 0),
            as: {
                _ = try HNSWIndex(path: files.graph, fileSystem: files.fileSystem)
            })
        {
            if let graph = try reader.openGraph() {
                try check(graph)
            } else {
                found.remarkForeign(files.graph)
            }
        }
        if !found.hasFault { try sampleRecall(reader) }
    }

    /// Whether a file exists and can be opened; records a finding otherwise.
    private mutating func open(
        _ path: String, isExpected: Bool, as body: () throws -> Void
    ) throws -> Bool {
        guard FileSignature(path: path) != nil else {
            if isExpected { found.remark(path, "is missing") }
            return false
        }
        do {
            try body()
            return true
        } catch let error as IndexError {
            switch error {
            case .file(let error): throw error
            case .unsupportedVersion: found.remark(path, "is of another version")
            default: found.fault(path, "\(error)")
            }
            return false
        }
    }

    /// The vectors file has checksums and SQLite's pages do not. If the two differ, the database is
    /// the damaged one, and rewriting the file would copy the damage.
    private mutating func faultInDatabase(_ passage: Int64) {
        found.add(
            .init(
                .fault, subject: store.path,
                message: "the vector of passage \(passage) has changed since \(files.flat), whose "
                    + "checksums are right, was written",
                remedy: .replaceDocument))
    }

    // MARK: Against the database

    private mutating func check(_ flat: VectorFile) throws {
        do { try flat.verify() } catch { return found.fault(files.flat, "\(error)") }
        // A stored vector, prepared for the metric, must equal its row bit for bit.
        var row = 0
        var extra: [Int64] = []
        var differing: Int64?
        let missing = try forEachStored(through: flat.lastLabel) { key, vector in
            while row < flat.count, flat.label(at: row) < key {
                extra.append(flat.label(at: row))
                row += 1
            }
            guard row < flat.count, flat.label(at: row) == key else {
                return "passage \(key) is missing"
            }
            if differing == nil, flat.vector(label: key) != vector { differing = key }
            row += 1
            return nil
        }
        if let differing { faultInDatabase(differing) }
        if let missing { return found.fault(files.flat, missing) }
        extra += (row..<flat.count).map { flat.label(at: $0) }
        try check(extra, of: files.flat, since: flat.header.changeLogPosition)
    }

    private mutating func check(_ graph: HNSWIndex) throws {
        do {
            try graph.verify()
            try graph.checkInvariants()
        } catch { return found.fault(files.graph, "\(error)") }
        let labels = graph.labels
        var row = 0
        var extra: [Int64] = []
        let missing = try forEachStored(through: graph.lastLabel) { key, _ in
            while row < labels.count, labels[row] < key {
                extra.append(labels[row])
                row += 1
            }
            guard row < labels.count, labels[row] == key else {
                return "passage \(key) is missing"
            }
            row += 1
            return nil
        }
        if let missing { return found.fault(files.graph, missing) }
        extra += labels[row...]
        try check(extra, of: files.graph, since: graph.header.changeLogPosition)
    }

    /// Calls `body` with each stored key and its prepared vector, until it returns a fault.
    private func forEachStored(
        through last: Int64?, _ body: (Int64, [Float]) -> String?
    ) throws -> String? {
        guard let last else { return nil }
        let metric = record.indexParameters.metric
        var key: Int64 = 0
        while true {
            let batch = try store.vectors(after: key, limit: policy.batch, in: record)
            guard let end = batch.keys.last else { return nil }
            for (row, key) in batch.keys.enumerated() {
                if key > last { return nil }
                let stored = batch.values[
                    row * record.dimensions..<(row + 1) * record.dimensions]
                if let fault = body(key, try metric.prepared(stored)) { return fault }
            }
            key = end
        }
    }

    /// Rows that the database lacks must have been deleted since the file was written.
    private mutating func check(_ extra: [Int64], of path: String, since position: Int64) throws {
        guard !extra.isEmpty else { return }
        var deleted: Set<Int64> = []
        var position = position
        while let last = try store.changes(after: position, in: record).map({ change in
            if change.kind == .deleted { deleted.formUnion(change.passages) }
            return change.position
        }).last {
            position = last
        }
        if let stranger = extra.first(where: { !deleted.contains($0) }) {
            found.fault(path, "passage \(stranger) is not in the database")
        }
    }

    // MARK: Recall

    /// Compares the graph with exact search: at rows of the collection that are spread evenly, and
    /// beside those that lie closest together.
    ///
    /// A crowd, of copies above all, can hide what lies around it. Chance seldom leads to one, and a
    /// query that is itself of the crowd finds it without fail: so queries are put on the way from
    /// the crowd to another row. The lower of both recalls counts, since most rows are no crowd.
    private mutating func sampleRecall(_ reader: VectorCacheReader) throws {
        let caches = try reader.open()
        guard let graph = caches.graph, let flat = caches.flat, graph.count > 0 else { return }
        let rows = LabelFilter(graph.labels)
        /// Hits found and wanted, of one kind of queries.
        struct Agreement {
            var agreed = 0
            var wanted = 0
            var recall: Double { wanted == 0 ? 1 : Double(agreed) / Double(wanted) }
        }
        var (even, crowded) = (Agreement(), Agreement())
        func compare(_ query: [Float], _ agreement: inout Agreement) throws {
            let exact = try flat.exactSearch(
                query, k: Self.sampledHits, filter: rows, threads: threads)
            let walked = try nearest(query, graph, flat)
            // Compared by score, since equal vectors are interchangeable.
            let worst = exact.last?.score ?? 0
            agreement.agreed += min(exact.count, walked.count { $0.score >= worst })
            agreement.wanted += exact.count
        }
        for row in Self.spread(Self.samples, over: flat.count) {
            if let vector = flat.vector(label: flat.label(at: row)) { try compare(vector, &even) }
        }
        for (row, other) in try dense(graph, flat) {
            for share in Self.shares {
                try compare(zip(row, other).map { $0 + share * ($1 - $0) }, &crowded)
            }
        }
        sampledRecall = min(even.recall, crowded.recall)
    }

    private func nearest(_ query: [Float], _ graph: HNSWIndex, _ flat: VectorFile) throws
        -> [ScoredKey]
    {
        try graph.search(
            query, k: Self.sampledHits, ef: IndexParameters.defaultEf, source: flat
        ).hits
    }

    /// Of rows spread evenly those whose last hit is nearest, each with one of those whose last hit is
    /// farthest, which is of no crowd.
    private func dense(_ graph: HNSWIndex, _ flat: VectorFile) throws -> [(
        row: [Float], other: [Float]
    )] {
        let vectors = Self.spread(Self.densityProbes, over: flat.count).compactMap {
            flat.vector(label: flat.label(at: $0))
        }
        let found = try vectors.flatMap { $0 }.withUnsafeBufferPointer {
            try graph.search(
                batch: $0, k: Self.sampledHits, ef: IndexParameters.defaultEf, source: flat)
        }
        let probes = zip(vectors, found).compactMap {
            vector, result -> (distance: Float, row: [Float])? in
            guard let last = result.hits.last, let neighbor = flat.vector(label: last.key)
            else { return nil }
            let distance = zip(vector, neighbor).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
            return (distance, vector)
        }
        let order = probes.indices.sorted { (probes[$0].distance, $0) < (probes[$1].distance, $1) }
        return zip(order, order.reversed()).prefix(Self.samples).map { dense, sparse in
            (probes[dense].row, probes[sparse].row)
        }
    }

    /// At most `limit` of `0 ..< count`, at even distances.
    private static func spread(_ limit: Int, over count: Int) -> some Sequence<Int> {
        stride(from: 0, to: count, by: max(1, (count + limit - 1) / limit))
    }
}

extension Metric {
    /// The vector in the form that the index compares.
    func prepared(_ vector: ArraySlice<Float>) throws(IndexError) -> [Float] {
        var result = [Float](repeating: 0, count: vector.count)
        let outcome: Result<Void, IndexError> = vector.withUnsafeBufferPointer { source in
            result.withUnsafeMutableBufferPointer { target in
                guard let base = target.baseAddress else { return .success(()) }
                do throws(IndexError) {
                    try prepared(source, dimensions: source.count, into: base)
                    return .success(())
                } catch { return .failure(error) }
            }
        }
        try outcome.get()
        return result
    }
}
