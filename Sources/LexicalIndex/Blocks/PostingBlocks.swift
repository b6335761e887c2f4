/// The postings that a query has read from blocks, with its passages numbered, so that they can be searched
/// as a segment is.
///
/// Lists are in memory in the form that ``PostingList`` reads, but every number takes 32 bits: they are
/// searched once, so packing them would cost more than it saves.
final class PostingBlocks: PostingSource {
    /// What is known of one term.
    struct Term {
        let stem: [UInt8]
        let postings: KeyedPostings
        /// For each posting an upper bound, as an ``Impact`` for ``averageLength``.
        let ceilings: [UInt8]
    }

    let averageLength: Double
    let lengths: LengthColumn
    private let passages: PassageNumbers
    private var lists: [[UInt8]: PostingList] = [:]
    private let memory: UnsafeMutableRawBufferPointer

    private static let wide = UInt8(UInt32.bitWidth)

    /// - Parameter average: the collection's mean length now.
    init(_ terms: [Term], average: Double) {
        let terms = terms.filter { $0.postings.count > 0 }
        averageLength = average
        passages = PassageNumbers(terms.map(\.postings.keys))
        let lengthBytes = passages.count * 4
        memory = .allocate(
            byteCount: terms.reduce(lengthBytes + BitPacking.slack) {
                $0 + Self.byteCount($1.postings.count)
            }, alignment: 16)
        memory.initializeMemory(as: UInt8.self, repeating: 0)
        lengths = LengthColumn(UnsafeRawBufferPointer(rebasing: memory[..<lengthBytes]), width: 4)
        var place = lengthBytes
        for term in terms {
            let slots = passages.slots(of: term.postings.keys)
            for (slot, length) in zip(slots, term.postings.lengths) {
                memory.storeBytes(of: length, toByteOffset: Int(slot) * 4, as: UInt32.self)
            }
            let end = place + Self.byteCount(term.postings.count)
            let target = UnsafeMutableRawBufferPointer(rebasing: memory[place..<end])
            Self.write(slots, term, to: target)
            lists[term.stem] = PostingList(
                UnsafeRawBufferPointer(target), count: slots.count,
                impact: term.ceilings.max() ?? 255)
            place = end
        }
    }

    deinit { memory.deallocate() }

    private static func byteCount(_ count: Int) -> Int {
        PostingListLayout.tableBytes(count) + PostingListLayout.blockCount(count) * 2 + count * 8
    }

    private static func write(
        _ slots: [UInt32], _ term: Term, to target: UnsafeMutableRawBufferPointer
    ) {
        let count = slots.count
        let blocks = PostingListLayout.blockCount(count)
        let table = PostingListLayout.tableBytes(count)
        var place = table
        var next: UInt32 = 0
        func store(_ value: UInt32, at offset: Int) {
            target.storeBytes(of: value, toByteOffset: offset, as: UInt32.self)
        }
        for block in 0..<blocks {
            let start = block * BitPacking.blockLength
            let end = min(start + BitPacking.blockLength, count)
            target[place] = wide
            target[place + 1] = wide
            place += 2
            for index in start..<end {
                store(slots[index] - next, at: place)
                store(term.postings.frequencies[index] - 1, at: place + (end - start) * 4)
                next = slots[index] + 1
                place += 4
            }
            place += (end - start) * 4
            guard table > 0 else { continue }
            store(slots[end - 1], at: block * 4)
            store(UInt32(place - table), at: (blocks + block) * 4)
            target[blocks * 8 + block] = term.ceilings[start..<end].max() ?? 255
        }
    }

    // MARK: PostingSource

    var slotCount: Int { passages.count }

    /// Those that are gone have been left out.
    var deletions: DeletedSlots? { nil }

    func postingList(of term: [UInt8]) -> PostingList? { lists[term] }

    func key(at slot: Int) -> Int64 { passages.keys[slot] }

    func slots(of keys: [Int64]) -> [UInt32] {
        let known = keys.filter { passages.contains($0) }
        return passages.slots(of: known)
    }
}

/// Numbers passages from 0 in the order of their keys.
struct PassageNumbers {
    /// Ascending.
    let keys: [Int64]

    var count: Int { keys.count }

    /// - Parameter lists: keys, each list ascending.
    init(_ lists: [[Int64]]) {
        // The shortest first, so that the long ones are copied seldom.
        var lists = lists.sorted { $0.count < $1.count }
        while lists.count > 1 {
            lists = stride(from: 0, to: lists.count, by: 2).map { index in
                index + 1 < lists.count
                    ? Self.union(lists[index], lists[index + 1]) : lists[index]
            }
        }
        keys = lists.first ?? []
    }

    private static func union(_ a: [Int64], _ b: [Int64]) -> [Int64] {
        [Int64](unsafeUninitializedCapacity: a.count + b.count) { target, count in
            var (left, right, place) = (0, 0, 0)
            a.withUnsafeBufferPointer { a in
                b.withUnsafeBufferPointer { b in
                    while left < a.count, right < b.count {
                        let (first, second) = (a[left], b[right])
                        target.initializeElement(at: place, to: min(first, second))
                        place += 1
                        left += first <= second ? 1 : 0
                        right += second <= first ? 1 : 0
                    }
                    for rest in [a[left...], b[right...]] {
                        for key in rest {
                            target.initializeElement(at: place, to: key)
                            place += 1
                        }
                    }
                }
            }
            count = place
        }
    }

    /// The first slot from `start` on whose key is not below `key`.
    func slot(reaching key: Int64, from start: Int = 0) -> Int {
        var (low, step) = (start, 1)
        while low + step <= keys.count, keys[low + step - 1] < key {
            low += step
            step *= 2
        }
        var high = min(low + step, keys.count)
        while low < high {
            let middle = (low + high) / 2
            if keys[middle] < key { low = middle + 1 } else { high = middle }
        }
        return low
    }

    func contains(_ key: Int64) -> Bool {
        let slot = slot(reaching: key)
        return slot < count && keys[slot] == key
    }

    /// - Parameter known: ascending keys that are all there.
    func slots(of known: [Int64]) -> [UInt32] {
        // Where most slots are among them, the next is nearer than a search can tell.
        let isDense = known.count > count / Self.sparse
        var slot = 0
        return keys.withUnsafeBufferPointer { keys in
            known.map { key in
                if isDense {
                    while slot < keys.count, keys[slot] < key { slot += 1 }
                } else {
                    slot = self.slot(reaching: key, from: slot)
                }
                return UInt32(slot)
            }
        }
    }

    /// One slot of so many is worth a search.
    private static let sparse = 8
}
