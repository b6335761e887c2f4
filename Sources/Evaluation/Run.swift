import Foundation

/// The scored documents that a search system returned for each query.
public struct Run: Sendable, Equatable {
    /// A returned document and its score.
    public struct Hit: Sendable, Equatable {
        /// The document's id.
        public let document: Identifier
        /// The score, higher for better. It is a 32-bit float as in trec_eval, so that ties are the
        /// same.
        public let score: Float

        /// Creates a hit. Its rank follows from the score.
        public init(document: Identifier, score: Float) {
            self.document = document
            self.score = score
        }
    }

    /// The run's name, which is the last column of a TREC file.
    public var name: String
    /// The hits of each query, in any order.
    public private(set) var hits: [Identifier: [Hit]]

    /// Creates a run from hits in any order.
    public init(name: String = "vdb", hits: [Identifier: [Hit]] = [:]) {
        self.name = name
        self.hits = hits
    }

    /// The hits of a query, in any order; empty if it was not answered.
    public subscript(query: Identifier) -> [Hit] {
        get { hits[query] ?? [] }
        set { hits[query] = newValue }
    }

    /// The documents of a query, best first: by score, ties by descending id, as in trec_eval.
    /// Ranks in a file are ignored.
    public func ranking(of query: Identifier) -> [Identifier] {
        self[query].sorted { one, other in
            one.score == other.score ? one.document > other.document : one.score > other.score
        }.map(\.document)
    }

    /// Reads a TREC run: `query Q0 document rank score name`, one hit per line.
    ///
    /// - Throws: ``EvaluationError`` with file and line, also for a repeated document of a query,
    ///   as in trec_eval, and for a score that is not a number.
    public init(contentsOf url: URL) throws(EvaluationError) {
        self.init(name: "")
        let file = LineFile(url: url)
        var seen: [Identifier: Set<Identifier>] = [:]
        try file.forEachLine { line, number throws(EvaluationError) in
            if line.isBlank { return }
            let words = line.words
            guard words.count == 6 else {
                let expected = "'query Q0 document rank score name'"
                throw file.problem(.fields(expected: expected, got: words.count), line: number)
            }
            guard let query = words[0].text, let document = words[2].text,
                let scored = words[4].text, let name = words[5].text
            else { throw file.problem(.notUTF8, line: number) }
            guard let score = Double(scored), !score.isNaN else {
                throw file.problem(.notANumber(field: "score", text: scored), line: number)
            }
            let hit = Hit(document: Identifier(document), score: Float(score))
            guard seen[Identifier(query), default: []].insert(hit.document).inserted else {
                throw file.problem(
                    .duplicateDocument(query: query, document: document), line: number)
            }
            hits[Identifier(query), default: []].append(hit)
            self.name = name
        }
    }

    /// The first id that cannot be written to a TREC file; `nil` if all can. See
    /// ``TRECIdentifier``.
    public var unwritableID: String? {
        for query in hits.keys.sorted() {
            if !TRECIdentifier.isWritable(query.text) { return query.text }
            if let hit = self[query].first(where: { !TRECIdentifier.isWritable($0.document.text) })
            {
                return hit.document.text
            }
        }
        return nil
    }

    /// The lines of a TREC run file for one query, best first, with ranks from 1.
    ///
    /// - Parameter escapesIDs: whether to escape ids with ``TRECIdentifier/escaped(_:)``.
    public func lines(of query: Identifier, escapesIDs: Bool = false) -> String {
        func written(_ id: Identifier) -> String {
            escapesIDs ? TRECIdentifier.escaped(id.text) : id.text
        }
        let ordered = self[query].sorted { one, other in
            one.score == other.score ? one.document > other.document : one.score > other.score
        }
        var text = ""
        for (place, hit) in ordered.enumerated() {
            text +=
                "\(written(query)) Q0 \(written(hit.document)) \(place + 1) \(hit.score) \(name)\n"
        }
        return text
    }
}
