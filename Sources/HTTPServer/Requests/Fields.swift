import JSON
import NIOCore

/// The members of a request's JSON object. Each is taken once; what is left over is an error, so that a
/// misspelt member is not ignored.
struct Fields {
    private var object: JSONObject
    private var taken: [String] = []

    init(_ object: JSONObject) { self.object = object }

    /// - Throws: `notJSON`, `notAnObject`.
    init(_ body: ByteBuffer) throws(RequestFailure) {
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue(parsing: body.readableBytesView)
        } catch { throw .notJSON(error) }
        guard let object = value.objectValue else { throw .notAnObject }
        self.object = object
    }

    /// The value of a member; `nil` if it is absent or null.
    mutating func take(_ name: String) -> JSONValue? {
        taken.append(name)
        let value = object[name]
        object[name] = nil
        return value == .null ? nil : value
    }

    /// - Throws: `unknownMember` if anything is left.
    func end() throws(RequestFailure) {
        if let name = object.keys.first { throw .unknownMember(name: name, known: taken) }
    }

    private mutating func take<Value>(
        _ name: String, _ expected: String, _ convert: (JSONValue) -> Value?
    ) throws(RequestFailure) -> Value? {
        guard let value = take(name) else { return nil }
        guard let result = convert(value) else {
            throw .wrongValue(name: name, expected: expected)
        }
        return result
    }

    mutating func string(_ name: String) throws(RequestFailure) -> String? {
        try take(name, "a string") { $0.stringValue }
    }

    mutating func boolean(_ name: String) throws(RequestFailure) -> Bool? {
        try take(name, "true or false") { $0.boolValue }
    }

    mutating func integer(
        _ name: String, in range: ClosedRange<Int>
    ) throws(RequestFailure) -> Int? {
        try take(name, "an integer from \(range.lowerBound) to \(range.upperBound)") {
            $0.integerValue.flatMap { range.contains($0) ? $0 : nil }
        }
    }

    mutating func number(
        _ name: String, least: Double
    ) throws(RequestFailure) -> Double? {
        try take(name, "a number of \(least) or more") {
            $0.doubleValue.flatMap { $0 >= least && $0.isFinite ? $0 : nil }
        }
    }

    mutating func number(_ name: String) throws(RequestFailure) -> Double? {
        try take(name, "a number") { $0.doubleValue.flatMap { $0.isFinite ? $0 : nil } }
    }

    mutating func object(_ name: String) throws(RequestFailure) -> JSONObject? {
        try take(name, "an object") { $0.objectValue }
    }

    mutating func array(
        _ name: String, most: Int
    ) throws(RequestFailure) -> [JSONValue]? {
        try take(name, "an array of at most \(most) elements") {
            $0.arrayValue.flatMap { $0.count <= most ? $0 : nil }
        }
    }

    mutating func strings(_ name: String, most: Int) throws(RequestFailure) -> [String]? {
        try take(name, "an array of at most \(most) strings") { value in
            guard let values = value.arrayValue, values.count <= most else { return nil }
            let texts = values.compactMap(\.stringValue)
            return texts.count == values.count ? texts : nil
        }
    }

    mutating func vector(_ name: String) throws(RequestFailure) -> [Float]? {
        try take(name, "an array of 32-bit floats") { value in
            guard let values = value.arrayValue, !values.isEmpty else { return nil }
            let numbers = values.compactMap { $0.doubleValue.map { Float($0) } }
            return numbers.count == values.count && numbers.allSatisfy(\.isFinite)
                ? numbers : nil
        }
    }

    mutating func choice<Value: RawRepresentable & CaseIterable>(
        _ name: String, _ type: Value.Type
    ) throws(RequestFailure) -> Value? where Value.RawValue == String {
        try take(name, "one of " + Value.allCases.map(\.rawValue).joined(separator: ", ")) {
            $0.stringValue.flatMap { Value(rawValue: $0) }
        }
    }

    /// A member that must be there.
    static func require<Value>(
        _ value: Value?, _ name: String
    ) throws(RequestFailure) -> Value {
        guard let value else { throw .missingMember(name: name) }
        return value
    }
}
