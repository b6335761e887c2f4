import TextBytes

/// Writes one JSON object on one line, member by member in the order of the calls. For output of
/// commands, and for objects that would be large as values, such as a document's vector.
///
///     var writer = JSONWriter()
///     writer.set("id", "a")
///     writer.set("vector", vector)
///     output(writer.bytes)
package struct JSONWriter {
    private var open: [UInt8] = [UInt8(ascii: "{")]

    package init() {}

    /// The object with the members written so far.
    package var bytes: [UInt8] { open + [UInt8(ascii: "}")] }

    package var text: String { String(decoding: bytes, as: UTF8.self) }

    private mutating func key(_ key: String) {
        if open.count > 1 { open.append(UInt8(ascii: ",")) }
        Self.append(key, to: &open)
        open.append(UInt8(ascii: ":"))
    }

    package mutating func set(_ key: String, _ value: JSONValue) {
        self.key(key)
        value.write(to: &open)
    }

    package mutating func set(_ key: String, _ text: String?) {
        self.key(key)
        if let text { Self.append(text, to: &open) } else { open += "null".utf8 }
    }

    package mutating func set(_ key: String, _ number: Int) { set(key, .integer(Int64(number))) }

    package mutating func set(_ key: String, _ object: JSONWriter) {
        self.key(key)
        object.finish(into: &open)
    }

    package mutating func set(_ key: String, _ objects: [JSONWriter]) {
        self.key(key)
        Self.append(objects, to: &open) { $0.finish(into: &$1) }
    }

    /// Adds an array of numbers in the shortest form that reads back as the same 32-bit float.
    package mutating func set(_ key: String, _ vector: [Float]) {
        self.key(key)
        Self.append(vector, to: &open)
    }

    /// Adds a matrix, as an array of rows.
    package mutating func set(_ key: String, _ rows: [[Float]]) {
        self.key(key)
        Self.append(rows, to: &open) { Self.append($0, to: &$1) }
    }

    package mutating func set(_ key: String, _ ids: [Int32]) {
        self.key(key)
        open += Self.array(ids)
    }

    private func finish(into bytes: inout [UInt8]) {
        bytes += open
        bytes.append(UInt8(ascii: "}"))
    }
}

// MARK: Pieces

extension JSONWriter {
    /// `[1,2,3]`
    package static func array(_ ids: [Int32]) -> [UInt8] {
        var bytes: [UInt8] = []
        append(ids, to: &bytes) { $1 += String($0).utf8 }
        return bytes
    }

    /// The string in quotes.
    package static func quoted(_ string: String) -> String {
        var bytes: [UInt8] = []
        append(string, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func append(_ vector: [Float], to bytes: inout [UInt8]) {
        append(vector, to: &bytes) { number, bytes in
            bytes += (number.isFinite ? "\(number)" : "null").utf8
        }
    }

    fileprivate static func append<Element>(
        _ elements: some Collection<Element>, to bytes: inout [UInt8],
        brackets: StaticString = "[]", _ write: (Element, inout [UInt8]) -> Void
    ) {
        bytes.append(brackets.utf8Start[0])
        var isFirst = true
        for element in elements {
            if !isFirst { bytes.append(UInt8(ascii: ",")) }
            isFirst = false
            write(element, &bytes)
        }
        bytes.append(brackets.utf8Start[1])
    }

    /// Appends the string in quotes, escaping only what must be.
    fileprivate static func append(_ string: String, to bytes: inout [UInt8]) {
        var string = string
        string.withUTF8 { append(utf8: $0, to: &bytes) }
    }

    /// Appends a string in quotes, given as its UTF-8.
    package static func append(utf8 text: some Collection<UInt8>, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        var rest = text[...]
        while let place = rest.firstIndex(where: {
            $0 < 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\")
        }) {
            bytes += rest[..<place]
            appendEscape(of: rest[place], to: &bytes)
            rest = rest[rest.index(after: place)...]
        }
        bytes += rest
        bytes.append(UInt8(ascii: "\""))
    }

    private static func appendEscape(of byte: UInt8, to bytes: inout [UInt8]) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
        case UInt8(ascii: "\n"): bytes += "\\n".utf8
        case UInt8(ascii: "\r"): bytes += "\\r".utf8
        case UInt8(ascii: "\t"): bytes += "\\t".utf8
        default: bytes += ((byte < 16 ? "\\u000" : "\\u00") + String(byte, radix: 16)).utf8
        }
    }
}

// MARK: Values

extension JSONValue {
    /// Compact JSON with each object's keys in byte order, so that equal values give equal text.
    /// Numbers that JSON cannot express (infinity, NaN) become `null`.
    public var jsonText: String {
        var bytes: [UInt8] = []
        write(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Readable JSON: one member or element per line, indented by two spaces per level, keys in
    /// their own order.
    public var indentedText: String {
        var bytes: [UInt8] = []
        writeIndented(to: &bytes, margin: "\n")
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends ``jsonText`` as UTF-8.
    package func write(to bytes: inout [UInt8]) {
        switch self {
        case .array(let values): JSONWriter.append(values, to: &bytes) { $0.write(to: &$1) }
        case .object(let members):
            let sorted = members.sorted { $0.key.precedesByBytes($1.key) }
            JSONWriter.append(sorted, to: &bytes, brackets: "{}") { member, bytes in
                JSONWriter.append(member.key, to: &bytes)
                bytes.append(UInt8(ascii: ":"))
                member.value.write(to: &bytes)
            }
        default: writeScalar(to: &bytes)
        }
    }

    private func writeIndented(to bytes: inout [UInt8], margin: String) {
        switch self {
        case .array(let values) where !values.isEmpty:
            JSONWriter.append(values, to: &bytes) { value, bytes in
                bytes += (margin + "  ").utf8
                value.writeIndented(to: &bytes, margin: margin + "  ")
            }
            bytes.insert(contentsOf: margin.utf8, at: bytes.count - 1)
        case .object(let members) where !members.isEmpty:
            JSONWriter.append(members, to: &bytes, brackets: "{}") { member, bytes in
                bytes += (margin + "  ").utf8
                JSONWriter.append(member.key, to: &bytes)
                bytes += ": ".utf8
                member.value.writeIndented(to: &bytes, margin: margin + "  ")
            }
            bytes.insert(contentsOf: margin.utf8, at: bytes.count - 1)
        case .array: bytes += "[]".utf8
        case .object: bytes += "{}".utf8
        default: writeScalar(to: &bytes)
        }
    }

    private func writeScalar(to bytes: inout [UInt8]) {
        switch self {
        case .bool(let value): bytes += (value ? "true" : "false").utf8
        case .integer(let value): bytes += String(value).utf8
        case .largeInteger(let value): bytes += value.description.utf8
        case .number(let value): bytes += (value.isFinite ? "\(value)" : "null").utf8
        case .string(let value): JSONWriter.append(value, to: &bytes)
        case .null, .array, .object: bytes += "null".utf8
        }
    }
}
