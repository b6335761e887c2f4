import DocumentStore
import FileFormat

extension IngestRun {
    /// Fifth stage: keeps the index near the database, and brings it up to date at the end.
    ///
    /// A graph is extended while documents still come in once queries would have to scan too much
    /// beyond it; it is written out now and then, so that queries meanwhile, and an ingest that
    /// is interrupted and called again, have the use of it.
    func index() async throws {
        var follower: GraphFollower?
        var words: LexicalFollower?
        var lastSave = ContinuousClock.now
        var saving = Duration.milliseconds(500)
        for await _ in committed.stream {
            try Task.checkCancellation()
            guard let record = try freshRecord() else { continue }
            if words == nil { words = try collection.index.lexicon.startFollowing(record) }
            try words?.follow()
            if follower == nil, record.dimensions > 0 {
                follower = try collection.index.startFollowing(record)
            }
            if let graph = follower {
                try graph.follow(isFinal: false)
                update { $0.unindexed = max(0, record.passageCount - graph.count) }
            }
            guard follower != nil || words != nil else { continue }
            // Written when the lag of the written one calls for it, but within a share of time.
            let now = ContinuousClock.now
            if now - lastSave > saving * collection.index.policy.savingShare {
                try collection.index.writer(for: record).update(
                    .asNeeded, follower: follower, words: words)
                lastSave = .now
                saving = max(.milliseconds(500), lastSave - now)
            }
        }
        try Task.checkCancellation()
        guard let record = try freshRecord() else { return }
        update { $0.stage = .indexing }
        try collection.index.writer(for: record).update(
            .asNeeded, follower: follower, words: words)
        update { progress in
            progress.unindexed = 0
            progress.stage = .finished
        }
    }

    private func freshRecord() throws -> CollectionRecord? {
        guard currentRecord != nil else { return nil }
        return try collection.store.collection(named: collection.name)
    }
}

extension DocumentCollection {
    /// Brings the caches up to what the policy asks for, or further.
    func maintain(_ record: CollectionRecord, _ extent: IndexWriter.Extent = .asNeeded) throws {
        guard let fresh = try store.collection(named: record.name) else { return }
        try index.writer(for: fresh).update(extent)
    }

    /// Before a change: what does not belong to the database must not come to look as if it did.
    func prepareForWriting(_ record: CollectionRecord?) throws {
        if let record {
            try index.writer(for: record).removeForeign()
        } else {
            for path in [index.files.graph, index.files.flat] {
                try? index.files.fileSystem.remove(path)
            }
            index.lexicon.files.remove()
        }
    }
}
