import Foundation

/// What went wrong with a file, as typed facts.
package enum FileError: Error, Equatable, Sendable {
    /// A system call failed with `code` (an errno value).
    case system(operation: String, path: String, code: Int32)
    /// The file is shorter than its header or the caller expects.
    case truncated(path: String, expected: Int, found: Int)
    /// Compressed bytes that do not decompress to the length recorded with them.
    case corruptBlock(expected: Int)
    /// More bytes than a format can hold.
    case tooLarge(bytes: Int, limit: Int)
    /// The file is a Git LFS pointer instead of its content.
    case gitPointer(path: String)
    /// Another process held the lock for longer than `seconds`; `holder` describes it, if known.
    case locked(path: String, holder: String?, seconds: Double)
}

extension FileError: CustomStringConvertible, LocalizedError {
    package var description: String {
        switch self {
        case .system(let operation, let path, let code):
            return "\(path): cannot \(operation): \(String(cString: strerror(code)))"
        case .truncated(let path, let expected, let found):
            return "\(path): is truncated: \(found) of \(expected) bytes"
        case .corruptBlock(let expected):
            return "a compressed block does not decompress to the recorded \(expected) bytes"
        case .tooLarge(let bytes, let limit):
            return "\(bytes) bytes exceed the limit of \(limit)"
        case .gitPointer(let path):
            return "\(path): a Git LFS pointer, not the file itself"
        case .locked(let path, let holder, let seconds):
            return "\(path): held by \(holder ?? "another process") for more than \(seconds) s"
        }
    }

    package var errorDescription: String? { description }
}
