import LexicalIndex
import Storage

/// Compares one place's words with its texts, in a transaction that sees both at one moment.
///
/// Takes 24 bytes of memory a passage of the place.
struct WordCheck {
    let tables: WordTables

    /// Rows that are read at a time.
    private static let page = 5000

    private var keys: [Int64] = []
    /// What the passages' texts contain and the postings that have been read do not, yet.
    private var missing: [PassageDigest] = []
    private var lengths: [Int] = []
    /// The postings of passages that are not there, less those that are gone.
    private var extra: [Int64: PassageDigest] = [:]

    init(_ tables: WordTables) { self.tables = tables }

    /// - Returns: what is wrong first; `nil` if nothing is.
    mutating func run() throws -> String? {
        try readTexts()
        for table in [tables.postings, tables.gone] {
            if let fault = try readBlocks(of: table) { return fault }
        }
        for (index, digest) in missing.enumerated() where digest != PassageDigest() {
            return "the words of passage \(keys[index]) are not those of its text"
        }
        let unknown = extra.filter { $0.value != PassageDigest() }
        if let key = unknown.keys.min() {
            return "passage \(key) has words, but no text that can be read"
        }
        let count = lengths.reduce(0, +)
        let counted = try tables.connection.run(
            """
            SELECT coalesce(sum(words), 0)::int8 FROM \(tables.layout.tally)
            WHERE collection = $1 AND place = $2
            """, [.integer(tables.layout.id), tables.number])[0].integer(0)
        return Int(counted) == count ? nil : "\(counted) words are counted, \(count) there"
    }

    private mutating func readTexts() throws {
        try tables.forEachPassage { passage in
            let digest = PassageDigest(
                title: passage.title, text: passage.text, key: TermKey.of)
            keys.append(passage.key)
            missing.append(digest)
            lengths.append(digest.length)
        }
    }

    private mutating func readBlocks(of table: String) throws -> String? {
        let isGone = table == tables.gone
        let weights = isGone ? "0, 0" : "max_weight, average"
        var last: BlockSearch.Name?
        while true {
            if Task.isCancelled { throw StoreError.cancelled }
            let rows = try tables.connection.run(
                """
                SELECT term, block, span, count, \(weights), bytes, \(isGone) FROM \(table)
                WHERE place = $1 AND ($2::bytea IS NULL OR (term, block) > ($2::bytea, $3))
                ORDER BY term, block LIMIT \(Self.page)
                """,
                [
                    tables.number, last.map { .bytes($0.term) } ?? .null,
                    .integer(last?.block ?? 0),
                ]
            ).rows.map { try $0.wordBlock() }
            guard let end = rows.last else { return nil }
            last = end.name
            for row in rows {
                if let fault = take(row) { return "\(row.name.description) \(fault)" }
            }
        }
    }

    private mutating func take(_ row: BlockSearch.Row) -> String? {
        let block = PostingBlock(row.summary, bytes: row.bytes ?? [])
        guard let postings = block.postings() else { return "cannot be read" }
        guard row.isGone || block.isBounded(postings) else { return "has too low a bound" }
        let hash = PassageDigest.hash(row.term)
        let sign = row.isGone ? -1 : 1
        var place = 0
        for index in 0..<postings.count {
            let key = postings.keys[index]
            let frequency = sign * Int(postings.frequencies[index])
            place = slot(reaching: key, from: place)
            if place < keys.count, keys[place] == key {
                guard lengths[place] == Int(postings.lengths[index]) else {
                    return "has a wrong length of passage \(key)"
                }
                missing[place].add(hash, frequency: -frequency)
            } else {
                extra[key, default: PassageDigest()].add(hash, frequency: frequency)
            }
        }
        return nil
    }

    private func slot(reaching key: Int64, from start: Int) -> Int {
        var (low, high) = (start, keys.count)
        while low < high {
            let middle = (low + high) / 2
            if keys[middle] < key { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension WordTables {
    /// Calls `body` with every passage of the place whose text can be read, in the order of keys.
    func forEachPassage(_ body: (PassageText) throws -> Void) throws {
        let page = 1000
        var last = Int64.min
        while true {
            if Task.isCancelled { throw StoreError.cancelled }
            let rows = try connection.run(
                """
                SELECT p.key, d.title, p.text_length, p.text
                FROM \(layout.part(place, of: layout.passages)) AS p
                JOIN \(layout.part(place, of: layout.documents)) AS d
                    ON d.place = $1 AND d.key = p.document
                WHERE p.place = $1 AND p.key > $2 ORDER BY p.key LIMIT \(page)
                """, [number, .integer(last)])
            guard rows.count > 0 else { return }
            last = try rows[rows.count - 1].integer(0)
            for row in rows.rows {
                if let passage = try PassageText(row: row) { try body(passage) }
            }
        }
    }
}
