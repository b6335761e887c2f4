import DocumentStore
import LexicalIndex
import VectorIndex

/// Finds documents in a collection's caches and, beyond these, in its database file.
struct LocalRetriever: Retriever {
    private let vectors: VectorCache
    private let words: LexicalCache
    private let store: DocumentStore
    private let record: CollectionRecord
    private let threads: Int
    /// The keys that the filter allows.
    private let allowed: LabelFilter?
    private let isFresh: Bool

    var matchingPassages: Int? { allowed?.count }

    /// - Parameters:
    ///   - filter: `nil` for all documents.
    ///   - isFresh: whether searches must see commits that are not acknowledged yet, too. They do with
    ///     a filter, since the passages that it allows are those of the last commit.
    init(
        vectors: VectorCache, words: LexicalCache, store: DocumentStore, record: CollectionRecord,
        threads: Int, filter: MetadataPredicate?, isFresh: Bool
    ) throws {
        self.vectors = vectors
        self.words = words
        self.store = store
        self.record = record
        self.threads = threads
        allowed = try filter.map { LabelFilter(try store.passageKeys(where: $0, in: record)) }
        self.isFresh = isFresh || allowed != nil
    }

    func dense(
        _ vector: [Float], depth: Int, ef: Int?, isExact: Bool
    ) throws -> Candidates {
        let searcher = DenseSearcher(
            snapshot: try vectors.snapshot(for: record, isFresh: isFresh), store: store,
            threads: threads)
        var found = Candidates()
        found.documents = try documents(depth) { count in
            try searcher.search(
                vector, count: count, ef: ef, isExact: isExact, allowed: allowed,
                cost: &found.cost)
        }
        return found
    }

    func lexical(_ text: String, depth: Int, scoring: BM25) throws -> Candidates {
        let snapshot = try words.snapshot(for: record, isFresh: isFresh)
        var found = Candidates()
        found.documents = try documents(depth) { count in
            let (hits, cost) = snapshot.search(
                text, limit: count, allowed: allowed?.labels, scoring: scoring)
            found.cost.postings += cost.postings
            found.cost.scoredPassages += cost.scored
            return hits
        }
        return found
    }

    private func documents(
        _ limit: Int, _ search: (_ count: Int) throws -> [ScoredKey]
    ) throws -> [Candidate] {
        try DocumentRanking(store: store, collection: record).documents(
            limit: limit, search: search)
    }
}
