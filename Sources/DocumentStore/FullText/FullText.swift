import Foundation
import GRDB
import LexicalIndex

extension LexicalQuery {
    /// FTS5's MATCH: any of the words. Nothing of the query's text reaches FTS5's syntax but words, which
    /// have no other characters than letters and digits, quoted.
    var match: String { terms.map { "\"\($0.word)\"" }.joined(separator: " OR ") }
}

enum FullText {
    /// What the index is given: FTS5's text ends at a NUL character, which here is a space.
    static func indexed(_ text: String) -> String {
        hasNull(text) ? text.replacing("\0", with: " ") : text
    }

    static func hasNull(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { utf8 in
            utf8.baseAddress.map { memchr($0, 0, utf8.count) != nil } ?? false
        }
    }

    /// Makes the full text of a collection anew from its passages; those that cannot be read are left
    /// out.
    static func rebuild(_ collection: Int64, in database: Database) throws {
        let table = "full_text_\(collection)"
        try database.execute(sql: "INSERT INTO \(table) (\(table)) VALUES ('delete-all')")
        let insert = try database.makeStatement(
            sql: "INSERT INTO \(table) (rowid, title, text) VALUES (?, ?, ?)")
        let rows = try Row.fetchCursor(
            database,
            sql: """
                SELECT p.key, d.title, p.text_length, p.text
                FROM document AS d JOIN passage AS p ON p.document = d.key
                WHERE d.collection = ? AND \(RowChecksum.isRight(RowChecksum.document, alias: "d."))
                    AND \(RowChecksum.isRight(RowChecksum.passage, alias: "p."))
                ORDER BY p.key
                """, arguments: [collection])
        while let row = try rows.next() {
            guard let text = try? StoredText.decode(row[3], length: row[2]) else { continue }
            try insert.execute(arguments: [row[0] as Int64, indexed(row[1]), indexed(text)])
        }
    }
}
