import FileFormat
import Foundation
import GRDB

/// Compares a collection's full text with its passages, word for word.
///
/// FTS5's own check of a contentless table sees to its trees alone: a word or a row number that has
/// changed in place is as good to it as the right one. So the words of every passage are found anew
/// and summed up as hashes of (word, passage, column, place), in no order, and so is what the index
/// holds (the virtual table `fts5vocab`, type `instance`); the sums are equal where all of it is. The
/// lengths and totals, by which BM25 weighs, are compared as they lie in FTS5's own tables.
struct FullTextCheck {
    let database: Database
    let collection: Int64

    private var table: String { "full_text_\(collection)" }

    /// - Returns: what is wrong; nil where all is right.
    /// - Throws: what SQLite calls corrupt, where the index cannot be read to its end.
    func difference() throws -> String? {
        let expected = try wordsOfPassages()
        if let passage = expected.wrongLength {
            return "the recorded length of passage \(passage) is not its text's"
        }
        guard try recordedTotals() == expected.totals else {
            return "the recorded total of words is not its passages'"
        }
        guard try sumOfIndex() == expected.sum else {
            return "the words in it are not those of its passages"
        }
        return nil
    }

    // MARK: What should be there

    private struct Words {
        var sum: UInt64 = 0
        /// Passages, and words of their titles and texts.
        var totals: [UInt64] = [0, 0, 0]
        var wrongLength: Int64?
    }

    private func wordsOfPassages() throws -> Words {
        var words = Words()
        let tokenizer = try database.makeTokenizer(.porter())
        let rows = try Row.fetchCursor(
            database,
            sql: """
                SELECT p.key, d.title, p.text_length, p.text, s.sz
                FROM passage AS p JOIN document AS d ON d.key = p.document
                    LEFT JOIN \(table)_docsize AS s ON s.id = p.key
                WHERE d.collection = ?
                """, arguments: [collection])
        while let row = try rows.next() {
            let key: Int64 = row[0]
            let text = try StoredText.decode(row[3], length: row[2])
            words.totals[0] += 1
            var lengths: [UInt64] = []
            for (column, content) in [row[1] as String, text].enumerated() {
                let tokens = try tokenizer.tokenize(document: FullText.indexed(content))
                for (place, token) in tokens.enumerated() {
                    words.sum &+= Self.hash(token.token, key, column, place)
                }
                words.totals[column + 1] += UInt64(tokens.count)
                lengths.append(UInt64(tokens.count))
            }
            let recorded = Data.fromDatabaseValue(row[4]).map { Self.numbers(in: $0) }
            if recorded != lengths && words.wrongLength == nil { words.wrongLength = key }
        }
        return words
    }

    // MARK: What is there

    private func sumOfIndex() throws -> UInt64 {
        let instances = "temp.\(table)_instance"
        try database.execute(
            sql: "CREATE VIRTUAL TABLE \(instances) USING fts5vocab (main, \(table), instance)")
        defer { try? database.execute(sql: "DROP TABLE \(instances)") }
        var sum: UInt64 = 0
        let rows = try Row.fetchCursor(
            database, sql: "SELECT term, doc, col, \"offset\" FROM \(instances)")
        while let row = try rows.next() {
            // In a damaged index any of them may be missing.
            guard let word = String.fromDatabaseValue(row[0]),
                let passage = Int64.fromDatabaseValue(row[1]),
                let column = String.fromDatabaseValue(row[2]),
                let place = Int.fromDatabaseValue(row[3])
            else { throw DatabaseError(resultCode: .SQLITE_CORRUPT) }
            sum &+= Self.hash(word, passage, column == "title" ? 0 : 1, place)
        }
        return sum
    }

    /// FTS5's record of totals: row 1 of its data.
    private func recordedTotals() throws -> [UInt64] {
        let data = try Data.fetchOne(
            database, sql: "SELECT block FROM \(table)_data WHERE id = 1")
        return data.map { Self.numbers(in: $0) + [0, 0, 0] }.map { Array($0.prefix(3)) } ?? []
    }

    private static func hash(_ word: String, _ passage: Int64, _ column: Int, _ place: Int)
        -> UInt64
    {
        var word = word
        var bytes = word.withUTF8 { Checksum.of(UnsafeRawBufferPointer($0)) }
        for number in [UInt64(bitPattern: passage), UInt64(column), UInt64(place)] {
            // SplitMix64's steps: each number in turn is mixed in.
            bytes = (bytes ^ number) &+ 0x9e37_79b9_7f4a_7c15
            bytes = (bytes ^ (bytes >> 30)) &* 0xbf58_476d_1ce4_e5b9
            bytes = (bytes ^ (bytes >> 27)) &* 0x94d0_49bb_1331_11eb
            bytes ^= bytes >> 31
        }
        return bytes
    }

    /// SQLite's variable-length integers: seven bits a byte, the greatest first, eight in a ninth.
    private static func numbers(in data: Data) -> [UInt64] {
        var numbers: [UInt64] = []
        var value: UInt64 = 0
        var length = 0
        for byte in data {
            length += 1
            value = length == 9 ? value << 8 | UInt64(byte) : value << 7 | UInt64(byte & 0x7f)
            if length == 9 || byte & 0x80 == 0 {
                numbers.append(value)
                (value, length) = (0, 0)
            }
        }
        return numbers
    }
}

extension DocumentStore {
    /// Makes what follows from the passages anew: the full text and the values of indexed fields.
    package func rebuildDerived(of collection: CollectionRecord) throws(StoreError) {
        try write { database in
            try FullText.rebuild(collection.id, in: database)
            for field in try IndexedField.all(of: collection.id, in: database) {
                try database.execute(
                    sql: "DELETE FROM field_value WHERE field = ?", arguments: [field.id])
                try field.insertValues(ofCollection: collection.id, in: database)
            }
        }
    }
}
