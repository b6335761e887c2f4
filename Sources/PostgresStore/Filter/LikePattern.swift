/// A pattern of SQL's LIKE: `%` is any run of characters, `_` one.
struct LikePattern {
    private enum Part: Equatable {
        case any, one
        case character(Unicode.Scalar)
    }

    private let parts: [Part]

    /// - Parameter escape: after it the next character stands for itself.
    /// - Returns: `nil` if the pattern ends in the escape character; it matches nothing.
    init?(_ pattern: String, escape: Character? = nil) {
        var parts: [Part] = []
        var scalars = Array(pattern.unicodeScalars)[...]
        while let scalar = scalars.popFirst() {
            if let escape, Character(scalar) == escape {
                guard let next = scalars.popFirst() else { return nil }
                parts.append(.character(next))
            } else {
                parts.append(scalar == "%" ? .any : scalar == "_" ? .one : .character(scalar))
            }
        }
        self.parts = parts
    }

    /// The pattern as PostgreSQL has it, with backslashes as escapes, and ASCII letters in lower case.
    var lowercasedForPostgres: String {
        var text = ""
        for part in parts {
            switch part {
            case .any: text += "%"
            case .one: text += "_"
            case .character(let scalar):
                if ["%", "_", "\\"].contains(scalar) { text += "\\" }
                let isUpper = ("A"..."Z").contains(scalar)
                text.unicodeScalars.append(
                    isUpper ? Unicode.Scalar(UInt8(scalar.value) + 32) : scalar)
            }
        }
        return text
    }

    /// Whether a text matches, in the same case.
    func matches(_ text: String) -> Bool {
        var (text, parts) = (Array(text.unicodeScalars)[...], parts[...])
        // Backtracking to the last % alone: quadratic at worst.
        var retry: (text: ArraySlice<Unicode.Scalar>, parts: ArraySlice<Part>)?
        while true {
            switch parts.first {
            case .any?:
                parts = parts.dropFirst()
                retry = (text, parts)
                continue
            case .one? where !text.isEmpty:
                (text, parts) = (text.dropFirst(), parts.dropFirst())
                continue
            case .character(let scalar)? where text.first == scalar:
                (text, parts) = (text.dropFirst(), parts.dropFirst())
                continue
            case nil where text.isEmpty: return true
            default: break
            }
            guard let last = retry, !last.text.isEmpty else { return false }
            (text, parts) = (last.text.dropFirst(), last.parts)
            retry = (text, parts)
        }
    }
}
