import Foundation
import VectorDatabase

/// The command line's raw bytes: file names need not be UTF-8, and Swift's `CommandLine` would
/// replace invalid bytes by U+FFFD.
enum RawArguments {
    /// The arguments without the program's name, as text.
    ///
    /// An invalid byte becomes a private-use character from U+EF80 on, so that different names stay
    /// different; `path(_:)` returns the original bytes.
    static let text: [String] = raw.map { $0.text }

    private static let raw: [(text: String, bytes: [UInt8])] = {
        var arguments: [(text: String, bytes: [UInt8])] = []
        for index in 1..<max(1, Int(CommandLine.argc)) {
            guard let argument = CommandLine.unsafeArgv[index] else { break }
            let bytes = Array(
                UnsafeRawBufferPointer(start: argument, count: strlen(argument)))
            arguments.append((decode(bytes), bytes))
        }
        return arguments
    }()

    private static func decode(_ bytes: [UInt8]) -> String {
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        var text = ""
        var rest = bytes[...]
        // Character by character: an invalid byte is replaced, and decoding continues after it.
        while let first = rest.first {
            var iterator = rest.makeIterator()
            var decoder = UTF8()
            if case .scalarValue(let scalar) = decoder.decode(&iterator) {
                text.unicodeScalars.append(scalar)
                rest = rest.dropFirst(UTF8.width(scalar))
            } else {
                text.unicodeScalars.append(Unicode.Scalar(0xEF00 + UInt32(first)) ?? "\u{FFFD}")
                rest = rest.dropFirst()
            }
        }
        return text
    }

    /// The path that an argument names.
    static func path(_ argument: String) -> SourcePath {
        let same = raw.first { $0.text.utf8.elementsEqual(argument.utf8) }
        return same.map { SourcePath(bytes: $0.bytes) } ?? SourcePath(argument)
    }
}
