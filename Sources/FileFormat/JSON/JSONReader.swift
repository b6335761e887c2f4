/// Reads JSON (RFC 8259) in one pass over bytes in memory, a piece at a time.
///
/// The caller walks what it knows, and builds values only where it wants them: a tokenizer's
/// vocabulary goes straight into its table, a document's fields into the document.
///
///     try reader.enterObject()
///     while let key = try reader.nextKey() { … try reader.string() … }
///     try reader.end()
///
/// - Strict: no comments, trailing commas, leading zeros, bare control characters or infinities.
/// - Strings without an escape are handed out in place, whatever their length.
/// - Nesting is bounded, so that hostile input cannot exhaust the stack.
/// - Keys given twice are the caller's matter, as only it remembers keys: `repeated` makes the
///   failure of those who refuse them.
package struct JSONReader {
    /// In what the users differ.
    package struct Rules: Sendable {
        /// How many objects and arrays may lie in one another.
        package var maximumDepth: Int
        /// Whether a lone surrogate escape and `\u0000`, neither of which can be stored as text,
        /// become U+FFFD. Otherwise the one is a fault, and the other itself.
        package var replacesUnstorable: Bool
        /// Whether a byte order mark may come first. It is not JSON, but files have it.
        package var allowsByteOrderMark: Bool
        /// Whether the bytes are known to be UTF-8; otherwise each string is checked.
        package var isKnownUTF8: Bool

        package init(
            maximumDepth: Int, replacesUnstorable: Bool = false, allowsByteOrderMark: Bool = false,
            isKnownUTF8: Bool = false
        ) {
            self.maximumDepth = maximumDepth
            self.replacesUnstorable = replacesUnstorable
            self.allowsByteOrderMark = allowsByteOrderMark
            self.isKnownUTF8 = isKnownUTF8
        }
    }

    /// Where and why the bytes stop being the JSON that is taken.
    package struct Failure: Error, Equatable, Sendable {
        package enum Fault: Equatable, Sendable {
            /// The bytes end inside a value.
            case end
            /// A byte that cannot be there.
            case byte
            case number
            case string
            case notUTF8
            case repeatedKey(String)
            case nesting
            /// Something follows the value.
            case rest
        }
        package let fault: Fault
        /// Bytes before the fault.
        package let offset: Int
        /// What was expected there, as a noun phrase: `a value`, `'}' or ','`.
        package let expected: String
    }

    /// A value's kind.
    package enum Kind: Sendable {
        case object, array, string, number, bool, null
    }

    @usableFromInline let base: UnsafePointer<UInt8>
    @usableFromInline let count: Int
    let rules: Rules
    /// How many bytes have been read.
    package var position = 0
    @usableFromInline var depth = 0
    /// The next key or element is the first of its object or array.
    @usableFromInline var isAtFirst = false
    /// The strings before this byte are known to be UTF-8.
    private(set) var checked = 0
    /// The last string that held an escape.
    var unescaped: [UInt8] = []

    /// `bytes` must outlive the reader.
    package init(_ bytes: UnsafeRawBufferPointer, rules: Rules) {
        self.rules = rules
        count = bytes.count
        checked = rules.isKnownUTF8 ? count : 0
        // Nothing is read where there are no bytes; the pointer only has to be one.
        base =
            bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
            ?? UnsafePointer(bitPattern: 1)!
        if rules.allowsByteOrderMark, count >= 3, base[0] == 0xEF, base[1] == 0xBB, base[2] == 0xBF
        {
            position = 3
        }
    }

    // MARK: Failing

    @usableFromInline @inline(never)
    mutating func failure(_ expected: String, fault: Failure.Fault = .byte, at offset: Int? = nil)
        -> Failure
    {
        let offset = offset ?? position
        return Failure(
            fault: offset < count || fault == .nesting ? fault : .end, offset: offset,
            expected: expected)
    }

    /// The failure of an object that has `key` twice, its second value just read.
    package func repeated(_ key: String) -> Failure {
        Failure(fault: .repeatedKey(key), offset: position, expected: "each key once")
    }

    // MARK: Tokens

    /// The first byte of the next token, not consumed; 0 at the end.
    @inlinable package mutating func peek() -> UInt8 { next() }

    /// `peek`, for this module, where it is called several times a value.
    @inlinable @inline(__always)
    mutating func next() -> UInt8 {
        while position < count {
            let byte = base[position]
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return byte }
            position += 1
        }
        return 0
    }

    /// Consumes `character` if it is the very next byte.
    @inlinable @inline(__always)
    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard position < count, base[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    /// The kind of the next value, by its first byte.
    @inlinable package mutating func kind() throws(Failure) -> Kind {
        switch next() {
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
        case UInt8(ascii: "n"): return .null
        default: throw failure("a value")
        }
    }

    package mutating func bool() throws(Failure) -> Bool {
        let first = next()
        guard takeWord(first == UInt8(ascii: "t") ? "true" : "false") else {
            throw failure("a value")
        }
        return first == UInt8(ascii: "t")
    }

    package mutating func null() throws(Failure) {
        _ = next()
        guard takeWord("null") else { throw failure("a value") }
    }

    private mutating func takeWord(_ word: StaticString) -> Bool {
        let length = word.utf8CodeUnitCount
        guard position + length <= count else { return false }
        for index in 0..<length where base[position + index] != word.utf8Start[index] {
            return false
        }
        position += length
        return true
    }

    // MARK: Walking

    package mutating func enterObject() throws(Failure) { try enter("{") }

    package mutating func enterArray() throws(Failure) { try enter("[") }

    private mutating func enter(_ bracket: Unicode.Scalar) throws(Failure) {
        _ = next()
        guard take(bracket) else { throw failure("'\(bracket)'") }
        depth += 1
        if depth > rules.maximumDepth {
            throw failure("at most \(rules.maximumDepth) levels", fault: .nesting)
        }
        isAtFirst = true
    }

    @inlinable mutating func leave() {
        position += 1
        depth -= 1
        isAtFirst = false
    }

    /// The next member's key, the colon read; nil once the object is closed.
    package mutating func nextKey() throws(Failure) -> String? {
        guard let bytes = try nextKeyBytes() else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// `nextKey` as UTF-8, which is valid until the next string is read.
    package mutating func nextKeyBytes() throws(Failure) -> UnsafeBufferPointer<UInt8>? {
        if next() == UInt8(ascii: "}") {
            leave()
            return nil
        }
        if !isAtFirst, !take(",") { throw failure("'}' or ','") }
        isAtFirst = false
        guard next() == UInt8(ascii: "\"") else { throw failure("a key in double quotes") }
        let key = try stringBytes()
        _ = next()
        guard take(":") else { throw failure("':'") }
        return key
    }

    /// Whether the array has another element, which then must be read; false once it is closed.
    @inlinable package mutating func nextElement() throws(Failure) -> Bool {
        if next() == UInt8(ascii: "]") {
            leave()
            return false
        }
        if !isAtFirst, !take(",") { throw failure("']' or ','") }
        isAtFirst = false
        return true
    }

    /// Passes over a value, checked like any other, and gives its range of bytes.
    @discardableResult
    package mutating func skip() throws(Failure) -> Range<Int> {
        let first = next()
        let start = position
        switch first {
        case UInt8(ascii: "\""): _ = try stringBytes()
        case UInt8(ascii: "["):
            try enterArray()
            while try nextElement() { try skip() }
        case UInt8(ascii: "{"):
            try enterObject()
            while try nextKeyBytes() != nil { try skip() }
        default:
            switch try kind() {
            case .null: try null()
            case .bool: _ = try bool()
            default: _ = try number()
            }
        }
        return start..<position
    }

    /// Goes to the start of a value whose place `skip` gave, or back to where the reader was.
    package mutating func move(to offset: Int) {
        checked = max(checked, position)
        precondition(offset >= 0 && offset <= checked)
        position = offset
    }

    /// Makes sure that nothing but white space follows.
    package mutating func end() throws(Failure) {
        _ = next()
        if position < count { throw failure("the end of the text", fault: .rest) }
    }
}
