/// A pull parser for JSON (RFC 8259) that makes one pass over bytes in memory.
///
/// The caller walks the structure that it knows and builds values only for the rest: a tokenizer's
/// vocabulary goes straight into its table, a document's vector into an array of floats.
///
///     try reader.enterObject()
///     while let key = try reader.nextKey() { … try reader.string() … }
///     try reader.end()
///
/// - Strict: no comments, trailing commas, leading zeros, bare control characters or infinities.
/// - Strings without an escape are returned in place, without a copy.
/// - Nesting is bounded, so that hostile input cannot exhaust the stack.
/// - An object that is read as a value has distinct keys. A caller that walks an object checks that
///   itself, and throws `repeated(_:)`.
package struct JSONReader {
    /// What the reader accepts.
    package struct Rules: Sendable {
        /// The most levels of nested objects and arrays.
        package var maximumDepth: Int
        /// Whether the escape `\u0000` is refused, since SQLite cannot store it in a text.
        package var refusesNull: Bool
        /// Whether a leading byte order mark is skipped. It is not JSON, but some files have one.
        package var allowsByteOrderMark: Bool
        /// Whether the bytes are known to be UTF-8, so that strings need not be checked.
        package var isKnownUTF8: Bool

        package init(
            maximumDepth: Int, refusesNull: Bool = false, allowsByteOrderMark: Bool = false,
            isKnownUTF8: Bool = false
        ) {
            self.maximumDepth = maximumDepth
            self.refusesNull = refusesNull
            self.allowsByteOrderMark = allowsByteOrderMark
            self.isKnownUTF8 = isKnownUTF8
        }
    }

    /// A value's kind.
    package enum Kind: Sendable {
        case object, array, string, number, bool, null
    }

    @usableFromInline let base: UnsafePointer<UInt8>
    @usableFromInline let count: Int
    let rules: Rules
    /// The number of bytes read so far.
    package var position = 0
    @usableFromInline var depth = 0
    /// Whether the next key or element is the first of its object or array.
    @usableFromInline var isAtFirst = false
    /// The offset of the last key.
    private var keyOffset = 0
    /// Strings before this offset are known to be UTF-8.
    private(set) var checked = 0
    /// The last string with an escape, resolved.
    var unescaped: [UInt8] = []

    /// `bytes` must outlive the reader.
    package init(_ bytes: UnsafeRawBufferPointer, rules: Rules) {
        self.rules = rules
        count = bytes.count
        checked = rules.isKnownUTF8 ? count : 0
        // Without bytes nothing is read, but the pointer must not be null.
        base =
            bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
            ?? UnsafePointer(bitPattern: 1)!
        if rules.allowsByteOrderMark, count >= 3, base[0] == 0xEF, base[1] == 0xBB, base[2] == 0xBF
        {
            position = 3
        }
    }

    // MARK: Failing

    /// The error at `offset`, or at the current position. Without a reason, the byte there is at
    /// fault.
    @usableFromInline @inline(never)
    func failure(
        _ expected: JSONError.Expectation, _ reason: JSONError.Reason? = nil, at offset: Int? = nil
    ) -> JSONError {
        let offset = offset ?? position
        let found: JSONError.Reason =
            offset < count ? reason ?? .unexpectedByte(base[offset]) : .unexpectedEnd
        return JSONError(reason: found, offset: offset, expected: expected)
    }

    /// The error for `key`, just read, if the object has it already.
    package func repeated(_ key: String) -> JSONError {
        failure(.distinctKeys, .repeatedKey(key), at: keyOffset)
    }

    // MARK: Tokens

    /// The first byte of the next token, not consumed; 0 at the end.
    @inlinable package mutating func peek() -> UInt8 { next() }

    /// `peek`, inlined within this module.
    @inlinable @inline(__always)
    mutating func next() -> UInt8 {
        while position < count {
            let byte = base[position]
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return byte }
            position += 1
        }
        return 0
    }

    /// Consumes `character` if it is the next byte.
    @inlinable @inline(__always)
    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard position < count, base[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    /// The kind of the next value, judged by its first byte.
    @inlinable package mutating func kind() throws(JSONError) -> Kind {
        switch next() {
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
        case UInt8(ascii: "n"): return .null
        default: throw failure(.value)
        }
    }

    package mutating func bool() throws(JSONError) -> Bool {
        let first = next()
        guard takeWord(first == UInt8(ascii: "t") ? "true" : "false") else {
            throw failure(.value)
        }
        return first == UInt8(ascii: "t")
    }

    package mutating func null() throws(JSONError) {
        _ = next()
        guard takeWord("null") else { throw failure(.value) }
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

    package mutating func enterObject() throws(JSONError) {
        _ = next()
        guard take("{") else { throw failure(.object) }
        try enter()
    }

    package mutating func enterArray() throws(JSONError) {
        _ = next()
        guard take("[") else { throw failure(.array) }
        try enter()
    }

    private mutating func enter() throws(JSONError) {
        depth += 1
        if depth > rules.maximumDepth {
            throw failure(.nesting, .tooDeep(maximum: rules.maximumDepth), at: position - 1)
        }
        isAtFirst = true
    }

    @inlinable mutating func leave() {
        position += 1
        depth -= 1
        isAtFirst = false
    }

    /// The next member's key, with its colon consumed; `nil` at the end of the object.
    package mutating func nextKey() throws(JSONError) -> String? {
        guard let bytes = try nextKeyBytes() else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// `nextKey` as UTF-8, valid until the next string is read.
    package mutating func nextKeyBytes() throws(JSONError) -> UnsafeBufferPointer<UInt8>? {
        if next() == UInt8(ascii: "}") {
            leave()
            return nil
        }
        if !isAtFirst, !take(",") { throw failure(.commaOrBrace) }
        isAtFirst = false
        guard next() == UInt8(ascii: "\"") else { throw failure(.key) }
        keyOffset = position
        let key = try stringBytes()
        _ = next()
        guard take(":") else { throw failure(.colon) }
        return key
    }

    /// Whether the array has another element, which must then be read; `false` at its end.
    @inlinable package mutating func nextElement() throws(JSONError) -> Bool {
        if next() == UInt8(ascii: "]") {
            leave()
            return false
        }
        if !isAtFirst, !take(",") { throw failure(.commaOrBracket) }
        isAtFirst = false
        return true
    }

    /// Skips a value, with the same checks as reading it, and returns its byte range.
    @discardableResult
    package mutating func skip() throws(JSONError) -> Range<Int> {
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

    /// Moves to the start of a value that was skipped, or back to an earlier position.
    package mutating func move(to offset: Int) {
        checked = max(checked, position)
        precondition(offset >= 0 && offset <= checked)
        position = offset
    }

    /// Checks that nothing but white space follows.
    package mutating func end() throws(JSONError) {
        _ = next()
        if position < count { throw failure(.end, .trailingBytes) }
    }
}
