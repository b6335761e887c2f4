import JSON

/// How text that matches a pattern is treated when a piece is split at it.
enum SplitBehavior: String, Sendable {
    case removed = "Removed"
    case isolated = "Isolated"
    case mergedWithPrevious = "MergedWithPrevious"
    case mergedWithNext = "MergedWithNext"
    case contiguous = "Contiguous"

    init(_ json: JSONValue, default value: SplitBehavior? = nil, in context: String)
        throws(TokenizerError)
    {
        guard let name = try json.optionalString("behavior", in: context) else {
            guard let value else { throw .missingField("\(context).behavior") }
            self = value
            return
        }
        guard let behavior = SplitBehavior(rawValue: name) else {
            throw .badField("\(context).behavior", expected: "a known behavior, not \(name)")
        }
        self = behavior
    }

    /// A part of a piece, and whether the pattern matched it.
    struct Part {
        var range: Range<Int>
        var matched: Bool
    }

    /// Appends the pieces made from `parts`, which cover a piece from left to right.
    func join(_ parts: [Part], into pieces: inout [Range<Int>]) {
        func keep(_ range: Range<Int>) {
            if !range.isEmpty { pieces.append(range) }
        }
        switch self {
        case .isolated:
            for part in parts { keep(part.range) }
        case .removed:
            for part in parts where !part.matched { keep(part.range) }
        case .contiguous:
            joinForward(parts, &pieces) { part, previous in part == previous }
        case .mergedWithPrevious:
            joinForward(parts, &pieces) { part, previous in part && !previous }
        case .mergedWithNext:
            var open: Range<Int>?
            var backward: [Range<Int>] = []
            var previous = false
            for part in parts.reversed() {
                if part.matched, !previous, let range = open {
                    open = part.range.lowerBound..<range.upperBound
                } else {
                    if let range = open { backward.append(range) }
                    open = part.range
                }
                previous = part.matched
            }
            if let range = open { backward.append(range) }
            for range in backward.reversed() { keep(range) }
        }
    }

    private func joinForward(
        _ parts: [Part], _ pieces: inout [Range<Int>], _ joins: (Bool, Bool) -> Bool
    ) {
        var open: Range<Int>?
        var previous = false
        for part in parts {
            if let range = open, joins(part.matched, previous) {
                open = range.lowerBound..<part.range.upperBound
            } else {
                if let range = open, !range.isEmpty { pieces.append(range) }
                open = part.range
            }
            previous = part.matched
        }
        if let range = open, !range.isEmpty { pieces.append(range) }
    }
}
