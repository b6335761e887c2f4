import VectorDatabase

/// Cuts what is stored, which may have any length, to what an answer may have.
///
/// Lengths of texts are counted in characters of Unicode (code points), as most languages count
/// them: a client can add them to an offset.
enum Excerpt {
    /// A part of a text.
    struct Part {
        let text: String
        /// Where the rest begins; `nil` if there is none.
        let next: Int?
    }

    /// Up to `limit` characters from `offset` on, which take up to `bytes` bytes of JSON.
    static func part(
        of text: String, from offset: Int, limit: Int, bytes: Int = .max
    ) -> Part {
        let scalars = text.unicodeScalars
        guard
            let start = scalars.index(
                scalars.startIndex, offsetBy: offset, limitedBy: scalars.endIndex),
            start < scalars.endIndex
        else { return Part(text: "", next: nil) }
        var (end, count, size) = (start, 0, 0)
        while end < scalars.endIndex, count < limit {
            size += length(of: scalars[end])
            if size > bytes { break }
            count += 1
            scalars.formIndex(after: &end)
        }
        return Part(
            text: String(scalars[start..<end]), next: end < scalars.endIndex ? offset + count : nil)
    }

    /// The most bytes of JSON that a text takes.
    static func length(of text: String) -> Int {
        text.unicodeScalars.reduce(0) { $0 + length(of: $1) }
    }

    private static func length(of scalar: UnicodeScalar) -> Int {
        switch scalar {
        case "\"", "\\", "\n", "\r", "\t": 2
        case "\0"..<" ": 6
        default: UTF8.width(scalar)
        }
    }

    /// The first members whose JSON has up to `limit` bytes, and whether there are more.
    static func members(of object: JSONObject, limit: Int) -> (part: JSONObject, isCut: Bool) {
        var part = JSONObject()
        var size = 0
        for (key, value) in object {
            size += key.utf8.count + value.jsonText.utf8.count + 4
            if size > limit { return (part, true) }
            part[key] = value
        }
        return (part, false)
    }
}
