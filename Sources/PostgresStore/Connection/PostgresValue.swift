/// A parameter of a statement, which is sent in PostgreSQL's binary form.
///
/// All but vectors name their type, so that the statement needs no casts; `vector` has no fixed number
/// and takes its type from the statement: `$1::vector`.
package enum PostgresValue: Hashable, Sendable {
    case null
    /// int8.
    case integer(Int64)
    /// int4, for which COPY takes no int8.
    case int32(Int32)
    /// int2.
    case int16(Int16)
    case real(Double)
    case boolean(Bool)
    case text(String)
    case bytes([UInt8])
    case integers([Int64])
    case texts([String])
    case byteStrings([[UInt8]])
    /// jsonb.
    case json(String)
    case jsons([String])
    case jsonPath(String)
    /// pgvector's `vector`: `[D]`.
    case vector([Float])

    /// The number of the type in every PostgreSQL; 0 for one that the statement determines.
    var type: UInt32 {
        switch self {
        case .null, .vector: 0
        case .integer: 20
        case .int32: 23
        case .int16: 21
        case .real: 701
        case .boolean: 16
        case .text: 25
        case .bytes: 17
        case .integers: 1016
        case .texts: 1009
        case .byteStrings: 1001
        case .json: 3802
        case .jsons: 3807
        case .jsonPath: 4072
        }
    }

    /// Appends the value's bytes.
    ///
    /// - Returns: `false` for null, which has none.
    func encode(to bytes: inout [UInt8]) -> Bool {
        switch self {
        case .null: return false
        case .integer(let value): bytes.append(bigEndian: value)
        case .int32(let value): bytes.append(bigEndian: value)
        case .int16(let value): bytes.append(bigEndian: value)
        case .real(let value): bytes.append(bigEndian: value.bitPattern)
        case .boolean(let value): bytes.append(value ? 1 : 0)
        case .text(let value): bytes += value.utf8
        case .bytes(let value): bytes += value
        case .integers(let values):
            bytes.appendArray(of: 20, values) { $0.append(bigEndian: $1) }
        case .texts(let values): bytes.appendArray(of: 25, values) { $0 += $1.utf8 }
        case .byteStrings(let values): bytes.appendArray(of: 17, values) { $0 += $1 }
        case .json(let value), .jsonPath(let value): bytes.appendJSON(value)
        case .jsons(let values): bytes.appendArray(of: 3802, values) { $0.appendJSON($1) }
        case .vector(let values):
            bytes.reserveCapacity(bytes.count + 4 + 4 * values.count)
            bytes.append(bigEndian: UInt16(clamping: values.count))
            bytes.append(bigEndian: UInt16(0))
            for value in values { bytes.append(bigEndian: value.bitPattern) }
        }
        return true
    }
}

extension [UInt8] {
    /// Appends an integer, most significant byte first, as PostgreSQL's protocol has it.
    mutating func append(bigEndian value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
    }

    /// Appends the bytes that `body` appends, after their number.
    mutating func appendSized(_ body: (inout [UInt8]) -> Void) {
        let start = count
        append(bigEndian: Int32(0))
        body(&self)
        let size = Int32(clamping: count - start - 4)
        Swift.withUnsafeBytes(of: size.bigEndian) {
            replaceSubrange(start..<start + 4, with: $0)
        }
    }

    fileprivate mutating func appendJSON(_ value: String) {
        // The version of the form.
        append(1)
        self += value.utf8
    }

    /// Appends an array of one dimension without nulls.
    fileprivate mutating func appendArray<Item>(
        of type: UInt32, _ values: [Item], _ body: (inout [UInt8], Item) -> Void
    ) {
        append(bigEndian: Int32(values.isEmpty ? 0 : 1))
        append(bigEndian: Int32(0))
        append(bigEndian: type)
        if values.isEmpty { return }
        append(bigEndian: Int32(clamping: values.count))
        append(bigEndian: Int32(1))
        for value in values { appendSized { body(&$0, value) } }
    }
}
