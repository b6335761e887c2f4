import Synchronization

/// Ends the process if the system refuses memory. A program can set a handler to report it in its
/// own words.
package enum OutOfMemory {
    private static let handler = Mutex<@Sendable (Int) -> Never> { bytes in
        preconditionFailure("out of memory: \(bytes) bytes")
    }

    /// - Parameter body: receives the number of bytes that could not be allocated.
    package static func handle(_ body: @escaping @Sendable (_ bytes: Int) -> Never) {
        handler.withLock { $0 = body }
    }

    static func end(bytes: Int) -> Never { handler.withLock { $0 }(bytes) }
}
