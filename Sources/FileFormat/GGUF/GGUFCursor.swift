import Foundation

/// Reads a GGUF file's header sequentially. Every length is checked against the remaining bytes
/// before anything is allocated for it.
struct GGUFCursor {
    let bytes: UnsafeRawBufferPointer
    let owner: (any AnyObject & Sendable)?
    let path: String
    private(set) var offset = 0

    /// Arrays nested deeper than any writer produces are rejected.
    private static let maximumDepth = 4

    init(bytes: UnsafeRawBufferPointer, owner: (any AnyObject & Sendable)?, path: String) {
        (self.bytes, self.owner, self.path) = (bytes, owner, path)
    }

    /// The bytes read since `start`, without copying.
    func data(from start: Int) -> Data {
        guard let base = bytes.baseAddress, offset > start else { return Data() }
        let owner = owner
        return Data(
            bytesNoCopy: UnsafeMutableRawPointer(mutating: base + start), count: offset - start,
            deallocator: .custom { _, _ in withExtendedLifetime(owner) {} })
    }

    private var left: Int { bytes.count - offset }

    /// Checks that at least `needed` bytes remain.
    private func require(_ needed: UInt64, _ field: String) throws(GGUFError) -> Int {
        guard needed <= UInt64(left) else {
            throw .truncated(
                path: path, offset: offset, field: field, needed: needed, available: left)
        }
        return Int(needed)
    }

    mutating func integer<Number: FixedWidthInteger>(
        _ type: Number.Type, _ field: @autoclosure () -> String
    ) throws(GGUFError) -> Number {
        let size = MemoryLayout<Number>.size
        if left < size { _ = try require(UInt64(size), field()) }
        defer { offset += size }
        return Number(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: type))
    }

    /// Reads a count of items that take at least `minimum` bytes each.
    mutating func count(minimum: Int, _ field: String) throws(GGUFError) -> Int {
        let count = try integer(UInt64.self, field)
        let (needed, overflow) = count.multipliedReportingOverflow(by: UInt64(minimum))
        _ = try require(overflow ? .max : needed, field)
        return Int(count)
    }

    /// Reads a string's bytes.
    mutating func string(_ field: @autoclosure () -> String) throws(GGUFError)
        -> UnsafeRawBufferPointer
    {
        let length = try integer(UInt64.self, field())
        let count = length <= UInt64(left) ? Int(length) : try require(length, field())
        defer { offset += count }
        return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
    }

    /// Reads a key or a tensor's name: printable ASCII, so that equal strings have equal bytes.
    mutating func name(maximum: Int) throws(GGUFError) -> String {
        let start = offset
        let name = try string("a name")
        guard 1...maximum ~= name.count, name.allSatisfy({ 0x20..<0x7F ~= $0 }) else {
            throw .badName(path: path, offset: start)
        }
        return String(decoding: name, as: UTF8.self)
    }

    mutating func value(key: String) throws(GGUFError) -> GGUFValue {
        let kind = try kind(key: key)
        if kind == .array { return .array(try array(key: key, depth: 1)) }
        if kind == .string {
            return .string(GGUFString(try string("metadata \"\(key)\""), owner: owner))
        }
        let start = offset
        let size = kind.size ?? 0
        offset += try require(UInt64(size), "metadata \"\(key)\"")
        let field = UnsafeRawBufferPointer(rebasing: bytes[start..<offset])
        try checkBooleans(field, kind, key: key)
        return kind.value(at: field.baseAddress!)
    }

    private mutating func kind(key: String) throws(GGUFError) -> GGUFValue.Kind {
        let number = try integer(UInt32.self, "metadata \"\(key)\"")
        guard let kind = GGUFValue.Kind(rawValue: number) else {
            throw .unknownValueType(path: path, key: key, number: number)
        }
        return kind
    }

    private func checkBooleans(
        _ field: UnsafeRawBufferPointer, _ kind: GGUFValue.Kind, key: String
    ) throws(GGUFError) {
        if kind == .bool, let odd = field.first(where: { $0 > 1 }) {
            throw .badBoolean(path: path, key: key, value: odd)
        }
    }

    private mutating func array(key: String, depth: Int) throws(GGUFError) -> GGUFArray {
        guard depth <= Self.maximumDepth else { throw .nestedTooDeep(path: path, key: key) }
        let kind = try kind(key: key)
        let field = "metadata \"\(key)\""
        switch kind {
        case .array:
            // Each has a type and a count.
            let count = try count(minimum: 12, field)
            var arrays: [GGUFArray] = []
            for _ in 0..<count { arrays.append(try array(key: key, depth: depth + 1)) }
            return GGUFArray(arrays: arrays)
        case .string:
            let count = try count(minimum: 8, field)
            let start = offset
            var starts: [Int] = []
            starts.reserveCapacity(count)
            for _ in 0..<count {
                starts.append(offset - start)
                _ = try string(field)
            }
            return GGUFArray(
                starts: starts, bytes: UnsafeRawBufferPointer(rebasing: bytes[start..<offset]),
                owner: owner)
        default:
            let size = kind.size ?? 1
            let count = try count(minimum: size, field)
            let start = offset
            offset += count * size
            let part = UnsafeRawBufferPointer(rebasing: bytes[start..<offset])
            try checkBooleans(part, kind, key: key)
            return GGUFArray(fixed: kind, count: count, bytes: part, owner: owner)
        }
    }
}
