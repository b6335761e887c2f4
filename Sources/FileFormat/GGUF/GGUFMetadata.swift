import Foundation

/// The keys and values of a GGUF file, with access by type and range.
package struct GGUFMetadata: Sendable {
    /// The file's name in messages.
    package let path: String
    /// All keys in file order.
    package let keys: [String]
    private let values: [String: GGUFValue]
    /// The bytes of keys and values in the file, not copied.
    package let data: Data

    /// Where each key with its value is in `data`.
    private let ranges: [String: Range<Int>]

    init(
        path: String, keys: [String], values: [String: GGUFValue], data: Data,
        ranges: [String: Range<Int>]
    ) {
        (self.path, self.keys, self.values, self.data) = (path, keys, values, data)
        self.ranges = ranges
    }

    /// A key with its value, as the file has it; nil if there is none.
    func entry(_ key: String) -> Data? {
        ranges[key].map { range in
            data[data.startIndex + range.lowerBound..<data.startIndex + range.upperBound]
        }
    }

    package subscript(key: String) -> GGUFValue? { values[key] }

    package func string(_ key: String) throws(GGUFError) -> String? {
        guard let value = values[key] else { return nil }
        guard let string = value.string else {
            throw .wrongType(path: path, key: key, expected: "a string")
        }
        return string.text
    }

    package func bool(_ key: String) throws(GGUFError) -> Bool? {
        guard let value = values[key] else { return nil }
        guard let bool = value.bool else {
            throw .wrongType(path: path, key: key, expected: "true or false")
        }
        return bool
    }

    package func integer(
        _ key: String, in range: ClosedRange<Int>
    ) throws(GGUFError) -> Int? {
        guard let value = values[key] else { return nil }
        guard let integer = value.integer else {
            throw .wrongType(path: path, key: key, expected: "an integer")
        }
        return try checked(integer, key, range)
    }

    package func number(
        _ key: String, in range: ClosedRange<Double>
    ) throws(GGUFError) -> Double? {
        guard let value = values[key] else { return nil }
        guard let number = value.number else {
            throw .wrongType(path: path, key: key, expected: "a number")
        }
        return try checked(number, key, range)
    }

    /// An integer, or an array of equal integers: some files have one number for each layer.
    package func uniformInteger(
        _ key: String, in range: ClosedRange<Int>
    ) throws(GGUFError) -> Int? {
        guard let array = values[key]?.array else { return try integer(key, in: range) }
        guard let integers = array.integers, let first = integers.first,
            integers.allSatisfy({ $0 == first })
        else {
            throw .wrongType(path: path, key: key, expected: "the same integer for every layer")
        }
        return try checked(first, key, range)
    }

    package func strings(_ key: String) throws(GGUFError) -> GGUFArray? {
        guard let value = values[key] else { return nil }
        guard let array = value.array, array.isOfStrings else {
            throw .wrongType(path: path, key: key, expected: "an array of strings")
        }
        return array
    }

    package func integers(_ key: String) throws(GGUFError) -> [Int]? {
        guard let value = values[key] else { return nil }
        guard let integers = value.array?.integers else {
            throw .wrongType(path: path, key: key, expected: "an array of integers")
        }
        return integers
    }

    package func numbers(_ key: String) throws(GGUFError) -> [Double]? {
        guard let value = values[key] else { return nil }
        guard let numbers = value.array?.numbers else {
            throw .wrongType(path: path, key: key, expected: "an array of numbers")
        }
        return numbers
    }

    private func checked<Number: Comparable>(
        _ number: Number, _ key: String, _ range: ClosedRange<Number>
    ) throws(GGUFError) -> Number {
        guard range.contains(number) else {
            throw .outOfRange(
                path: path, key: key, found: "\(number)",
                allowed: "\(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}
