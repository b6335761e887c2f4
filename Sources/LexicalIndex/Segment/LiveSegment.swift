import Synchronization

/// A segment and the passages deleted from it.
package struct LiveSegment: Sendable {
    /// The segment as it was written.
    package let segment: LexicalSegment
    package private(set) var deletions: DeletedSlots?

    package init(_ segment: LexicalSegment, deleted: [UInt32] = []) {
        self.segment = segment
        delete(slots: deleted)
    }

    /// The number of passages that are not deleted.
    package var count: Int { segment.count - (deletions?.slots.count ?? 0) }

    /// The number of words in those passages.
    package var totalLength: Int { segment.totalLength - (deletions?.length ?? 0) }

    /// Deletes passages by their keys; those of other segments are ignored.
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

    /// The number of passages that contain the term and are not deleted.
    func count(of list: PostingList, term: [UInt8]) -> Int {
        list.count - (deletions?.count(of: list, term: term) ?? 0)
    }
}

/// The deleted slots of a segment.
package final class DeletedSlots: Sendable {
    /// Ascending.
    package let slots: [UInt32]
    /// The number of words in the deleted passages.
    let length: Int
    private let bits: [UInt64]
    /// For each term, how many of them contain it; computed when a query first needs it.
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
