/// A regular expression that a whole text must match, for callers outside of tokenizers: the engine
/// bounds the time that a stranger's expression may take.
///
/// The expression is read as Python's `re` reads it. Where Python's syntax and this engine's differ,
/// the expression is refused rather than misread.
package struct WholeTextPattern: Sendable {
    private let program: PatternProgram

    /// - Throws: `TokenizerError.badPattern`
    package init(_ source: String) throws(TokenizerError) {
        for construct in Self.differing where source.contains(construct) {
            throw .badPattern(source, offset: 0, problem: "\(construct) is not supported")
        }
        // Python's name of a group; which group it was does not matter here.
        let source = source.split(separator: "(?P<", omittingEmptySubsequences: false)
            .joined(separator: "(?<")
        program = try PatternProgram("\\A(?:\(source))\\z")
    }

    /// Means one thing to Python and another to Oniguruma.
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
