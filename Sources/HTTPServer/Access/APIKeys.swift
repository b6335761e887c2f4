import Foundation
import HTTPTypes
import Hummingbird
import JSON
import ModelHub
import Synchronization
import TextBytes

/// A key that a client sends. Only its digest is kept.
package struct APIKey: Sendable, Equatable {
    /// What a key may do.
    package enum Role: String, Sendable, CaseIterable { case read, write }

    /// The name in logs.
    package let name: String
    package let role: Role
    /// SHA-256 of the key, as 64 hexadecimal digits.
    let digest: String
    /// The collections that the key reaches; `nil` for all.
    let collections: [String]?

    /// A key that is known itself, such as one from the environment.
    ///
    /// - Throws: `noDigest`.
    package init(name: String, role: Role, key: String) throws(APIKeyError) {
        self.name = name
        self.role = role
        digest = try Self.digest(of: key)
        collections = nil
    }

    /// One line of a file of keys: `{"name":…, "role":"read"|"write", "sha256":…, "collections":[…]}`.
    fileprivate init(line: String, number: Int) throws(APIKeyError) {
        func invalid(_ reason: String) -> APIKeyError { .invalidLine(number, reason: reason) }
        guard let object = (try? JSONValue(parsing: line))?.objectValue else {
            throw invalid("is not a JSON object")
        }
        for key in object.keys where !["name", "role", "sha256", "collections"].contains(key) {
            throw invalid("has the unknown key \"\(key)\"")
        }
        guard let name = object["name"]?.stringValue else { throw invalid("has no \"name\"") }
        guard let role = object["role"]?.stringValue.flatMap(Role.init(rawValue:)) else {
            throw invalid("needs the \"role\" read or write")
        }
        guard let digest = object["sha256"]?.stringValue?.lowercased(), digest.utf8.count == 64,
            digest.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) })
        else { throw invalid("needs \"sha256\" with 64 hexadecimal digits") }
        switch object["collections"] {
        case nil, .null: collections = nil
        case .array(let values):
            let names = values.compactMap(\.stringValue)
            guard names.count == values.count else {
                throw invalid("has \"collections\" that are not strings")
            }
            collections = names
        case .some: throw invalid("has \"collections\" that are no array")
        }
        self.name = name
        self.role = role
        self.digest = digest
    }

    /// The keys of a file, one a line; empty lines do not count.
    ///
    /// - Throws: `invalidLine`.
    package static func keys(inFile text: String) throws(APIKeyError) -> [APIKey] {
        var keys: [APIKey] = []
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() where !line.allSatisfy(\.isWhitespace) {
            keys.append(try APIKey(line: String(line), number: index + 1))
        }
        return keys
    }

    /// A new key of 256 random bits.
    package static func random() -> String {
        var generator = SystemRandomNumberGenerator()
        let bytes = (0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) }
        return "vdb_"
            + Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
            .replacing("=", with: "")
    }

    /// - Throws: `noDigest` without OpenSSL's libcrypto.
    package static func digest(of key: String) throws(APIKeyError) -> String {
        guard let digest = ContentDigest(.sha256) else { throw .noDigest }
        Array(key.utf8).withUnsafeBytes { digest.update($0) }
        return digest.finalize()
    }
}

/// Why keys cannot be used.
package enum APIKeyError: Error, Equatable {
    /// A line of a file of keys; `reason` is the predicate of a sentence about it.
    case invalidLine(Int, reason: String)
    /// OpenSSL's libcrypto, which computes SHA-256, is not installed.
    case noDigest
}

/// Who sends a request.
struct Caller: Sendable {
    /// The key's name; `nil` for a server without keys.
    let name: String?
    let role: APIKey.Role
    let collections: [String]?

    static let anyone = Caller(name: nil, role: .write, collections: nil)

    func mayUse(collection: String) -> Bool {
        collections?.contains { $0.hasSameBytes(as: collection) } ?? true
    }
}

/// The keys that are valid now; SIGHUP replaces them.
package final class KeyRing: Sendable {
    private let keys: Mutex<[APIKey]>

    package init(_ keys: [APIKey]) { self.keys = Mutex(keys) }

    package func replace(with keys: [APIKey]) { self.keys.withLock { $0 = keys } }

    package var isEmpty: Bool { keys.withLock { $0.isEmpty } }

    /// Who sends a request; anyone may everything without keys.
    ///
    /// - Throws: `keyMissing`, `keyUnknown`.
    func caller(of request: Request) throws -> Caller {
        let keys = keys.withLock { $0 }
        if keys.isEmpty { return .anyone }
        guard let header = request.headers[.authorization] else { throw RequestFailure.keyMissing }
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else {
            throw RequestFailure.keyMissing
        }
        let digest = try APIKey.digest(of: String(parts[1]))
        // All keys are compared, each in constant time.
        var found: APIKey?
        for key in keys where Self.areEqual(key.digest, digest) { found = key }
        guard let found else { throw RequestFailure.keyUnknown }
        return Caller(name: found.name, role: found.role, collections: found.collections)
    }

    private static func areEqual(_ one: String, _ other: String) -> Bool {
        var difference: UInt8 = one.utf8.count == other.utf8.count ? 0 : 1
        for (a, b) in zip(one.utf8, other.utf8) { difference |= a ^ b }
        return difference == 0
    }
}
