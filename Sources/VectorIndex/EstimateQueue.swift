import VectorMath

/// The unexpanded nodes of a walk by estimates, and the bound beyond which none is kept: the `limit`-th
/// best estimate. Each insertion and removal takes constant time.
///
/// Estimates are sorted into buckets of equal width; within one, the last inserted comes first. The
/// errors of estimates are many times as large as a bucket. A node may be in the queue more than once,
/// with an estimate from each node that links to it, and counts as often.
///
/// If too many estimates fall into one bucket, since the first ones said little about where the rest
/// would be, all are sorted again into buckets that cover their range.
struct EstimateQueue {
    private struct Entry {
        var estimate: Float
        /// The entry before it in its bucket; -1 for the first.
        var next: Int32
        var node: UInt32
        var isTaken: Bool
    }

    private static let buckets = 1024
    private static let words = buckets / 64

    private var entries = AlignedArray<Entry>(capacity: 1024)
    /// The last entry of each bucket, -1 for none.
    private let heads = AlignedArray<Int32>(repeating: -1, count: buckets)
    /// Entries of each bucket, with those that have been taken.
    private let counts = AlignedArray<Int32>(repeating: 0, count: buckets)
    /// A bit for each bucket that has entries to take.
    private let occupied = AlignedArray<UInt64>(repeating: 0, count: words)

    private var limit = 1
    private var low: Float = 0
    /// Buckets per unit; 0 puts everything into the first.
    private var density: Float = 0
    /// The last bucket within the bound, and the entries up to it.
    private var last = buckets - 1
    private var within: Int32 = 0
    /// Entries of one bucket above which all are sorted again.
    private var crowd = Int32.max
    /// An estimate must be below this to be inserted.
    private(set) var bound = Float.infinity

    /// Empties the queue.
    mutating func reset(limit: Int) {
        self.limit = max(1, limit)
        entries.removeAll()
        (low, density, crowd) = (0, 0, .max)
        clearBuckets()
    }

    private mutating func clearBuckets() {
        heads.pointer.update(repeating: -1, count: Self.buckets)
        counts.pointer.update(repeating: 0, count: Self.buckets)
        occupied.pointer.update(repeating: 0, count: Self.words)
        (last, within, bound) = (Self.buckets - 1, 0, .infinity)
    }

    /// Inserts a node with a finite estimate that is below `bound`. Returns whether it is now the next.
    @inline(__always)
    mutating func insert(_ estimate: Float, _ node: UInt32) -> Bool {
        let index = entries.count
        if index == entries.capacity { entries.reserve(2 * index) }
        entries.pointer[index] = Entry(estimate: estimate, next: -1, node: node, isTaken: false)
        entries.extendWithinCapacity(by: 1)
        if place(index) > crowd { sortAgain() }
        return first == index
    }

    /// The node that `next` will return if nothing better is inserted.
    @inline(__always)
    var upcoming: UInt32? {
        let index = first
        return index < 0 ? nil : entries.pointer[index].node
    }

    /// The entry to take next, whatever the bound; -1 if there is none.
    @inline(__always)
    private var first: Int {
        for word in 0..<Self.words where occupied.pointer[word] != 0 {
            return Int(
                heads.pointer[word << 6 + occupied.pointer[word].trailingZeroBitCount])
        }
        return -1
    }

    /// Puts an entry into its bucket, and returns how many are there.
    @inline(__always)
    private mutating func place(_ index: Int) -> Int32 {
        let entry = entries.pointer + index
        let position = min(
            max((entry.pointee.estimate - low) * density, 0), Float(Self.buckets - 1))
        let bucket = Int(position)
        if !entry.pointee.isTaken {
            entry.pointee.next = heads.pointer[bucket]
            heads.pointer[bucket] = Int32(truncatingIfNeeded: index)
            occupied.pointer[bucket >> 6] |= 1 << UInt64(bucket & 63)
        }
        counts.pointer[bucket] += 1
        if bucket <= last {
            within += 1
            while within - counts.pointer[last] >= limit {
                within -= counts.pointer[last]
                last -= 1
                bound = low + Float(last + 1) / density
            }
        }
        return counts.pointer[bucket]
    }

    /// Takes the node with the best estimate within the bound; `nil` if there is none.
    @inline(__always)
    mutating func next() -> (node: UInt32, estimate: Float)? {
        for word in 0..<Self.words where occupied.pointer[word] != 0 {
            let bucket = word << 6 + occupied.pointer[word].trailingZeroBitCount
            guard bucket <= last else { return nil }
            let entry = entries.pointer + Int(heads.pointer[bucket])
            heads.pointer[bucket] = entry.pointee.next
            if entry.pointee.next < 0 { occupied.pointer[word] &= occupied.pointer[word] - 1 }
            entry.pointee.isTaken = true
            return (entry.pointee.node, entry.pointee.estimate)
        }
        return nil
    }

    /// Sorts all entries within the bound into buckets that cover their range, with room for better
    /// ones and, as long as there is no bound, for worse.
    mutating func sortAgain() {
        var kept = 0
        var (least, most) = (Float.infinity, -Float.infinity)
        let all = entries.pointer
        for index in 0..<entries.count where all[index].estimate < bound {
            all[kept] = all[index]
            least = min(least, all[kept].estimate)
            most = max(most, all[kept].estimate)
            kept += 1
        }
        entries.truncate(to: kept)
        let span = most - least
        low = least - span / 2
        let width = bound == .infinity ? 2 * span : 1.5 * span
        density = width > 0 ? Float(Self.buckets) / width : 0
        // Estimates that are equal, nearly equal, or too far apart share a bucket.
        if !density.isFinite || !width.isFinite || !low.isFinite { (low, density) = (0, 0) }
        clearBuckets()
        var fullest: Int32 = 0
        for index in 0..<kept { fullest = max(fullest, place(index)) }
        // Equal estimates stay together however often they are sorted.
        crowd = max(2 * fullest, Int32(clamping: 16 + limit / 16))
    }
}
