import TestSupport
import Testing

@testable import VectorIndex

/// The queue of a walk by estimates, compared with sorting all that was inserted.
@Suite struct EstimateQueueTests {
    /// What the queue promises: an estimate below the `limit`-th best is inserted, and the best comes first, both
    /// but for the width of a bucket.
    private struct Model {
        let limit: Int
        var inserted: [Float] = []
        var waiting: [(estimate: Float, node: UInt32)] = []

        /// The `limit`-th best of all estimates inserted; infinity if there are fewer.
        var bound: Float {
            inserted.count < limit ? .infinity : inserted.sorted()[limit - 1]
        }
    }

    /// Batches of estimates that fall, as in a walk, mixed with removals.
    @Test(arguments: [30, 240, 2000])
    func takesTheBestWithinTheBound(limit: Int) {
        var random = RandomSource.forTest(part: limit)
        var queue = EstimateQueue()
        for round in 0..<4 {
            queue.reset(limit: limit)
            #expect(queue.next() == nil && queue.upcoming == nil)
            var model = Model(limit: limit)
            // The last round's are all equal. Buckets are 1 / 512 as wide as the first batch's range, which
            // is 1, and start half of it below: none of the later ones are further down.
            let spread: Float = round == 3 ? 0 : 1
            let tolerance = spread / 500
            var node: UInt32 = 0
            for batch in 0..<120 {
                let center = -spread * Float(batch) / 500
                var estimates = (0..<32).map { _ in
                    center + spread * (Float(random.next() >> 40) / Float(1 << 24) - 0.5)
                }
                if batch == 0 { (estimates[0], estimates[1]) = (-spread / 2, spread / 2) }
                let nodes = (0..<32).map { _ -> UInt32 in
                    node += 1
                    return node
                }
                let lanes = batch == 0 ? .max : UInt32(truncatingIfNeeded: random.next() >> 20)
                let bound = queue.bound
                // No bound is further from the limit-th best than a bucket.
                #expect(bound >= model.bound - tolerance)
                if spread > 0, batch > 0 { #expect(bound <= model.bound + tolerance) }
                var accepted: Set<UInt32> = []
                queue.insert(
                    lanes, estimates, nodes, becameFirst: { accepted.insert($0) })
                for lane in 0..<32 where lanes >> UInt32(lane) & 1 == 1 {
                    if estimates[lane] < bound {
                        model.inserted.append(estimates[lane])
                        model.waiting.append((estimates[lane], nodes[lane]))
                    }
                }
                #expect(
                    accepted.allSatisfy { first in
                        (0..<32).contains { nodes[$0] == first && lanes >> UInt32($0) & 1 == 1 }
                    })
                if batch == 0 { queue.sortAgain() }
                for _ in 0..<2 {
                    let upcoming = queue.upcoming
                    guard let taken = queue.next() else { continue }
                    #expect(taken.node == upcoming)
                    guard let place = model.waiting.firstIndex(where: { $0.node == taken.node })
                    else {
                        Issue.record("node \(taken.node) was not inserted, or is taken again")
                        return
                    }
                    #expect(model.waiting[place].estimate == taken.estimate)
                    let best = model.waiting.map(\.estimate).min() ?? 0
                    #expect(taken.estimate <= best + tolerance)
                    model.waiting.remove(at: place)
                }
            }
            // All that are surely within the bound come, in order.
            var last = -Float.infinity
            let bound = model.bound
            while let taken = queue.next() {
                #expect(taken.estimate >= last - tolerance)
                last = max(last, taken.estimate)
                model.waiting.removeAll { $0.node == taken.node }
            }
            #expect(model.waiting.allSatisfy { $0.estimate >= bound - tolerance })
        }
    }

    /// Estimates that are not finite are left out, however they come.
    @Test func leavesOutWhatIsNotFinite() {
        var queue = EstimateQueue()
        queue.reset(limit: 10)
        var estimates = [Float](repeating: .nan, count: 32)
        estimates[3] = .infinity
        estimates[4] = -.infinity
        estimates[5] = .greatestFiniteMagnitude
        estimates[6] = -.greatestFiniteMagnitude
        let nodes = (0..<32).map { UInt32($0) }
        for _ in 0..<2 {
            queue.insert(.max, estimates, nodes, becameFirst: { _ in })
            queue.sortAgain()
        }
        var taken: Set<UInt32> = []
        while let next = queue.next() { taken.insert(next.node) }
        #expect(taken == [5, 6])
    }

    /// Nodes are told as they become the first, and only then.
    @Test func tellsWhichBecomeFirst() {
        var queue = EstimateQueue()
        queue.reset(limit: 100)
        let nodes = (0..<32).map { UInt32($0) }
        var spread = [Float](repeating: 0, count: 32)
        for lane in 0..<32 { spread[lane] = Float(lane) }
        queue.insert(.max, spread, nodes, becameFirst: { _ in })
        queue.sortAgain()
        var first: [UInt32] = []
        var estimates = [Float](repeating: 5.5, count: 32)
        (estimates[0], estimates[1], estimates[2], estimates[3]) = (-1, -2, -1.5, -3)
        queue.insert(
            0b1_1111, estimates, nodes.map { $0 + 100 },
            becameFirst: { first.append($0) })
        #expect(first == [100, 101, 103])
        #expect(queue.next()?.node == 103)
        #expect(queue.next()?.node == 101)
    }
}
