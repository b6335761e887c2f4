import LexicalIndex
import Ranking
import Storage

extension PostgresStore {
    /// Passages that are checked against a filter at a time.
    private static let checked = 1000
    /// Passages beyond the limit after which a tie is left unresolved.
    private static let largestTie = 16_384

    /// The documents whose passages have the highest BM25, scored as by ``LexicalSnapshot``: the same to the
    /// last digit for the same passages.
    ///
    /// A document counts once, by its best passage. Passages of equal score must all be looked at, since
    /// their documents are ordered by id; so the search is repeated with more passages until the last
    /// document is certain.
    ///
    /// - Parameters:
    ///   - text: any text; a passage matches if it contains one of its words.
    ///   - limit: the most documents; fewer only if no more match.
    ///   - predicate: only documents that match; `nil` for all.
    /// - Throws: `predicateTooLarge`.
    package func lexical(
        _ text: String, limit: Int, scoring: BM25 = .standard,
        where predicate: MetadataPredicate? = nil, in collection: CollectionRecord
    ) throws(StoreError) -> FoundDocuments {
        let tree = try predicate.map { predicate throws(StoreError) in
            try NormalizedPredicate(predicate)
        }
        guard limit > 0 else { return FoundDocuments() }
        let ratio = max(1, collection.passageCount / max(1, collection.documentCount))
        let (first, overflow) = limit.multipliedReportingOverflow(by: min(ratio, 8))
        var count = overflow ? Int.max / 4 : min(first, Int.max / 4) + 8
        return try read { connection in
            let layout = try layout(of: collection, connection)
            let condition = try tree.map {
                try self.condition($0, after: [.integers([])], layout, connection)
            }
            var found = FoundDocuments()
            while true {
                var reading = LexicalReading(
                    connection: connection, layout: layout, condition: condition)
                do {
                    let documents = try run(
                        text, limit: limit, passages: count, scoring, &reading, &found)
                    found.roundTrips += reading.roundTrips
                    if let documents {
                        found.documents = documents
                        return found
                    }
                } catch {
                    connection.rollBack()
                    if let damage = error as? BlockSearch.Damage {
                        let name = BlockSearch.Name(term: damage.term, block: damage.block)
                        throw StoreError.corrupt(
                            path: location.description, detail: name.description)
                    }
                    throw error
                }
                count *= 2
            }
        }
    }

    /// One search, in a transaction of its own.
    ///
    /// - Parameter passages: how many to look at; with a filter, all that are needed.
    /// - Returns: `nil` if these are not enough.
    private func run(
        _ text: String, limit: Int, passages: Int, _ scoring: BM25, _ reading: inout LexicalReading,
        _ found: inout FoundDocuments
    ) throws -> [FoundDocuments.Document]? {
        let isFiltered = reading.condition != nil
        var search = try reading.read(text, scoring: scoring)
        try reading.read(search.unread(for: isFiltered ? nil : passages), into: &search)
        var ranking = DocumentRanking()
        var wanted = isFiltered ? max(passages, Self.checked) : passages
        var taken = 0
        while true {
            let (hits, cost) = search.search(limit: wanted)
            found.postings += cost.postings
            found.scored += cost.scored
            let isAll = hits.count < wanted
            while taken < hits.count {
                let end = min(taken + Self.checked, hits.count)
                try reading.rank(
                    hits[taken..<end], into: &ranking, isLast: !isFiltered && end == hits.count)
                taken = end
                guard isFiltered, taken < hits.count || !isAll else { continue }
                if let best = ranking.best(limit, after: hits[taken - 1].score) {
                    _ = try reading.ask([LexicalReading.commit])
                    return best
                }
            }
            let isHopelessTie =
                ranking.documents.count >= limit && taken > limit + Self.largestTie
            let worst = isAll || isHopelessTie ? nil : hits.last?.score
            let best = ranking.best(limit, after: worst)
            if isFiltered ? best != nil : hits.isEmpty {
                _ = try reading.ask([LexicalReading.commit])
            }
            if best != nil || !isFiltered { return best }
            wanted *= 4
        }
    }

    /// The plans of the statements of a search, as PostgreSQL explains them, for tests.
    func plans(
        of text: String, in collection: CollectionRecord
    ) throws(StoreError) -> [String] {
        try read { connection in
            let layout = try layout(of: collection, connection)
            var reading = LexicalReading(connection: connection, layout: layout, condition: nil)
            let search = try reading.read(text, scoring: .standard)
            let hits = search.search(limit: 10).hits
            let statements = [
                reading.counts, reading.blocks(of: BlockSearch.keys(of: text)),
                reading.bytes(of: search.unread(for: nil)), reading.owners(of: hits.map(\.key)),
            ]
            let answers = try reading.ask(
                statements.map {
                    PostgresStatement("EXPLAIN (COSTS OFF) " + $0.sql, $0.parameters)
                } + [LexicalReading.commit])
            return try answers.dropLast().map { answer in
                try answer.rows.map { try $0.text(0) }.joined(separator: "\n")
            }
        }
    }
}
