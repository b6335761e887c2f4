import Foundation
import HTTPTypes
import Hummingbird

/// A request that has found its route and may use it.
struct Call: Sendable {
    /// The request's id, also in the answer and in the log.
    let id: String
    let request: Request
    /// The parts of the path by their names in the route's template.
    let path: [String: String]
    let caller: Caller
    let limits: Limits

    /// A part of the path that the template has.
    func part(_ name: String) -> String { path[name] ?? "" }

    /// The collection that the path names.
    ///
    /// - Throws: `collectionNotAllowed`.
    func collectionName() throws(RequestFailure) -> String {
        let name = part("collection")
        guard caller.mayUse(collection: name) else { throw .collectionNotAllowed(name: name) }
        return name
    }

    /// Whether the client has a version of the answer already.
    ///
    /// - Parameter tag: the version, as `ETag` has it.
    func has(version tag: String) -> Bool {
        guard let known = request.headers[.ifNoneMatch] else { return false }
        return known.split(separator: ",").contains { candidate in
            var candidate = candidate.drop { $0 == " " }
            if candidate.hasPrefix("W/") { candidate = candidate.dropFirst(2) }
            return candidate == "*" || candidate.prefix { $0 != " " } == tag
        }
    }

    /// Whether a proxy passes on a body whose length is known, so that the client has all of it.
    var isWholeFromProxy: Bool {
        let marks = ["X-Forwarded-For", "X-Real-IP", "Forwarded", "Via"]
        return request.headers[.contentLength] != nil
            && marks.contains { name in
                HTTPField.Name(name).map { request.headers.contains($0) } ?? false
            }
    }

    /// The parameters after `?`.
    ///
    /// - Parameter known: the names that the route has.
    /// - Throws: `unknownParameter`, `wrongValue`, `malformedPath`.
    func parameters(_ known: String...) throws(RequestFailure) -> QueryParameters {
        try QueryParameters(query: request.uri.query, known: known)
    }
}

/// The parameters of a URL.
struct QueryParameters {
    private var values: [String: String] = [:]

    init(query: String?, known: [String]) throws(RequestFailure) {
        for pair in (query ?? "").split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Self.decoded(parts[0]),
                let value = Self.decoded(parts.count > 1 ? parts[1] : "")
            else { throw .malformedPath }
            guard known.contains(name) else { throw .unknownParameter(name: name, known: known) }
            values[name] = value
        }
    }

    private static func decoded(_ text: Substring) -> String? {
        text.replacing("+", with: " ").removingPercentEncoding
    }

    subscript(name: String) -> String? { values[name] }

    func integer(
        _ name: String, in range: ClosedRange<Int>
    ) throws(RequestFailure) -> Int? {
        guard let text = values[name] else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw .wrongValue(
                name: name, expected: "an integer from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func boolean(_ name: String) throws(RequestFailure) -> Bool? {
        switch values[name] {
        case nil: return nil
        case "true": return true
        case "false": return false
        default: throw .wrongValue(name: name, expected: "true or false")
        }
    }

    func choice<Value: RawRepresentable & CaseIterable>(
        _ name: String, _ type: Value.Type
    ) throws(RequestFailure) -> Value? where Value.RawValue == String {
        guard let text = values[name] else { return nil }
        guard let value = Value(rawValue: text) else {
            throw .wrongValue(
                name: name,
                expected: "one of " + Value.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return value
    }
}
