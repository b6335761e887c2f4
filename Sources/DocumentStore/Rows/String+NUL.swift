import Foundation

extension String {
    /// SQLite's text ends at a NUL character: an identifier with one would be taken for another.
    var hasNUL: Bool {
        var text = self
        return text.withUTF8 { utf8 in
            utf8.baseAddress.map { memchr($0, 0, utf8.count) != nil } ?? false
        }
    }
}
