import Foundation

/// What went wrong with one of our own files, as facts.
package enum FileError: Error, Equatable, Sendable {
    /// A system call failed with `code` (an errno value).
    case system(operation: String, path: String, code: Int32)
    /// The file ends before what its header or caller says it holds.
    case truncated(path: String, expected: Int, found: Int)
    /// Compressed bytes that do not decompress to the length recorded with them.
    case corruptBlock(expected: Int)
    /// More bytes than a format can hold.
    case tooLarge(bytes: Int, limit: Int)
    /// A Git LFS pointer lies in the file's place.
    case gitPointer(path: String)
    /// Another process holds the lock; who, as far as it said.
    case locked(path: String, holder: String?, seconds: Double)
}

extension FileError: CustomStringConvertible, LocalizedError {
    package var description: String {
        switch self {
        case .system(let operation, let path, let code):
            return "\(path): cannot \(operation): \(String(cString: strerror(code)))"
        case .truncated(let path, let expected, let found):
            return "\(path): is cut short: \(found) bytes of \(expected)"
        case .corruptBlock(let expected):
            return "a compressed block does not hold the \(expected) bytes recorded with it"
        case .tooLarge(let bytes, let limit):
            return "\(bytes) bytes; \(limit) are the limit"
        case .gitPointer(let path):
            return "\(path): a Git LFS pointer, not the file itself"
        case .locked(let path, let holder, let seconds):
            return "\(path): held by \(holder ?? "another process") for more than \(seconds) s"
        }
    }

    package var errorDescription: String? { description }
}
