import JSON

/// The `pattern` of a stage: `{"String": …}` or `{"Regex": …}`.
enum TextPattern: Sendable {
    case literal([UInt8])
    case expression(PatternProgram)
    /// An expression with a handwritten scanner, whose matches cover any text without gaps.
    case scanner(PieceScanner)

    init(_ json: JSONValue, in context: String) throws(TokenizerError) {
        guard let pattern = json.field("pattern") else { throw .missingField("\(context).pattern") }
        if let string = pattern["String"]?.stringValue ?? pattern.stringValue {
            self = .literal(Array(string.utf8))
        } else if let source = pattern["Regex"]?.stringValue {
            try self.init(expression: source)
        } else {
            throw .badField("\(context).pattern", expected: "a String or a Regex")
        }
    }

    init(expression source: String) throws(TokenizerError) {
        if let scanner = PieceScanner(expression: source) {
            self = .scanner(scanner)
        } else {
            self = .expression(try PatternProgram(source))
        }
    }

    /// Calls `body` with every match from left to right. A match may be empty; an empty match
    /// directly after another match is skipped, as in Hugging Face's binding of Oniguruma.
    func forEachMatch(
        in text: UnsafeBufferPointer<UInt8>, classes: ScalarClasses, _ body: (Range<Int>) -> Void
    ) {
        guard let base = text.baseAddress, text.count > 0 else { return }
        switch self {
        case .literal(let wanted):
            guard let first = wanted.first else { return }
            var at = 0
            while at + wanted.count <= text.count {
                if base[at] == first, Self.matches(wanted, base + at) {
                    body(at..<at + wanted.count)
                    at += wanted.count
                } else {
                    at += 1
                }
            }
        case .scanner(let scanner):
            var at = 0
            while at < text.count {
                let end = scanner.end(of: text, from: at, classes: classes)
                body(at..<end)
                at = end
            }
        case .expression(let program):
            var matcher = PatternMatcher(program, text, classes, empty: base)
            var from = 0
            var lastEnd = -1
            while from <= text.count, let match = matcher.firstMatch(from: from) {
                if match.isEmpty, match.lowerBound == lastEnd {
                    from += from < text.count ? UTF8Text.length(lead: base[from]) : 1
                } else {
                    body(match)
                    from = match.upperBound
                    lastEnd = match.upperBound
                }
            }
        }
    }

    @inline(__always)
    private static func matches(_ wanted: [UInt8], _ bytes: UnsafePointer<UInt8>) -> Bool {
        for index in wanted.indices where bytes[index] != wanted[index] { return false }
        return true
    }

    /// Replaces all matches.
    ///
    /// - Parameter leading: the number of bytes at the front that come from the text's first
    ///   character.
    /// - Returns: the same number for the result. As in Hugging Face's library, a replacement
    ///   counts as the last character that it replaces.
    @discardableResult
    func replaceAll(
        in text: inout [UInt8], with replacement: [UInt8], leading: Int = 0, classes: ScalarClasses
    ) -> Int {
        var out: [UInt8] = []
        var done = 0
        var found = false
        var front = 0
        text.withUnsafeBufferPointer { buffer in
            forEachMatch(in: buffer, classes: classes) { match in
                if !found {
                    found = true
                    out.reserveCapacity(buffer.count + buffer.count / 2)
                }
                out.append(
                    contentsOf: UnsafeBufferPointer(rebasing: buffer[done..<match.lowerBound]))
                if done < leading { front += min(leading, match.lowerBound) - done }
                out.append(contentsOf: replacement)
                if match.upperBound <= leading { front += replacement.count }
                done = match.upperBound
            }
            if found { out.append(contentsOf: UnsafeBufferPointer(rebasing: buffer[done...])) }
        }
        guard found else { return leading }
        text = out
        return done < leading ? front + leading - done : front
    }
}
