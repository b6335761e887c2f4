/// A metadata value of a GGUF file. Strings and arrays are views of the file's bytes.
package enum GGUFValue: Sendable {
    case unsigned(UInt64)
    case signed(Int64)
    case float(Double)
    case bool(Bool)
    case string(GGUFString)
    case array(GGUFArray)

    /// The value types of the format, by their numbers.
    enum Kind: UInt32, Sendable {
        case uint8 = 0
        case int8 = 1
        case uint16 = 2
        case int16 = 3
        case uint32 = 4
        case int32 = 5
        case float32 = 6
        case bool = 7
        case string = 8
        case array = 9
        case uint64 = 10
        case int64 = 11
        case float64 = 12

        /// The size of a value in bytes; nil if it varies.
        var size: Int? {
            switch self {
            case .uint8, .int8, .bool: 1
            case .uint16, .int16: 2
            case .uint32, .int32, .float32: 4
            case .uint64, .int64, .float64: 8
            case .string, .array: nil
            }
        }

        /// The value at the start of `bytes`, which hold at least `size`; booleans were checked.
        func value(at bytes: UnsafeRawPointer) -> GGUFValue {
            func load<Number: FixedWidthInteger>(_ type: Number.Type) -> Number {
                Number(littleEndian: bytes.loadUnaligned(as: type))
            }
            switch self {
            case .uint8: return .unsigned(UInt64(load(UInt8.self)))
            case .int8: return .signed(Int64(load(Int8.self)))
            case .uint16: return .unsigned(UInt64(load(UInt16.self)))
            case .int16: return .signed(Int64(load(Int16.self)))
            case .uint32: return .unsigned(UInt64(load(UInt32.self)))
            case .int32: return .signed(Int64(load(Int32.self)))
            case .uint64: return .unsigned(load(UInt64.self))
            case .int64: return .signed(load(Int64.self))
            case .float32: return .float(Double(Float(bitPattern: load(UInt32.self))))
            case .float64: return .float(Double(bitPattern: load(UInt64.self)))
            case .bool: return .bool(load(UInt8.self) != 0)
            case .string, .array: preconditionFailure("not of a fixed size")
            }
        }
    }

    /// The value as an integer; nil if it is not one or does not fit.
    package var integer: Int? {
        switch self {
        case .unsigned(let value): Int(exactly: value)
        case .signed(let value): Int(exactly: value)
        default: nil
        }
    }

    package var number: Double? {
        switch self {
        case .unsigned(let value): Double(value)
        case .signed(let value): Double(value)
        case .float(let value): value
        default: nil
        }
    }

    package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    package var string: GGUFString? { if case .string(let value) = self { value } else { nil } }
    package var array: GGUFArray? { if case .array(let value) = self { value } else { nil } }
}

/// The bytes of a string in the file. The format requires UTF-8, which has not been checked.
package struct GGUFString: @unchecked Sendable {
    package let bytes: UnsafeBufferPointer<UInt8>
    fileprivate let owner: (any AnyObject & Sendable)?

    init(_ bytes: UnsafeRawBufferPointer, owner: (any AnyObject & Sendable)?) {
        (self.bytes, self.owner) = (bytes.bindMemory(to: UInt8.self), owner)
    }

    /// The string, with U+FFFD in place of invalid UTF-8.
    package var text: String { String(decoding: bytes, as: UTF8.self) }
}

/// The elements of an array in the file, all of one type.
package struct GGUFArray: @unchecked Sendable {
    private enum Elements {
        case fixed(GGUFValue.Kind)
        /// The offset of each string's length.
        case strings(starts: [Int])
        case arrays([GGUFArray])
    }

    package let count: Int
    private let elements: Elements
    private let bytes: UnsafeRawBufferPointer
    private let owner: (any AnyObject & Sendable)?

    init(
        fixed kind: GGUFValue.Kind, count: Int, bytes: UnsafeRawBufferPointer,
        owner: (any AnyObject & Sendable)?
    ) {
        (elements, self.count, self.bytes, self.owner) = (.fixed(kind), count, bytes, owner)
    }

    init(starts: [Int], bytes: UnsafeRawBufferPointer, owner: (any AnyObject & Sendable)?) {
        elements = .strings(starts: starts)
        (count, self.bytes, self.owner) = (starts.count, bytes, owner)
    }

    init(arrays: [GGUFArray]) {
        elements = .arrays(arrays)
        (count, bytes, owner) = (arrays.count, UnsafeRawBufferPointer(start: nil, count: 0), nil)
    }

    package subscript(index: Int) -> GGUFValue {
        precondition(0..<count ~= index)
        switch elements {
        case .fixed(let kind):
            let size = kind.size ?? 0
            return kind.value(at: UnsafeRawPointer(bytes.baseAddress!) + index * size)
        case .strings: return .string(string(index))
        case .arrays(let arrays): return .array(arrays[index])
        }
    }

    package var isOfStrings: Bool { if case .strings = elements { true } else { count == 0 } }

    /// - Precondition: the array has strings.
    package func string(_ index: Int) -> GGUFString {
        guard case .strings(let starts) = elements else {
            preconditionFailure("not an array of strings")
        }
        let start = starts[index]
        let length = Int(
            UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt64.self)))
        return GGUFString(
            UnsafeRawBufferPointer(rebasing: bytes[(start + 8)..<(start + 8 + length)]),
            owner: owner)
    }

    /// All elements as integers; nil if one is not an integer.
    package var integers: [Int]? {
        var result: [Int] = []
        result.reserveCapacity(count)
        for index in 0..<count {
            guard let value = self[index].integer else { return nil }
            result.append(value)
        }
        return result
    }

    /// All elements as numbers; nil if one is not a number.
    package var numbers: [Double]? {
        var result: [Double] = []
        result.reserveCapacity(count)
        for index in 0..<count {
            guard let value = self[index].number else { return nil }
            result.append(value)
        }
        return result
    }
}
