import DocumentStore
import TextBytes

/// A document, represented by its best passage.
struct RankedDocument: Sendable, Equatable {
    /// The document's key.
    let key: Int64
    let id: String
    let passage: Int64
    var score: Double
    var logProbability: Double?
    var parts: HybridParts?

    /// Best first; equal scores in the byte order of ids.
    static func precedes(_ a: RankedDocument, _ b: RankedDocument) -> Bool {
        a.score > b.score || (a.score == b.score && a.id.precedesByBytes(b.id))
    }
}

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
    ) throws -> [RankedDocument] {
        let ratio = max(1, collection.passageCount / max(1, collection.documentCount))
        var count = limit * min(ratio, 8) + 8
        while true {
            let candidates = try search(count)
            let documents = try best(of: candidates)
            let isAll = candidates.count < count
            let worst = candidates.last?.score ?? 0
            let isCertain = documents.count > limit && documents[limit - 1].score > worst
            let isHopelessTie = documents.count >= limit && count > limit + Self.largestTie
            if isAll || isCertain || isHopelessTie { return Array(documents.prefix(limit)) }
            count *= 2
        }
    }

    /// Passages that were deleted meanwhile have no owner and are dropped.
    private func best(of candidates: [ScoredKey]) throws -> [RankedDocument] {
        let owners = try store.owners(ofPassages: candidates.map(\.key))
        var seen: Set<Int64> = []
        seen.reserveCapacity(candidates.count)
        var documents: [RankedDocument] = []
        documents.reserveCapacity(candidates.count)
        for candidate in candidates {
            guard let owner = owners[candidate.key], seen.insert(owner.documentKey).inserted
            else { continue }
            documents.append(
                RankedDocument(
                    key: owner.documentKey, id: owner.documentID, passage: candidate.key,
                    score: candidate.score))
        }
        return documents.sorted(by: RankedDocument.precedes)
    }
}
