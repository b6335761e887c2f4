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

    /// Up to `limit` characters from `offset` on.
    static func part(of text: String, from offset: Int, limit: Int) -> Part {
        let scalars = text.unicodeScalars
        guard
            let start = scalars.index(
                scalars.startIndex, offsetBy: offset, limitedBy: scalars.endIndex),
            start < scalars.endIndex
        else { return Part(text: "", next: nil) }
        let end =
            scalars.index(start, offsetBy: limit, limitedBy: scalars.endIndex) ?? scalars.endIndex
        return Part(
            text: String(scalars[start..<end]), next: end < scalars.endIndex ? offset + limit : nil)
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
