import DocumentStore

/// Writes a collection's caches, then prunes the change log up to the position that all of them
/// cover.
struct CacheWriter {
    let record: CollectionRecord
    let vectors: VectorCacheWriter
    let words: LexicalCacheWriter
    let store: DocumentStore

    /// - Parameters:
    ///   - vectors: how much of the graph and the flat file to write; `nil` leaves them alone.
    ///   - words: the same for the lexical files. They depend on the texts only, which re-encoding
    ///     does not change.
    ///   - graph: a follower to bring up to date and save instead of starting a new one.
    ///   - lexicon: the same for the word index.
    func update(
        vectors vectorExtent: CacheExtent? = .asNeeded, words wordExtent: CacheExtent? = .asNeeded,
        graph: GraphFollower? = nil, lexicon: LexicalFollower? = nil
    ) throws {
        if let wordExtent { try words.update(wordExtent, follower: lexicon) }
        guard let vectorExtent else { return }
        if try vectors.update(vectorExtent, follower: graph) { try pruneChanges() }
    }

    /// Removes files that do not belong to the database. Called before every change to it.
    func removeForeign() throws {
        try vectors.removeForeign()
        try words.removeForeign()
    }

    /// Deletes the log entries that all caches cover.
    private func pruneChanges() throws {
        guard let position = try vectors.coveredPosition() else { return }
        let covered = try words.coveredPosition() ?? position
        try store.pruneChanges(through: min(position, covered), in: record)
    }
}
