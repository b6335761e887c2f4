import LexicalIndex
import Ranking
import Storage

/// The statements of one search by words, in one transaction, so that all of them see the same passages.
///
///     1  how many passages and words there are; all blocks of the query's terms, with the bytes of small ones
///     2  the bytes of the others that can still win, if there are any
///     3  whose passages those found are
struct LexicalReading {
    let connection: PostgresConnection
    let layout: CollectionLayout
    /// On `document AS d`, its first parameter being the keys of passages; `nil` for all documents.
    let condition: PostgresPredicate?
    private(set) var roundTrips = 0
    /// Of blocks whose bytes have not been read.
    private var places: [BlockSearch.Name: Int] = [:]

    /// Words of a query up to which the first statement reads the bytes of small blocks. Of more, only the
    /// rarest are searched for.
    private static let eagerTerms = LexicalQuery.termLimit

    init(
        connection: PostgresConnection, layout: CollectionLayout, condition: PostgresPredicate?
    ) {
        (self.connection, self.layout, self.condition) = (connection, layout, condition)
    }

    // MARK: Statements

    private var begin: [PostgresStatement] {
        PostgresStore.beginReading(layout.flavour.rules.lookupSettings)
    }
    static let commit = PostgresStatement("COMMIT")

    var counts: PostgresStatement {
        PostgresStatement(PostgresStore.wordCounts(layout), [.integer(layout.id)])
    }

    func blocks(of terms: [[UInt8]]) -> PostgresStatement {
        let isSmall =
            terms.count <= Self.eagerTerms ? "count < \(PostingBlock.capacity)" : "false"
        let condition = "\(layout.anyPlace) AND term = ANY($1)"
        return PostgresStatement(
            """
            SELECT term, block, span, count, max_weight, average, CASE WHEN \(isSmall) THEN bytes END,
                false, place
            FROM \(layout.postings) WHERE \(condition)
            UNION ALL SELECT term, block, span, count, 0, 0, bytes, true, place
            FROM \(layout.gone) WHERE \(condition)
            """, [.byteStrings(terms)])
    }

    // Joins are written out by place: the planner would rather read all documents than look for a few in
    // each of several parts, and another server answers a join of its own parts only.

    func bytes(of names: [BlockSearch.Name]) -> PostgresStatement {
        let places = names.map { self.places[$0] ?? 0 }
        let parts = Set(places).sorted().map { place in
            """
            SELECT p.term, p.block, p.bytes FROM unnest($1, $2, $3) AS n (place, term, block)
            JOIN \(layout.part(place, of: layout.postings)) AS p
                ON p.place = \(place) AND p.term = n.term AND p.block = n.block
            WHERE n.place = \(place) AND p.term = ANY($2)
            """
        }
        return PostgresStatement(
            parts.joined(separator: " UNION ALL "),
            [
                .integers(places.map(Int64.init)), .byteStrings(names.map(\.term)),
                .integers(names.map(\.block)),
            ])
    }

    func owners(of passages: [Int64]) -> PostgresStatement {
        var parameters = condition?.parameters ?? [.null]
        parameters[0] = .integers(passages)
        let parts = layout.placeNumbers.map { place in
            """
            SELECT p.key, p.document, d.id FROM \(layout.part(place, of: layout.passages)) AS p
            JOIN \(layout.part(place, of: layout.documents)) AS d
                ON d.place = \(place) AND d.key = p.document
            WHERE p.place = \(place) AND p.key = ANY($1) AND \(condition?.sql ?? "true")
            """
        }
        return PostgresStatement(parts.joined(separator: " UNION ALL "), parameters)
    }

    // MARK: Reading

    mutating func ask(_ statements: [PostgresStatement]) throws -> [PostgresResult] {
        roundTrips += 1
        return try connection.pipeline(statements)
    }

    /// Begins the transaction.
    mutating func read(_ text: String, scoring: BM25) throws -> BlockSearch {
        let answers = try ask(begin + [counts, blocks(of: BlockSearch.keys(of: text))])
        let count = answers[answers.count - 2][0]
        var blocks: [BlockSearch.Row] = []
        for row in answers[answers.count - 1].rows {
            let block = try row.wordBlock()
            if block.bytes == nil { places[block.name] = Int(try row.integer(8)) }
            blocks.append(block)
        }
        return try BlockSearch(
            text, passages: Int(try count.integer(0)), words: Int(try count.integer(1)),
            rows: blocks, scoring: scoring)
    }

    /// Reads blocks that the search has not read yet.
    mutating func read(_ names: [BlockSearch.Name], into search: inout BlockSearch) throws {
        if names.isEmpty { return }
        var found: [BlockSearch.Name: [UInt8]] = [:]
        for row in try ask([bytes(of: names)])[0].rows {
            let name = BlockSearch.Name(term: try row.bytes(0), block: try row.integer(1))
            found[name] = try row.bytes(2)
        }
        try search.add(found)
    }

    /// Looks up the documents of passages, and leaves out those that do not match the filter.
    ///
    /// - Parameter isLast: whether the transaction ends with it.
    mutating func rank(
        _ hits: some Collection<ScoredKey>, into ranking: inout DocumentRanking, isLast: Bool
    ) throws {
        let answers = try ask(
            [owners(of: hits.map(\.key))] + (isLast ? [Self.commit] : []))
        var owners: [Int64: (key: Int64, id: String)] = [:]
        for row in answers[0].rows {
            owners[try row.integer(0)] = (try row.integer(1), try row.text(2))
        }
        for hit in hits {
            guard let owner = owners[hit.key] else { continue }
            ranking.add(
                FoundDocuments.Document(
                    key: owner.key, id: owner.id, passage: hit.key, score: hit.score))
        }
    }
}
