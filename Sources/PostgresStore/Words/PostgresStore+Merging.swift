import LexicalIndex
import Storage

extension PostgresStore {
    /// A commit looks at all of its terms if they are no more than this, else at an eighth, so that what it
    /// costs to look does not grow with what there is to merge.
    private static let fewTerms = 1000
    private static let shares = 8

    /// Merges the blocks of terms that a commit has added to, where they have become many.
    ///
    /// What was committed stays committed whether this succeeds or not, and the next commit tries again: so it
    /// throws nothing.
    func mergeWords(
        after commits: [(place: Int, terms: [[UInt8]])], in collection: CollectionRecord
    ) {
        for (place, terms) in commits {
            let share = Int.random(in: 0..<Self.shares)
            let some =
                terms.count <= Self.fewTerms
                ? terms
                : terms.indices.filter { $0 % Self.shares == share }.map { terms[$0] }
            try? mergeWords(some, in: place, of: collection)
        }
    }

    private func mergeWords(
        _ terms: [[UInt8]], in place: Int, of collection: CollectionRecord
    ) throws(StoreError) {
        let due = try read { connection in
            let layout = try layout(of: collection, connection)
            return try withMerger(place, layout, connection) { try $0.due(terms) }
        }
        for start in stride(from: 0, to: due.count, by: WordMerger.page) {
            let page = Array(due[start..<min(start + WordMerger.page, due.count)])
            try write { connection in
                let layout = try lock(collection, connection, .shared).layout
                let average = try averageLength(layout, connection)
                try withMerger(place, layout, connection) { merger in
                    try merger.merge(page, average: average)
                }
            }
        }
    }

    /// Merges the blocks of all terms, beside others that write.
    package func mergeWords(of collection: CollectionRecord) throws(StoreError) {
        let layout = try layout(of: collection)
        for place in layout.placeNumbers {
            var last: [UInt8]?
            while true {
                if Task.isCancelled { throw .cancelled }
                let page = try write { connection in
                    let layout = try lock(collection, connection, .shared).layout
                    let average = try averageLength(layout, connection)
                    return try withMerger(place, layout, connection) { merger in
                        let page = try merger.page(after: last)
                        try merger.merge(page.filter(\.isWorthIt).map(\.term), average: average)
                        return page
                    }
                }
                guard let end = page.last else { break }
                last = end.term
            }
        }
    }

    /// On the server that has the place, since nothing else is concerned.
    private func withMerger<T>(
        _ place: Int, _ layout: CollectionLayout, _ connection: PostgresConnection,
        _ body: (WordMerger) throws -> T
    ) throws -> T {
        func merger(_ layout: CollectionLayout, _ connection: PostgresConnection) -> WordMerger {
            WordMerger(
                tables: WordTables(connection: connection, layout: layout, place: place),
                path: location.description)
        }
        guard let server = farServers.withLock({ $0[place] }) else {
            return try body(merger(layout, connection))
        }
        return try withFar(server) { far in
            try far.transaction { try body(merger(layout.on(server), far)) }
        }
    }

    private func averageLength(
        _ layout: CollectionLayout, _ connection: PostgresConnection
    ) throws -> Double {
        let row = try connection.run(Self.wordCounts(layout), [.integer(layout.id)])[0]
        return BM25.average(length: Int(try row.integer(1)), passages: Int(try row.integer(0)))
    }

    /// Selects the number of a collection's passages, and of the words in them.
    static func wordCounts(_ layout: CollectionLayout) -> String {
        """
        SELECT coalesce(sum(passages), 0)::int8, coalesce(sum(words), 0)::int8
        FROM \(layout.tally) WHERE collection = $1
        """
    }
}
