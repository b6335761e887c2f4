import Foundation
import GRDB

/// BM25 by the words that SQLite's FTS5 (`porter unicode61`) finds: which texts hold a word's stem and
/// how often is FTS5's answer, the rest plain arithmetic (see `BM25Oracle`).
package struct FullTextOracle {
    private let queue: DatabaseQueue
    private let lengths: [Int]

    package init(_ texts: [(title: String, text: String)]) throws {
        queue = try DatabaseQueue()
        lengths = try queue.write { database in
            try database.execute(
                sql: """
                    CREATE VIRTUAL TABLE t USING fts5 (
                        title, text, content = '', tokenize = 'porter unicode61');
                    CREATE VIRTUAL TABLE i USING fts5vocab ('t', 'instance');
                    CREATE VIRTUAL TABLE word USING fts5 (w, tokenize = 'porter unicode61');
                    CREATE VIRTUAL TABLE stem USING fts5vocab ('word', 'row');
                    """)
            for (row, text) in texts.enumerated() {
                try database.execute(
                    sql: "INSERT INTO t (rowid, title, text) VALUES (?, ?, ?)",
                    arguments: [row, text.title, text.text])
            }
            var lengths = [Int](repeating: 0, count: texts.count)
            for row in try Row.fetchAll(database, sql: "SELECT doc, count(*) FROM i GROUP BY doc") {
                lengths[row[0]] = row[1]
            }
            return lengths
        }
    }

    /// The scores of the texts that hold one of the words, by their place in the list.
    package func scores(_ query: [String]) throws -> [Int: Double] {
        let total = Double(lengths.count)
        let average = Double(lengths.reduce(0, +)) / total
        let terms = try query.map(occurrences(of:)).filter { !$0.isEmpty }
        let rare = terms.filter {
            lengths.count < BM25Oracle.commonMinimum
                || Double($0.count) <= BM25Oracle.commonShare * total
        }
        var scores: [Int: Double] = [:]
        for term in rare.isEmpty ? terms : rare {
            let found = Double(term.count)
            let weight = log(1 + (total - found + 0.5) / (found + 0.5))
            for (row, frequency) in term {
                let saturation =
                    BM25Oracle.k1
                    * (1 - BM25Oracle.b + BM25Oracle.b * Double(lengths[row]) / average)
                scores[row, default: 0] +=
                    weight * Double(frequency) * (BM25Oracle.k1 + 1)
                    / (Double(frequency) + saturation)
            }
        }
        return scores
    }

    private func occurrences(of word: String) throws -> [Int: Int] {
        try queue.write { database in
            try database.execute(sql: "DELETE FROM word")
            try database.execute(sql: "INSERT INTO word (w) VALUES (?)", arguments: [word])
            let stem = try String.fetchOne(database, sql: "SELECT term FROM stem")
            var counts: [Int: Int] = [:]
            let rows = try Row.fetchAll(
                database, sql: "SELECT doc, count(*) FROM i WHERE term = ? GROUP BY doc",
                arguments: [stem])
            for row in rows { counts[row[0]] = row[1] }
            return counts
        }
    }
}
