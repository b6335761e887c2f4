import CLibxml2
import FileFormat

/// What listens to a ``MarkupParser``.
///
/// Names of elements include a prefix, as in `w:p`. HTML's are in lower case.
protocol MarkupHandler: AnyObject {
    /// - Throws: to stop the parser.
    func start(_ name: String, _ attributes: MarkupAttributes) throws
    func end(_ name: String)
    /// - Throws: to stop the parser.
    func text(_ bytes: UnsafeBufferPointer<UInt8>) throws
}

/// The attributes of an element, valid only during the call.
struct MarkupAttributes {
    fileprivate let pairs: UnsafePointer<UnsafePointer<CChar>?>?

    /// The value of an attribute; `nil` if there is none.
    subscript(name: String) -> String? {
        guard var pair = pairs else { return nil }
        while let key = pair[0] {
            if String(cString: key) == name { return pair[1].map { String(cString: $0) } ?? "" }
            pair += 2
        }
        return nil
    }
}

/// Parses HTML and XML with libxml2, in memory that does not grow with the document.
enum MarkupParser {
    private final class Context {
        let handler: any MarkupHandler
        var error: (any Error)?

        init(_ handler: any MarkupHandler) { self.handler = handler }

        /// Whether to go on.
        func attempt(_ body: () throws -> Void) -> Bool {
            do {
                try body()
                return true
            } catch {
                self.error = error
                return false
            }
        }
    }

    /// Whether libxml2 is installed.
    static var isAvailable: Bool { libxml2_available() }

    /// - Parameters:
    ///   - isUTF8: whether the bytes are UTF-8, whatever the document says.
    ///   - path: the file's name in errors.
    /// - Throws: ``SourceError``, and what the handler throws.
    static func parse(
        _ bytes: some Collection<UInt8>, isHTML: Bool, isUTF8: Bool, handler: any MarkupHandler,
        path: String
    ) throws {
        guard isAvailable else {
            throw SourceError.libraryMissing(path: path, library: "libxml2", package: "libxml2")
        }
        let context = Context(handler)
        let result = withExtendedLifetime(context) {
            var functions = libxml2_handler()
            functions.context = Unmanaged.passUnretained(context).toOpaque()
            functions.start = { context, name, attributes in
                let context = Unmanaged<Context>.fromOpaque(context!).takeUnretainedValue()
                return context.attempt {
                    try context.handler.start(
                        String(cString: name!), MarkupAttributes(pairs: attributes))
                }
            }
            functions.end = { context, name in
                Unmanaged<Context>.fromOpaque(context!).takeUnretainedValue()
                    .handler.end(String(cString: name!))
            }
            functions.text = { context, bytes, count in
                let context = Unmanaged<Context>.fromOpaque(context!).takeUnretainedValue()
                return context.attempt {
                    try bytes!.withMemoryRebound(to: UInt8.self, capacity: count) {
                        try context.handler.text(UnsafeBufferPointer(start: $0, count: count))
                    }
                }
            }
            return withContiguous(bytes) { bytes in
                libxml2_parse(
                    bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count, isHTML,
                    isUTF8, &functions)
            }
        }
        if let error = context.error { throw error }
        switch result {
        case LIBXML2_DAMAGED:
            throw SourceError.damaged(path: path, reason: "the XML in it is not well-formed")
        case LIBXML2_TOO_DEEP:
            throw SourceError.unusableContent(
                path: path, reason: "has more than 1000 elements inside of each other")
        case LIBXML2_NO_MEMORY:
            throw SourceError.unusableContent(path: path, reason: "needs too much memory")
        default: break
        }
    }

    private static func withContiguous<Result>(
        _ bytes: some Collection<UInt8>, _ body: (UnsafeRawBufferPointer) -> Result
    ) -> Result {
        bytes.withContiguousStorageIfAvailable { body(UnsafeRawBufferPointer($0)) }
            ?? Array(bytes).withUnsafeBytes(body)
    }
}
