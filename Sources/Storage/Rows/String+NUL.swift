import Foundation

extension String {
    /// Whether it contains a NUL character. SQLite's text ends there, so an id with one could be
    /// taken for another, and PostgreSQL's cannot have one.
    package var hasNUL: Bool {
        var text = self
        return text.withUTF8 { utf8 in
            utf8.baseAddress.map { memchr($0, 0, utf8.count) != nil } ?? false
        }
    }
}
