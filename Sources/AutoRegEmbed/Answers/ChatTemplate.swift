/// The texts that a `chat_template` can put out, read from its source without running it.
///
/// A template is a program in Jinja. What each of its `{{ … }}` tags renders, and each `set` of a
/// concatenation, is a *fragment*: the literal strings as they are, the rest as a placeholder for
/// what the expression stands for.
///
///     {{ '<|im_start|>' + message['role'] + '\n' + message['content'] | trim + '<|im_end|>\n' }}
///     <|im_start|>{role}\n{content}<|im_end|>\n
///
/// When a tag is reached is not known, only whether it is inside a condition. Forms of one family are
/// told apart by which fragments there are.
package struct ChatTemplate {
    /// In the source's order.
    private(set) var fragments: [String] = []
    /// Those that are rendered whatever the conversation is.
    private(set) var unconditional: [String] = []
    /// Whether what it renders depends on the date or on settings of its own.
    let hasOtherInputs: Bool

    package init(_ source: String) {
        hasOtherInputs = ["strftime_now", "default_system_message"].contains {
            source.utf8.firstRange(of: $0.utf8) != nil
        }
        var rest = Array(source.utf8)[...]
        var conditions = 0
        func add(_ fragment: String) {
            // The token that begins a text is a fragment of its own.
            var parts = [fragment]
            if fragment.hasPrefix(Self.beginning), fragment != Self.beginning {
                parts = [Self.beginning, String(fragment.dropFirst(Self.beginning.count))]
            }
            fragments += parts
            if conditions == 0 { unconditional += parts }
        }
        while let open = Self.nextTag(in: rest) {
            let kind = rest[open + 1]
            if kind == UInt8(ascii: "#") {
                guard let end = Self.firstPair("#}", in: rest[(open + 2)...]) else { return }
                rest = rest[(end + 2)...]
                continue
            }
            let body = rest[(open + 2)...]
            guard let end = Self.end(of: body, kind == UInt8(ascii: "{") ? "}}" : "%}") else {
                return
            }
            let code = Self.trimmed(body[..<end])
            if kind == UInt8(ascii: "{") {
                add(Self.fragment(of: code))
            } else if let value = Self.assigned(by: code) {
                add(Self.fragment(of: value))
            } else {
                conditions += Self.conditions(openedBy: code)
            }
            rest = rest[(end + 2)...]
        }
    }

    static let beginning = ChatFormat.beginning

    private typealias Bytes = ArraySlice<UInt8>

    /// The place of the next `{{`, `{%` or `{#`.
    private static func nextTag(in text: Bytes) -> Int? {
        text.indices.dropLast().first {
            text[$0] == UInt8(ascii: "{") && "{%#".utf8.contains(text[$0 + 1])
        }
    }

    private static func firstPair(_ pair: String, in text: Bytes) -> Int? {
        text.firstRange(of: pair.utf8)?.lowerBound
    }

    /// The place of a tag's end, outside its string literals.
    private static func end(of text: Bytes, _ mark: String) -> Int? {
        var place = text.startIndex
        while place < text.endIndex {
            if let literal = literal(at: place, in: text) {
                place = literal.end
            } else if text[place...].starts(with: mark.utf8) {
                return place
            } else {
                place += 1
            }
        }
        return nil
    }

    /// The value of the string literal at a place, and the place after it; nil if there is none.
    private static func literal(at place: Int, in text: Bytes) -> (value: [UInt8], end: Int)? {
        let quote = text[place]
        guard quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else { return nil }
        var value: [UInt8] = []
        var next = place + 1
        while next < text.endIndex, text[next] != quote {
            if text[next] == UInt8(ascii: "\\"), next + 1 < text.endIndex {
                next += 1
                switch text[next] {
                case UInt8(ascii: "n"): value.append(10)
                case UInt8(ascii: "t"): value.append(9)
                default: value.append(text[next])
                }
            } else {
                value.append(text[next])
            }
            next += 1
        }
        return (value, min(next + 1, text.endIndex))
    }

    /// Without white space and the signs of white-space control at both ends.
    private static func trimmed(_ code: Bytes) -> Bytes {
        func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }
        func isOuter(_ byte: UInt8) -> Bool { isSpace(byte) || byte == UInt8(ascii: "-") }
        let start = code.drop(while: isOuter)
        guard let last = start.lastIndex(where: { !isOuter($0) }) else { return [] }
        return start[...last]
    }

    /// 1 for a statement that opens a condition or a macro, -1 for one that ends it, else 0.
    private static func conditions(openedBy code: Bytes) -> Int {
        switch code.prefix(while: { $0 != 32 && $0 != 10 }) {
        case let word where word.elementsEqual("if".utf8) || word.elementsEqual("macro".utf8): 1
        case let word where word.elementsEqual("endif".utf8) || word.elementsEqual("endmacro".utf8):
            -1
        default: 0
        }
    }

    /// The expression of `set name = expression`; nil for other statements.
    private static func assigned(by code: Bytes) -> Bytes? {
        guard code.starts(with: "set ".utf8), let sign = code.firstIndex(of: UInt8(ascii: "="))
        else { return nil }
        return trimmed(code[(sign + 1)...])
    }

    /// The operands of a concatenation, literals as they are and others as placeholders.
    private static func fragment(of expression: Bytes) -> String {
        var operands: [Bytes] = []
        var (start, place, depth) = (expression.startIndex, expression.startIndex, 0)
        while place < expression.endIndex {
            if let literal = literal(at: place, in: expression) {
                place = literal.end
                continue
            }
            switch expression[place] {
            case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
            case UInt8(ascii: "+") where depth == 0, UInt8(ascii: "~") where depth == 0:
                operands.append(expression[start..<place])
                start = place + 1
            default: break
            }
            place += 1
        }
        operands.append(expression[start...])
        return operands.map { placeholder(trimmed($0)) }.joined()
    }

    private static func placeholder(_ operand: Bytes) -> String {
        if let first = operand.first, let literal = literal(at: operand.startIndex, in: operand),
            literal.end == operand.endIndex, operand.count > 1, operand.last == first
        {
            return String(decoding: literal.value, as: UTF8.self)
        }
        let names = [
            ("bos_token", beginning), ("eos_token", "{eos}"), ("reasoning", "{?}"),
            ("content", "{content}"), ("role", "{role}"),
        ]
        for (name, placeholder) in names where operand.firstRange(of: name.utf8) != nil {
            return placeholder
        }
        return "{?}"
    }
}
