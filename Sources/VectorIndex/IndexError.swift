import FileFormat
import Foundation

/// What is wrong with an index file, or with a call, as facts.
package enum IndexError: Error, Equatable, Sendable {
    case file(FileError)
    /// The file's magic number is not that of this kind of file.
    case notThisKind(path: String, expected: String)
    case unsupportedVersion(path: String, found: Int, supported: Int)
    /// The file contradicts its checksums or itself.
    case damaged(path: String, part: String, reason: String)
    case dimensionMismatch(expected: Int, found: Int)
    /// A component of the vector with this label is NaN or infinite; `nil` for the query.
    case notFinite(label: Int64?)
    /// Labels must increase from one inserted vector to the next, and this one does not.
    case labelNotIncreasing(previous: Int64, label: Int64)
    case invalidParameter(name: String, value: Int, allowed: ClosedRange<Int>)
    case tooManyVectors(limit: Int)
    /// The graph violates an invariant.
    case invariant(String)
}

extension IndexError: CustomStringConvertible, LocalizedError {
    package var description: String {
        switch self {
        case .file(let error): return error.description
        case .notThisKind(let path, let expected):
            return "\(path): is not \(expected)"
        case .unsupportedVersion(let path, let found, let supported):
            return "\(path): has format version \(found), not \(supported)"
        case .damaged(let path, let part, let reason):
            return "\(path): damaged \(part): \(reason)"
        case .dimensionMismatch(let expected, let found):
            return "a vector has \(found) dimensions, but the index has \(expected)"
        case .notFinite(.some(let label)):
            return "the vector with label \(label) has a component that is not a finite number"
        case .notFinite(.none):
            return "the query vector has a component that is not a finite number"
        case .labelNotIncreasing(let previous, let label):
            return "label \(label) comes after \(previous), but labels must increase"
        case .invalidParameter(let name, let value, let allowed):
            return "\(name) must be \(allowed.lowerBound) to \(allowed.upperBound), not \(value)"
        case .tooManyVectors(let limit): return "an index holds at most \(limit) vectors"
        case .invariant(let fact): return "the graph is inconsistent: \(fact)"
        }
    }

    package var errorDescription: String? { description }
}
