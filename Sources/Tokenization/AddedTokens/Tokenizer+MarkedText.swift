extension Tokenizer {
    /// A part of a text that names control tokens.
    package enum MarkedSection: Sendable, Equatable {
        case token(Int32)
        case text(String)
    }

    /// Splits a text at the special tokens that it names. Other added tokens stay in the text, where
    /// `encode` recognizes them.
    package func sections(ofMarked text: String) -> [MarkedSection] {
        var text = text
        return text.withUTF8 { bytes in
            var sections: [MarkedSection] = []
            var start = 0
            func close(at end: Int) {
                guard start < end else { return }
                sections.append(.text(String(decoding: bytes[start..<end], as: UTF8.self)))
            }
            let found = added.sections(
                of: bytes, normalized: false, specialTokens: true, classes: ScalarClasses())
            for case .token(let id, let range) in found where isSpecial(id) {
                close(at: range.lowerBound)
                sections.append(.token(id))
                start = range.upperBound
            }
            close(at: bytes.count)
            return sections
        }
    }
}
