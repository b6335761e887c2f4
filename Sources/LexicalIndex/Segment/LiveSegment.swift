import Synchronization

/// A segment and what has been deleted from it.
package struct LiveSegment: Sendable {
    /// What was written.
    package let segment: LexicalSegment
    package private(set) var deletions: DeletedSlots?

    package init(_ segment: LexicalSegment, deleted: [UInt32] = []) {
        self.segment = segment
        delete(slots: deleted)
    }

    /// Passages that are still there.
    package var count: Int { segment.count - (deletions?.slots.count ?? 0) }

    /// Words in them.
    package var totalLength: Int { segment.totalLength - (deletions?.length ?? 0) }

    /// Takes passages out by their keys; those that are not here are passed over.
    package mutating func delete(keys: some Sequence<ClosedRange<Int64>>) {
        var slots: [UInt32] = []
        for range in keys {
            var slot = segment.keys.lowerBound(range.lowerBound)
            while slot < segment.count, segment.key(at: slot) <= range.upperBound {
                slots.append(UInt32(slot))
                slot += 1
            }
        }
        delete(slots: slots)
    }

    private mutating func delete(slots: [UInt32]) {
        let new = slots.filter { $0 < segment.count && deletions?.contains($0) != true }
        guard !new.isEmpty else { return }
        deletions = DeletedSlots(Set(new).union(deletions?.slots ?? []).sorted(), of: segment)
    }

    /// Passages that hold the term and are still there.
    func count(of list: PostingList, term: [UInt8]) -> Int {
        list.count - (deletions?.count(of: list, term: term) ?? 0)
    }
}

/// Slots of a segment that are deleted.
package final class DeletedSlots: Sendable {
    /// Ascending.
    package let slots: [UInt32]
    /// Words in their passages.
    let length: Int
    private let bits: [UInt64]
    /// By term, how many of them hold it: found when a query first asks.
    private let counts = Mutex<[[UInt8]: Int]>([:])
    private static let countLimit = 100_000

    init(_ slots: [UInt32], of segment: LexicalSegment) {
        self.slots = slots
        length = slots.reduce(0) { $0 + segment.length(at: Int($1)) }
        var bits = [UInt64](repeating: 0, count: segment.count / 64 + 1)
        for slot in slots { bits[Int(slot >> 6)] |= 1 << UInt64(slot & 63) }
        self.bits = bits
    }

    @inline(__always) package func contains(_ slot: UInt32) -> Bool {
        bits[Int(slot >> 6)] >> UInt64(slot & 63) & 1 != 0
    }

    func count(of list: PostingList, term: [UInt8]) -> Int {
        if let known = counts.withLock({ $0[term] }) { return known }
        var cursor = PostingCursor(list)
        defer { cursor.deallocate() }
        let found = slots.count { cursor.frequency(in: $0) > 0 }
        counts.withLock { counts in
            if counts.count >= Self.countLimit { counts = [:] }
            counts[term] = found
        }
        return found
    }
}
