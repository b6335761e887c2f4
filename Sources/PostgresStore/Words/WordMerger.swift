import LexicalIndex
import Storage

/// Makes one block of a term's small ones in one place, without passages that are gone. Full blocks whose keys
/// lie between theirs are cut again, so that a term's blocks follow each other.
///
/// Invariants:
/// 1. A transaction changes a term's blocks so that together they say the same as before: a passage that is
///    gone is taken out of both tables, or stays in both. A reader's snapshot has the one or the other.
/// 2. Rows are locked for the whole transaction, and those that another one has locked are passed over: two
///    that merge never wait for each other, nor does one that writes.
struct WordMerger {
    let tables: WordTables
    /// For messages.
    let path: String

    /// Blocks that are not full, of one term, from which on it is merged.
    static let fewest = 8
    /// Terms that are merged in one transaction.
    static let page = 2000

    /// Those of some terms that should be merged.
    func due(_ terms: [[UInt8]]) throws -> [[UInt8]] {
        let condition = "place = $1 AND term = ANY($2)"
        return try tables.connection.run(
            """
            SELECT term FROM (
                SELECT term FROM \(tables.postings)
                WHERE \(condition) AND count < \(PostingBlock.capacity)
                UNION ALL SELECT term FROM \(tables.gone) WHERE \(condition)) AS block
            GROUP BY term HAVING count(*) >= \(Self.fewest)
            """, [tables.number, .byteStrings(terms)]
        ).rows.map { try $0.bytes(0) }
    }

    /// The terms after one, in their order; the first ones after `nil`. Each with whether merging changes
    /// anything.
    func page(after term: [UInt8]?) throws -> [(term: [UInt8], isWorthIt: Bool)] {
        let start: PostgresValue = term.map { .bytes($0) } ?? .null
        let page = try tables.connection.run(
            """
            SELECT term, count(*) FILTER (WHERE count < \(PostingBlock.capacity)) > 1
            FROM \(tables.postings) WHERE place = $1 AND ($2::bytea IS NULL OR term > $2::bytea)
            GROUP BY term ORDER BY term LIMIT \(Self.page)
            """, [tables.number, start]
        ).rows.map { (term: try $0.bytes(0), isWorthIt: try $0.boolean(1)) }
        guard !page.isEmpty else { return [] }
        let gone = Set(
            try tables.connection.run(
                "SELECT DISTINCT term FROM \(tables.gone) WHERE place = $1 AND term = ANY($2)",
                [tables.number, .byteStrings(page.map(\.term))]
            ).rows.map { try $0.bytes(0) })
        return page.map { ($0.term, $0.isWorthIt || gone.contains($0.term)) }
    }

    /// Merges the blocks of some terms, as far as nobody else does.
    ///
    /// - Parameter average: the mean number of words of the collection's passages.
    func merge(_ terms: [[UInt8]], average: Double) throws {
        guard !terms.isEmpty else { return }
        // A passage is in a block before it is gone. So if this statement sees that it is gone, the next
        // one sees its block, or another transaction has locked that.
        let gone = Dictionary(grouping: try lockGone(terms), by: \.term)
        let postings = Dictionary(grouping: try lockPostings(terms), by: \.term)
        var encoder = PostingBlockEncoder(average: average)
        var result = Changes()
        for term in terms {
            try merge(
                term, postings[term] ?? [], gone: gone[term] ?? [], &encoder, into: &result)
        }
        try tables.remove(result.removed, from: tables.postings)
        try tables.remove(result.removedGone, from: tables.gone)
        try tables.add(result.added)
        try tables.addGone(result.addedGone)
    }

    private struct Changes {
        var removed: [BlockSearch.Name] = []
        var removedGone: [BlockSearch.Name] = []
        var added: [(term: [UInt8], block: PostingBlock)] = []
        var addedGone: [(term: [UInt8], block: PostingBlock)] = []
    }

    private func merge(
        _ term: [UInt8], _ blocks: [BlockSearch.Row], gone: [BlockSearch.Row],
        _ encoder: inout PostingBlockEncoder, into changes: inout Changes
    ) throws {
        var goneKeys = Set<Int64>()
        for row in gone { goneKeys.formUnion(try postings(of: row).keys) }
        var all = KeyedPostings()
        var found = Set<Int64>()
        var rewritten: [BlockSearch.Row] = []
        let small = blocks.map(\.summary).filter { !$0.isFull }
        let first = small.map(\.first).min() ?? .max
        let last = small.map(\.last).max() ?? .min
        for row in blocks {
            let postings = try postings(of: row)
            let here = goneKeys.isEmpty ? [] : postings.keys.filter { goneKeys.contains($0) }
            let isBetween = row.summary.first <= last && row.summary.last >= first
            if !isBetween, here.isEmpty { continue }
            found.formUnion(here)
            rewritten.append(row)
            all.append(postings.without(goneKeys))
        }
        guard rewritten.count > 1 || !found.isEmpty else { return }
        changes.removed += rewritten.map(\.name)
        for block in encoder.blocks(of: all.sorted()) { changes.added.append((term, block)) }
        guard !found.isEmpty else { return }
        changes.removedGone += gone.map(\.name)
        var rest = KeyedPostings()
        for row in gone { rest.append(try postings(of: row).without(found)) }
        for block in encoder.blocks(of: rest.sorted()) { changes.addedGone.append((term, block)) }
    }

    private func postings(of row: BlockSearch.Row) throws -> KeyedPostings {
        guard let bytes = row.bytes, let found = PostingBlock(row.summary, bytes: bytes).postings()
        else { throw StoreError.corrupt(path: path, detail: row.name.description) }
        return found
    }

    private func lockGone(_ terms: [[UInt8]]) throws -> [BlockSearch.Row] {
        try tables.connection.run(
            """
            SELECT term, block, span, count, 0, 0, bytes, true FROM \(tables.gone)
            WHERE place = $1 AND term = ANY($2) FOR UPDATE \(tables.skipLocked)
            """, [tables.number, .byteStrings(terms)]
        ).rows.map { try $0.wordBlock() }
    }

    /// Those that are not full, those between them, and those that may have passages that are gone.
    private func lockPostings(_ terms: [[UInt8]]) throws -> [BlockSearch.Row] {
        try tables.connection.run(
            """
            SELECT p.term, p.block, p.span, p.count, p.max_weight, p.average, p.bytes, false
            FROM \(tables.postings) AS p LEFT JOIN (
                SELECT term, min(block) AS first, max(block + span) AS last FROM \(tables.postings)
                WHERE place = $1 AND term = ANY($2) AND count < \(PostingBlock.capacity)
                GROUP BY term) AS small ON small.term = p.term
            WHERE p.place = $1 AND p.term = ANY($2) AND (p.count < \(PostingBlock.capacity)
                OR p.block <= small.last AND p.block + p.span >= small.first
                OR EXISTS (
                    SELECT 1 FROM \(tables.gone) AS g WHERE g.place = $1 AND g.term = p.term
                        AND g.block <= p.block + p.span AND g.block + g.span >= p.block))
            FOR UPDATE OF p \(tables.skipLocked)
            """, [tables.number, .byteStrings(terms)]
        ).rows.map { try $0.wordBlock() }
    }
}

extension BlockSearch.Row {
    var name: BlockSearch.Name { BlockSearch.Name(term: term, block: summary.first) }
}

extension BlockSearch.Name {
    /// For messages.
    var description: String {
        "block \(block) of the word '\(String(decoding: term, as: UTF8.self))'"
    }
}
