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
    /// Added to a float from 0 to 1023, it leaves the nearest integer in the lowest bits.
    private static let rounding: Float = 8_388_608

    private var entries = AlignedArray<Entry>(capacity: 1024)
    /// The last entry of each bucket, -1 for none.
    private let heads = AlignedArray<Int32>(repeating: -1, count: buckets)
    /// Entries of each bucket, with those that have been taken.
    private let counts = AlignedArray<Int32>(repeating: 0, count: buckets)
    /// A bit for each bucket that has entries to take.
    private let occupied = AlignedArray<UInt64>(repeating: 0, count: words)
    /// The first word of `occupied` that has a bit, `words` if there is none.
    private var firstWord = words

    private var limit = 1
    private var low: Float = 0
    /// Buckets per unit; 0 puts everything into the first. Bucket b has the estimates that are nearest to
    /// low + b / density, the first also all below, the last all above.
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
        firstWord = Self.words
    }

    /// Inserts those of 32 nodes whose bit is set in `lanes` and whose estimate is finite and below
    /// `bound`, which falls as they are inserted.
    ///
    /// - Parameter becameFirst: called with a node that is the next to be taken, for now.
    @inline(__always)
    mutating func insert(
        _ lanes: UInt32, _ estimates: UnsafePointer<Float>, _ nodes: UnsafePointer<UInt32>,
        becameFirst: (UInt32) -> Void
    ) {
        let room = entries.count + lanes.nonzeroBitCount
        if room > entries.capacity { entries.reserve(2 * room) }
        // In registers, since the compiler must expect each store to change what is in memory.
        var buckets = Buckets(self)
        let start = entries.pointer
        var count = entries.count
        var fullest: Int32 = 0
        var remaining = lanes
        while remaining != 0 {
            let lane = remaining.trailingZeroBitCount
            remaining &= remaining &- 1
            let (estimate, node) = (estimates[lane], nodes[lane])
            guard estimate < buckets.bound, estimate > -.infinity else { continue }
            start[count] = Entry(estimate: estimate, next: -1, node: node, isTaken: false)
            let (filled, isFirst) = buckets.place(start + count, count)
            count &+= 1
            fullest = max(fullest, filled)
            if isFirst { becameFirst(node) }
        }
        entries.extendWithinCapacity(by: count - entries.count)
        keep(buckets)
        if fullest > crowd { sortAgain() }
    }

    /// The node that `next` will return if nothing better is inserted.
    @inline(__always)
    var upcoming: UInt32? {
        guard firstWord < Self.words else { return nil }
        return entries.pointer[Int(heads.pointer[firstBucket])].node
    }

    /// There must be one.
    @inline(__always)
    private var firstBucket: Int {
        firstWord << 6 | occupied.pointer[firstWord].trailingZeroBitCount
    }

    /// Takes the node with the best estimate within the bound; `nil` if there is none.
    @inline(__always)
    mutating func next() -> (node: UInt32, estimate: Float)? {
        guard firstWord < Self.words else { return nil }
        let bucket = firstBucket
        guard bucket <= last else { return nil }
        let entry = entries.pointer + Int(heads.pointer[bucket])
        heads.pointer[bucket] = entry.pointee.next
        if entry.pointee.next < 0 {
            let occupied = occupied.pointer
            occupied[firstWord] &= occupied[firstWord] &- 1
            while firstWord < Self.words, occupied[firstWord] == 0 { firstWord &+= 1 }
        }
        entry.pointee.isTaken = true
        return (entry.pointee.node, entry.pointee.estimate)
    }

    /// The buckets' state while entries are inserted.
    private struct Buckets {
        let heads: UnsafeMutablePointer<Int32>
        let counts: UnsafeMutablePointer<Int32>
        let occupied: UnsafeMutablePointer<UInt64>
        let (low, density): (Float, Float)
        let limit: Int32
        var firstWord: Int
        var last: Int
        var within: Int32
        var bound: Float

        @inline(__always)
        init(_ queue: borrowing EstimateQueue) {
            (heads, counts) = (queue.heads.pointer, queue.counts.pointer)
            occupied = queue.occupied.pointer
            (low, density) = (queue.low, queue.density)
            limit = Int32(clamping: queue.limit)
            (firstWord, last) = (queue.firstWord, queue.last)
            (within, bound) = (queue.within, queue.bound)
        }

        /// Puts entry number `index` into its bucket. Returns how many are there, and whether it is the
        /// first to be taken.
        @inline(__always)
        mutating func place(_ entry: UnsafeMutablePointer<Entry>, _ index: Int)
            -> (filled: Int32, isFirst: Bool)
        {
            let position = min(
                max((entry.pointee.estimate - low) * density, 0), Float(EstimateQueue.buckets - 1))
            let bits = (position + EstimateQueue.rounding).bitPattern
            let bucket = Int(bits & UInt32(EstimateQueue.buckets - 1))
            let word = bucket >> 6
            var isFirst = false
            if !entry.pointee.isTaken {
                let bit = UInt64(1) &<< UInt64(bucket & 63)
                isFirst = word < firstWord || word == firstWord && occupied[word] & (bit &- 1) == 0
                entry.pointee.next = heads[bucket]
                heads[bucket] = Int32(truncatingIfNeeded: index)
                occupied[word] |= bit
                firstWord = min(firstWord, word)
            }
            let filled = counts[bucket] &+ 1
            counts[bucket] = filled
            if bucket <= last {
                within &+= 1
                while within &- counts[last] >= limit {
                    within &-= counts[last]
                    last &-= 1
                    bound = low + (Float(last) + 0.5) / density
                }
            }
            return (filled, isFirst)
        }
    }

    @inline(__always)
    private mutating func keep(_ buckets: Buckets) {
        (firstWord, last) = (buckets.firstWord, buckets.last)
        (within, bound) = (buckets.within, buckets.bound)
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
        var buckets = Buckets(self)
        var fullest: Int32 = 0
        for index in 0..<kept { fullest = max(fullest, buckets.place(all + index, index).filled) }
        keep(buckets)
        // Equal estimates stay together however often they are sorted.
        crowd = max(2 * fullest, Int32(clamping: 16 + limit / 16))
    }
}
