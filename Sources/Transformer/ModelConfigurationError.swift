import FileFormat
import JSON

/// Why a `config.json` or a GGUF file's metadata is rejected.
package enum ModelConfigurationError: Error, Equatable, Sendable {
    case file(FileError)
    case notJSON(path: String, JSONError)
    /// A GGUF file's metadata is invalid.
    case metadata(GGUFError)
    case missing(path: String, key: String)
    case wrongType(path: String, key: String, expected: String)
    case outOfRange(path: String, key: String, found: String, allowed: String)
    /// A setting is not supported.
    case unsupported(path: String, key: String, found: String)
    /// The model's architecture is not supported.
    case unsupportedArchitecture(path: String, key: String, found: String)
    /// The model looks both ways: it embeds, but it is no decoder-only language model.
    case encoder(path: String, found: String)
    /// Two settings contradict each other.
    case inconsistent(path: String, key: String, fact: String)
}

extension ModelConfigurationError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .file(let error): error.description
        case .metadata(let error): error.description
        case .notJSON(let path, let error): "\(path): \(error)"
        case .missing(let path, let key): "\(path): \"\(key)\" is missing"
        case .wrongType(let path, let key, let expected):
            "\(path): \"\(key)\" must be \(expected)"
        case .outOfRange(let path, let key, let found, let allowed):
            "\(path): \"\(key)\" is \(found), but must be \(allowed)"
        case .unsupported(let path, let key, let found):
            "\(path): \"\(key)\": \(found) is not supported"
        case .unsupportedArchitecture(let path, let key, let found):
            "\(path): \"\(key)\": \(found) is not supported; supported are "
                + (ModelConfiguration.Architecture.allCases.map(\.rawValue)
                + ModelConfiguration.encoderTypes).joined(separator: ", ")
        case .encoder(let path, let found):
            "\(path): \(found) is an encoder, not a decoder-only language model"
        case .inconsistent(let path, let key, let fact): "\(path): \"\(key)\": \(fact)"
        }
    }
}

/// Access to the keys of one JSON object by type and range. `null` counts as absent, except in
/// `has(_:orNull:)`.
package struct ConfigurationFields {
    package let object: JSONObject
    package let path: String
    /// The prefix of keys in messages: "rope_scaling." for a nested object.
    var prefix = ""

    init(object: JSONObject, path: String, prefix: String = "") {
        (self.object, self.path, self.prefix) = (object, path, prefix)
    }

    /// - Parameter path: names the bytes in messages.
    package init(
        json: UnsafeRawBufferPointer, path: String
    ) throws(ModelConfigurationError) {
        let value: JSONValue
        do { value = try JSONValue(parsing: json) } catch { throw .notJSON(path: path, error) }
        guard let object = value.objectValue else {
            throw .wrongType(path: path, key: "", expected: "an object")
        }
        self.init(object: object, path: path)
    }

    package func has(_ key: String, orNull: Bool = false) -> Bool {
        guard let value = object[key] else { return false }
        return orNull || value != .null
    }

    private func value(_ key: String) -> JSONValue? {
        let value = object[key]
        return value == .null ? nil : value
    }

    package func integer(
        _ key: String, in range: ClosedRange<Int>
    ) throws(ModelConfigurationError) -> Int? {
        guard let value = value(key) else { return nil }
        guard let integer = value.integerValue else {
            throw .wrongType(path: path, key: prefix + key, expected: "an integer")
        }
        guard range.contains(integer) else {
            throw .outOfRange(
                path: path, key: prefix + key, found: String(integer),
                allowed: "\(range.lowerBound) to \(range.upperBound)")
        }
        return integer
    }

    package func required(
        _ key: String, in range: ClosedRange<Int>
    ) throws(ModelConfigurationError) -> Int {
        guard let value = try integer(key, in: range) else {
            throw .missing(path: path, key: prefix + key)
        }
        return value
    }

    package func number(
        _ key: String, in range: ClosedRange<Double>
    ) throws(ModelConfigurationError) -> Double? {
        guard let value = value(key) else { return nil }
        guard let number = value.doubleValue else {
            throw .wrongType(path: path, key: prefix + key, expected: "a number")
        }
        guard range.contains(number) else {
            throw .outOfRange(
                path: path, key: prefix + key, found: String(number),
                allowed: "\(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    package func required(
        _ key: String, in range: ClosedRange<Double>
    ) throws(ModelConfigurationError) -> Double {
        guard let value = try number(key, in: range) else {
            throw .missing(path: path, key: prefix + key)
        }
        return value
    }

    package func boolean(_ key: String) throws(ModelConfigurationError) -> Bool? {
        guard let value = value(key) else { return nil }
        guard let bool = value.boolValue else {
            throw .wrongType(path: path, key: prefix + key, expected: "true or false")
        }
        return bool
    }

    package func string(_ key: String) throws(ModelConfigurationError) -> String? {
        guard let value = value(key) else { return nil }
        guard let string = value.stringValue else {
            throw .wrongType(path: path, key: prefix + key, expected: "a string")
        }
        return string
    }

    package func strings(_ key: String) throws(ModelConfigurationError) -> [String]? {
        guard let value = value(key) else { return nil }
        guard let array = value.arrayValue else {
            throw .wrongType(path: path, key: prefix + key, expected: "an array of strings")
        }
        var strings: [String] = []
        for element in array {
            guard let string = element.stringValue else {
                throw .wrongType(path: path, key: prefix + key, expected: "an array of strings")
            }
            strings.append(string)
        }
        return strings
    }

    /// A token id, or several.
    package func tokens(_ key: String) throws(ModelConfigurationError) -> [Int32]? {
        guard let value = value(key) else { return nil }
        var ids: [Int32] = []
        for element in value.arrayValue ?? [value] {
            guard let id = element.integerValue.flatMap({ Int32(exactly: $0) }) else {
                throw .wrongType(
                    path: path, key: prefix + key, expected: "a token's id or an array of them")
            }
            // Some files use -1 for none.
            if id >= 0 { ids.append(id) }
        }
        return ids
    }

    /// Exactly `count` numbers in `range`.
    func numbers(
        _ key: String, count: Int, in range: ClosedRange<Double>
    ) throws(ModelConfigurationError) -> [Double] {
        guard let value = value(key) else { throw .missing(path: path, key: prefix + key) }
        guard let array = value.arrayValue, array.count == count else {
            throw .wrongType(
                path: path, key: prefix + key, expected: "an array of \(count) numbers")
        }
        var numbers: [Double] = []
        for element in array {
            guard let number = element.doubleValue, range.contains(number) else {
                throw .outOfRange(
                    path: path, key: prefix + key, found: "\(element)",
                    allowed: "\(range.lowerBound) to \(range.upperBound)")
            }
            numbers.append(number)
        }
        return numbers
    }

    func nested(_ key: String) throws(ModelConfigurationError) -> ConfigurationFields? {
        guard let value = value(key) else { return nil }
        guard let object = value.objectValue else {
            throw .wrongType(path: path, key: prefix + key, expected: "an object")
        }
        return ConfigurationFields(object: object, path: path, prefix: "\(prefix)\(key).")
    }
}
