import DocumentStore

/// Turns a ranking of passages into a ranking of documents.
///
/// A document counts once, by its best passage, so k documents may need many more passages.
/// Passages of equal score must all be examined, since their documents are ordered by id. So the
/// search is repeated with twice as many passages until the k-th document is certain.
struct DocumentRanking {
    let store: DocumentStore
    let collection: CollectionRecord

    /// The number of passages beyond the limit after which a tie is left unresolved.
    private static let largestTie = 16_384

    /// - Parameter search: returns the best `count` passages, best first; fewer only if no more
    ///   match.
    /// - Returns: the best `limit` documents, by score, then by id.
    func documents(
        limit: Int, search: (_ count: Int) throws -> [ScoredKey]
    ) throws -> [Candidate] {
        let ratio = max(1, collection.passageCount / max(1, collection.documentCount))
        var count = limit * min(ratio, 8) + 8
        while true {
            let passages = try search(count)
            let documents = try best(of: passages)
            let isAll = passages.count < count
            let worst = passages.last?.score ?? 0
            let isCertain = documents.count > limit && documents[limit - 1].score > worst
            let isHopelessTie = documents.count >= limit && count > limit + Self.largestTie
            if isAll || isCertain || isHopelessTie { return Array(documents.prefix(limit)) }
            count *= 2
        }
    }

    /// Passages that were deleted meanwhile have no owner and are dropped.
    private func best(of passages: [ScoredKey]) throws -> [Candidate] {
        let owners = try store.owners(ofPassages: passages.map(\.key))
        var seen: Set<Int64> = []
        seen.reserveCapacity(passages.count)
        var documents: [Candidate] = []
        documents.reserveCapacity(passages.count)
        for passage in passages {
            guard let owner = owners[passage.key], seen.insert(owner.documentKey).inserted
            else { continue }
            documents.append(
                Candidate(
                    key: owner.documentKey, id: owner.documentID, passage: passage.key,
                    score: passage.score))
        }
        return documents.sorted(by: Candidate.precedes)
    }
}
