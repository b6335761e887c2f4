import TextBytes

/// What a search by words found: documents, each by its best passage.
package struct FoundDocuments: Sendable, Equatable {
    package struct Document: Sendable, Equatable {
        package let key: Int64
        package let id: String
        package let passage: Int64
        package let score: Double
    }

    /// Best first; equal scores in the byte order of ids.
    package internal(set) var documents: [Document] = []
    /// The number of postings that were added up.
    package internal(set) var postings = 0
    /// The number of passages that were scored exactly.
    package internal(set) var scored = 0
    /// How often the server was asked and waited for.
    package internal(set) var roundTrips = 0
}

/// Turns passages, which come best first, into documents.
struct DocumentRanking {
    private var seen: Set<Int64> = []
    private(set) var documents: [FoundDocuments.Document] = []

    /// Adds a passage of a document, or ignores it if a better one has come.
    mutating func add(_ document: FoundDocuments.Document) {
        if seen.insert(document.key).inserted { documents.append(document) }
    }

    /// The best documents.
    ///
    /// - Parameter worst: the score of the last passage that has come; `nil` if none is left.
    /// - Returns: `nil` if a passage that has not come may change them.
    func best(_ limit: Int, after worst: Double?) -> [FoundDocuments.Document]? {
        if let worst, documents.count < limit || documents[limit - 1].score <= worst { return nil }
        let sorted = documents.sorted {
            $0.score > $1.score || ($0.score == $1.score && $0.id.precedesByBytes($1.id))
        }
        return Array(sorted.prefix(limit))
    }
}
