import FileFormat
import Foundation
import JSON
import Tensors
import Tokenization

/// Typed access to the fields of a model folder's small JSON files. `null` counts as missing.
struct SettingsFields {
    let object: JSONObject
    let path: String

    static let largestRank = 65536
    static let largestAlpha = 1e6

    init(_ data: Data, path: String) throws(AutoRegEmbedError) {
        guard let object = try Self.value(data, path: path).objectValue else {
            throw .settings(path: path, key: "", problem: "must be an object")
        }
        (self.object, self.path) = (object, path)
    }

    /// Nil if the file does not exist.
    init?(_ file: URL) throws(AutoRegEmbedError) {
        guard let data = try Self.read(file) else { return nil }
        try self.init(data, path: file.path)
    }

    private init(object: JSONObject, path: String) {
        (self.object, self.path) = (object, path)
    }

    /// Reads a file that is a list of objects; nil if it does not exist.
    static func list(_ file: URL) throws(AutoRegEmbedError) -> [SettingsFields]? {
        guard let data = try read(file) else { return nil }
        var list: [SettingsFields] = []
        for element in try value(data, path: file.path).arrayValue ?? [.null] {
            guard let object = element.objectValue else {
                throw .settings(path: file.path, key: "", problem: "must be a list of objects")
            }
            list.append(SettingsFields(object: object, path: file.path))
        }
        return list
    }

    private static func read(_ path: URL) throws(AutoRegEmbedError) -> Data? {
        guard FileManager.default.fileExists(atPath: path.path) else { return nil }
        let file: MappedFile
        do { file = try MappedFile(modelFile: path.path) } catch { throw .model(error) }
        return withExtendedLifetime(file) { Data(file.bytes) }
    }

    private static func value(
        _ data: Data, path: String
    ) throws(AutoRegEmbedError) -> JSONValue {
        do { return try JSONValue(parsing: data) } catch {
            throw .settings(path: path, key: "", problem: error.description)
        }
    }

    /// Throws for a key that is neither known nor null or false.
    func check(_ known: Set<String>) throws(AutoRegEmbedError) {
        for key in object.keys where !known.contains(key) {
            switch self[key] {
            case nil, .bool(false)?: break
            default: throw wrong(key, "is not supported")
            }
        }
    }

    /// Throws if a sentence-transformers module reads or writes anything but the vector.
    func checkReadsSentence() throws(AutoRegEmbedError) {
        for key in ["module_input_name", "module_output_name"] {
            if let name = try string(key), name != "sentence_embedding" {
                throw wrong(key, "\(name) is not supported")
            }
        }
    }

    subscript(key: String) -> JSONValue? {
        let value = object[key]
        return value == .null ? nil : value
    }

    func wrong(_ key: String, _ problem: String) -> AutoRegEmbedError {
        .settings(path: path, key: key, problem: problem)
    }

    func wrong(_ key: String, _ error: TokenizerError) -> AutoRegEmbedError {
        guard case .badPattern(let pattern, _, let problem) = error else {
            return wrong(key, "\(error)")
        }
        return wrong(key, "the expression \(pattern) is invalid: \(problem)")
    }

    func string(_ key: String) throws(AutoRegEmbedError) -> String? {
        guard let value = self[key] else { return nil }
        guard let string = value.stringValue else { throw wrong(key, "must be a string") }
        return string
    }

    func boolean(_ key: String) throws(AutoRegEmbedError) -> Bool? {
        guard let value = self[key] else { return nil }
        guard let bool = value.boolValue else { throw wrong(key, "must be true or false") }
        return bool
    }

    func number(_ key: String) throws(AutoRegEmbedError) -> Double? {
        guard let value = self[key] else { return nil }
        guard let number = value.doubleValue, number.magnitude <= Self.largestAlpha else {
            throw wrong(key, "must be a number")
        }
        return number
    }

    func positive(_ key: String) throws(AutoRegEmbedError) -> Int? {
        guard let value = self[key] else { return nil }
        guard let integer = value.integerValue, 1...Self.largestRank ~= integer else {
            throw wrong(key, "must be a positive integer")
        }
        return integer
    }

    func strings(_ key: String) throws(AutoRegEmbedError) -> [String]? {
        guard let value = self[key] else { return nil }
        if value.stringValue?.isEmpty == true { return nil }
        var strings: [String] = []
        for element in value.arrayValue ?? [.null] {
            guard let string = element.stringValue else {
                throw wrong(key, "must be a list of strings")
            }
            strings.append(string)
        }
        return strings
    }

    func integers(_ key: String) throws(AutoRegEmbedError) -> [Int]? {
        guard let value = self[key] else { return nil }
        var integers: [Int] = []
        for element in value.arrayValue ?? [.null] {
            guard let integer = element.integerValue else {
                throw wrong(key, "must be a list of integers")
            }
            integers.append(integer)
        }
        return integers
    }

    /// The entries of an object, in file order.
    func entries(_ key: String) throws(AutoRegEmbedError) -> [(key: String, value: JSONValue)] {
        guard let value = self[key] else { return [] }
        guard let object = value.objectValue else { throw wrong(key, "must be an object") }
        return Array(object)
    }
}
