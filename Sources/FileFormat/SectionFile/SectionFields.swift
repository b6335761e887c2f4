/// Writes consecutive little-endian fields.
package struct FieldWriter {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    package mutating func write(_ value: UInt64) {
        withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
    }
    package mutating func write(_ value: Int64) { write(UInt64(bitPattern: value)) }
    package mutating func write(bytes source: [UInt8]) { bytes += source }
}

package struct FieldReader {
    private var rest: Slice<UnsafeRawBufferPointer>

    package init(_ bytes: Slice<UnsafeRawBufferPointer>) { rest = bytes }

    package mutating func bytes(_ count: Int) -> [UInt8] {
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }
    package mutating func uint64() -> UInt64 {
        bytes(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
    package mutating func int64() -> Int64 { Int64(bitPattern: uint64()) }
}
