import DocumentStore

/// The caches of a collection that grow while documents come in. One task at a time uses it.
///
/// A graph is extended during an ingest once queries would have to scan too much beyond it, and words
/// once readers would have to index too many passages; both are written out now and then, so that
/// queries meanwhile, and an ingest that is interrupted and called again, have the use of them.
final class CacheFollower {
    private let caches: CollectionCaches
    private var graph: GraphFollower?
    private var words: LexicalFollower?

    init(_ caches: CollectionCaches) { self.caches = caches }

    /// Whether anything has grown that could be saved.
    var isFollowing: Bool { graph != nil || words != nil }

    /// Takes in what has come and gone.
    ///
    /// - Returns: passages that the graph lacks; `nil` while none is being extended.
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

    /// Writes what the policy asks for, up to date.
    func save(_ record: CollectionRecord) throws {
        try caches.writer(for: record).update(graph: graph, lexicon: words)
    }
}
