/// A regular expression that a whole text must match, for callers other than tokenizers: the engine
/// limits the time that an untrusted expression may take.
///
/// The expression has the syntax of Python's `re`. Constructs whose meaning differs in this engine
/// are rejected.
package struct WholeTextPattern: Sendable {
    private let program: PatternProgram

    /// - Throws: `TokenizerError.badPattern`
    package init(_ source: String) throws(TokenizerError) {
        for construct in Self.differing where source.contains(construct) {
            throw .badPattern(source, offset: 0, problem: "\(construct) is not supported")
        }
        // Python's syntax of named groups; the names do not matter.
        let source = source.split(separator: "(?P<", omittingEmptySubsequences: false)
            .joined(separator: "(?<")
        program = try PatternProgram("\\A(?:\(source))\\z")
    }

    /// Constructs with different meanings in Python and Oniguruma.
    private static let differing = [
        "&&", "[[", "}+", "}?", "(?m", "\\h", "\\H", "\\R", "\\X", "\\K", "\\G", "\\z", "\\p",
        "\\P",
    ]

    package func matches(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            withUnsafePointer(to: UInt8(0)) { empty in
                var matcher = PatternMatcher(program, bytes, ScalarClasses(), empty: empty)
                return matcher.firstMatch(from: 0) != nil
            }
        }
    }
}
