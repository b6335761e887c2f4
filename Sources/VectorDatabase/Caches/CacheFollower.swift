import Storage

/// Extends a collection's caches during an ingest. Used by one task at a time.
///
/// The graph is extended once queries would have to scan too many rows beyond it, the word index
/// once readers would have to index too many passages. Both are saved from time to time, so that
/// concurrent queries, and an interrupted ingest that is resumed, can use them.
final class CacheFollower: IndexFollower {
    private let caches: CollectionCaches
    private var graph: GraphFollower?
    private var words: LexicalFollower?

    init(_ caches: CollectionCaches) { self.caches = caches }

    var isFollowing: Bool { graph != nil || words != nil }

    /// - Returns: the number of passages that the graph lacks; `nil` if no graph is being extended.
    func follow(_ record: CollectionRecord) throws -> Int? {
        if words == nil { words = try caches.words.startFollowing(record) }
        try words?.follow()
        if graph == nil, record.dimensions > 0 {
            graph = try caches.vectors.startFollowing(record)
        }
        guard let graph else { return nil }
        try graph.follow(isFinal: false)
        return max(0, record.passageCount - graph.count)
    }

    func save(_ record: CollectionRecord) throws {
        try caches.writer(for: record).update(graph: graph, lexicon: words)
    }
}
