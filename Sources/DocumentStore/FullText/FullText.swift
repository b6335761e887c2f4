import Foundation
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
}
