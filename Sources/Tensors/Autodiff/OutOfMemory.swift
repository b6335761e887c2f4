import Synchronization

/// The end of a process to which the system refuses memory: nothing can be computed from there on, but
/// a program may say so in its own words.
package enum OutOfMemory {
    private static let handler = Mutex<@Sendable (Int) -> Never> { bytes in
        preconditionFailure("out of memory: \(bytes) bytes")
    }

    /// - Parameter body: gets the number of bytes that could not be had.
    package static func handle(_ body: @escaping @Sendable (_ bytes: Int) -> Never) {
        handler.withLock { $0 = body }
    }

    static func end(bytes: Int) -> Never { handler.withLock { $0 }(bytes) }
}
