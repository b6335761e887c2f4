/// Writes GGUF files byte by byte, sound ones and others.
package struct GGUFBuilder {
    package var version: UInt32 = 3
    package var alignment = 32
    /// In place of the true numbers.
    package var tensorCount: UInt64?
    package var valueCount: UInt64?
    private var values: [[UInt8]] = []
    private var tensors: [[UInt8]] = []
    private var data: [UInt8] = []

    package init() {}

    package static func bytes<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
        withUnsafeBytes(of: number.littleEndian) { Array($0) }
    }

    package static func string(_ text: String) -> [UInt8] {
        bytes(UInt64(text.utf8.count)) + Array(text.utf8)
    }

    /// A value as it lies in the file, after its type's number.
    package mutating func add(_ key: String, type: UInt32, value: [UInt8]) {
        values.append(Self.string(key) + Self.bytes(type) + value)
    }

    package mutating func add(_ key: String, _ value: String) {
        add(key, type: 8, value: Self.string(value))
    }

    package mutating func add(_ key: String, _ value: UInt32) {
        add(key, type: 4, value: Self.bytes(value))
    }

    package mutating func add(_ key: String, _ value: Float) {
        add(key, type: 6, value: Self.bytes(value.bitPattern))
    }

    package mutating func add(_ key: String, _ value: Bool) {
        add(key, type: 7, value: [value ? 1 : 0])
    }

    package mutating func add(_ key: String, _ strings: [String]) {
        add(
            key, type: 9,
            value: Self.bytes(8 as UInt32) + Self.bytes(UInt64(strings.count))
                + strings.flatMap(Self.string))
    }

    package mutating func add(_ key: String, _ numbers: [Int32]) {
        add(
            key, type: 9,
            value: Self.bytes(5 as UInt32) + Self.bytes(UInt64(numbers.count))
                + numbers.flatMap(Self.bytes))
    }

    /// An entry of the table, whatever it says.
    package mutating func addEntry(
        _ name: String, sizes: [UInt64], type: UInt32, offset: UInt64
    ) {
        tensors.append(
            Self.string(name) + Self.bytes(UInt32(sizes.count)) + sizes.flatMap(Self.bytes)
                + Self.bytes(type) + Self.bytes(offset))
    }

    /// A tensor with its bytes, aligned.
    /// - Parameter sizes: in the file's order, columns first.
    package mutating func addTensor(
        _ name: String, sizes: [UInt64], type: UInt32, bytes: [UInt8]
    ) {
        pad(&data)
        addEntry(name, sizes: sizes, type: type, offset: UInt64(data.count))
        data += bytes
    }

    /// A float32 tensor.
    package mutating func addTensor(_ name: String, sizes: [UInt64], _ numbers: [Float]) {
        addTensor(
            name, sizes: sizes, type: 0, bytes: numbers.flatMap { Self.bytes($0.bitPattern) })
    }

    private func pad(_ bytes: inout [UInt8]) {
        while bytes.count % alignment != 0 { bytes.append(0) }
    }

    package var file: [UInt8] {
        var out = Array("GGUF".utf8) + Self.bytes(version)
        out += Self.bytes(tensorCount ?? UInt64(tensors.count))
        out += Self.bytes(valueCount ?? UInt64(values.count))
        out += values.flatMap { $0 } + tensors.flatMap { $0 }
        pad(&out)
        return out + data
    }
}
