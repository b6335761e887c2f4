import DocumentStore

/// Writes a collection's caches and prunes the change log to what they no longer need.
struct CacheWriter {
    let record: CollectionRecord
    let vectors: VectorCacheWriter
    let words: LexicalCacheWriter
    let store: DocumentStore

    /// - Parameters:
    ///   - vectors: what becomes of the graph and the flat file; `nil` leaves them as they are.
    ///   - words: the same for the lexical files. They follow the texts, which re-encoding leaves
    ///     alone.
    ///   - graph: one that has been following; it is brought to its end and saved.
    ///   - lexicon: the same for the words.
    func update(
        vectors vectorExtent: CacheExtent? = .asNeeded, words wordExtent: CacheExtent? = .asNeeded,
        graph: GraphFollower? = nil, lexicon: LexicalFollower? = nil
    ) throws {
        if let wordExtent { try words.update(wordExtent, follower: lexicon) }
        guard let vectorExtent else { return }
        if try vectors.update(vectorExtent, follower: graph) { try pruneChanges() }
    }

    /// Removes files that do not belong to the database, before it changes.
    func removeForeign() throws {
        try vectors.removeForeign()
        try words.removeForeign()
    }

    /// Forgets the changes that all caches cover.
    private func pruneChanges() throws {
        guard let position = try vectors.coveredPosition() else { return }
        let covered = try words.coveredPosition() ?? position
        try store.pruneChanges(through: min(position, covered), in: record)
    }
}
