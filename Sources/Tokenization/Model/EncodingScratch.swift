import Synchronization

/// The scratch memory of one encoding thread, reused from one text to the next.
final class EncodingScratch {
    let classes = ScalarClasses()
    var words = WordCache()
    var list = PieceList()
    var section: [UInt8] = []
    var spelled: [UInt8] = []
    var longSymbols: [Int32] = []
    /// Scratch for `Merging.scan`.
    let symbols = UnsafeMutablePointer<Int32>.allocate(capacity: Merging.longestScanned)
    let ranks = UnsafeMutablePointer<UInt64>.allocate(capacity: Merging.longestScanned)

    deinit {
        symbols.deallocate()
        ranks.deallocate()
    }
}

/// Lends scratch to encoding threads; there are as many as threads have ever encoded at once.
final class ScratchPool: Sendable {
    private struct Idle: ~Copyable, Sendable {
        // Passed between threads but never shared: each is in the list or with one borrower.
        nonisolated(unsafe) var scratches: [EncodingScratch] = []
    }

    private let idle = Mutex(Idle())

    func with<Result>(_ body: (EncodingScratch) -> Result) -> Result {
        let scratch = take()
        let result = body(scratch)
        give(scratch)
        return result
    }

    private func take() -> EncodingScratch {
        let box = idle.withLock { Unchecked($0.scratches.popLast()) }
        return box.value ?? EncodingScratch()
    }

    private func give(_ scratch: EncodingScratch) {
        let box = Unchecked(scratch)
        idle.withLock { $0.scratches.append(box.value) }
    }

    private struct Unchecked<Value>: @unchecked Sendable {
        let value: Value
        init(_ value: Value) { self.value = value }
    }
}
