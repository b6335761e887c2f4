import Storage

extension IngestRun {
    /// Fifth stage: keeps the caches close behind the database, and brings them up to date at the
    /// end.
    func index() async throws {
        let follower = collection.index.follower()
        var lastSave = ContinuousClock.now
        var saving = Duration.milliseconds(500)
        for await _ in committed.stream {
            try Task.checkCancellation()
            guard let record = try freshRecord() else { continue }
            if let lag = try follower.follow(record) { update { $0.unindexed = lag } }
            guard follower.isFollowing else { continue }
            // Save if the files lag too far, but spend only a fraction of the time on it.
            let now = ContinuousClock.now
            if now - lastSave > saving * collection.database.options.cachePolicy.savingShare {
                try collection.index.holding(for: record) { try follower.save(record) }
                lastSave = .now
                saving = max(.milliseconds(500), lastSave - now)
            }
        }
        try Task.checkCancellation()
        // Of shared work the index is brought up to date at its end.
        guard options.work == nil, let record = try freshRecord() else { return }
        update { $0.stage = .indexing }
        try collection.index.holding(for: record) { try follower.save(record) }
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
