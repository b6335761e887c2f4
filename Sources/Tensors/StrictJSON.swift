import FileFormat

/// A JSON value as it is written: objects keep their order, and a key may not appear twice.
///
/// Checkpoint headers and model configurations come from strangers. Foundation's parser keeps one of
/// two equal keys in silence, which lets two programs read two different models from one file; this
/// one refuses them. It also starts without Foundation, which a short-lived command notices.
package indirect enum StrictJSON: Equatable, Sendable {
    case null
    case bool(Bool)
    /// A number without fraction or exponent that fits.
    case integer(Int)
    case number(Double)
    case string(String)
    case array([StrictJSON])
    case object(Object)

    package struct Object: Equatable, Sendable {
        package private(set) var keys: [String] = []
        private var values: [String: StrictJSON] = [:]

        package init() {}

        package subscript(key: String) -> StrictJSON? { values[key] }

        /// False where the key was there already.
        mutating func add(_ key: String, _ value: StrictJSON) -> Bool {
            guard values.updateValue(value, forKey: key) == nil else { return false }
            keys.append(key)
            return true
        }
    }

    /// Where and why the text is not the JSON that we take; `offset` counts bytes from its start.
    package struct SyntaxError: Error, Equatable, Sendable, CustomStringConvertible {
        package enum Reason: Equatable, Sendable {
            case unexpectedEnd
            case unexpectedByte(UInt8)
            case invalidNumber
            case invalidString
            case notUTF8
            case duplicateKey(String)
            case tooDeep
            case trailingBytes
        }
        package let reason: Reason
        package let offset: Int

        package init(reason: Reason, offset: Int) { (self.reason, self.offset) = (reason, offset) }

        fileprivate init(_ failure: JSONReader.Failure, in bytes: UnsafeRawBufferPointer) {
            offset = failure.offset
            reason =
                switch failure.fault {
                case .end: .unexpectedEnd
                case .byte: .unexpectedByte(bytes[failure.offset])
                case .number: .invalidNumber
                case .string: .invalidString
                case .notUTF8: .notUTF8
                case .repeatedKey(let key): .duplicateKey(key)
                case .nesting: .tooDeep
                case .rest: .trailingBytes
                }
        }

        package var description: String {
            let what =
                switch reason {
                case .unexpectedEnd: "the text ends inside a value"
                case .unexpectedByte(let byte): "unexpected byte 0x\(String(byte, radix: 16))"
                case .invalidNumber: "not a number"
                case .invalidString: "not a string"
                case .notUTF8: "not UTF-8"
                case .duplicateKey(let key): "the key \"\(key)\" appears twice"
                case .tooDeep: "nested more than \(StrictJSON.maximumDepth) deep"
                case .trailingBytes: "something follows the value"
                }
            return "\(what) at byte \(offset)"
        }
    }

    package static let maximumDepth = 32

    /// Parses the whole of `bytes`; white space may surround the value.
    package init(parsing bytes: UnsafeRawBufferPointer) throws(SyntaxError) {
        var reader = JSONReader(bytes, rules: .init(maximumDepth: Self.maximumDepth))
        do throws(JSONReader.Failure) {
            self = try StrictJSON(&reader)
            try reader.end()
        } catch {
            throw SyntaxError(error, in: bytes)
        }
    }

    private init(_ reader: inout JSONReader) throws(JSONReader.Failure) {
        switch try reader.kind() {
        case .null:
            try reader.null()
            self = .null
        case .bool: self = .bool(try reader.bool())
        case .number:
            let number = try reader.number()
            self = number.integer.map { .integer(Int($0)) } ?? .number(number.double)
        case .string: self = .string(try reader.string())
        case .array:
            var array: [StrictJSON] = []
            try reader.enterArray()
            while try reader.nextElement() { array.append(try StrictJSON(&reader)) }
            self = .array(array)
        case .object:
            var object = Object()
            try reader.enterObject()
            while let key = try reader.nextKey() {
                guard object.add(key, try StrictJSON(&reader)) else { throw reader.repeated(key) }
            }
            self = .object(object)
        }
    }

    package var object: Object? { if case .object(let object) = self { object } else { nil } }
    package var array: [StrictJSON]? { if case .array(let array) = self { array } else { nil } }
    package var string: String? { if case .string(let string) = self { string } else { nil } }
    package var bool: Bool? { if case .bool(let bool) = self { bool } else { nil } }

    /// An integer, also where it is written with a fraction of zero.
    package var integer: Int? {
        switch self {
        case .integer(let integer): integer
        case .number(let number): Int(exactly: number)
        default: nil
        }
    }

    package var double: Double? {
        switch self {
        case .integer(let integer): Double(integer)
        case .number(let number): number
        default: nil
        }
    }
}
