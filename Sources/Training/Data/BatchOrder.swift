import RandomNumbers

/// Which rows make up the batch of each step: a function of the options alone, so that a resumed
/// run needs only its step number.
///
/// Every epoch has its own order, drawn from the seed, or the file's order without shuffling. An
/// epoch's last batch may be smaller.
struct BatchOrder: Sendable {
    let rows: Int
    let batchSize: Int
    let seed: UInt64
    let shuffles: Bool

    var stepsPerEpoch: Int { (rows + batchSize - 1) / batchSize }

    /// The rows that a run's first `steps` steps use, ascending.
    func rows(usedIn steps: Int) -> [Int] {
        guard steps < stepsPerEpoch else { return Array(0..<rows) }
        return Set(batches(from: 0).prefix(steps).joined()).sorted()
    }

    private func order(ofEpoch epoch: Int) -> [Int] {
        guard shuffles else { return Array(0..<rows) }
        var generator = SeededGenerator(seed: seed, purpose: 1, UInt64(epoch))
        return generator.permutation(rows)
    }

    /// The batches from `step` (counted from 0) on, without end.
    func batches(from step: Int) -> some Sequence<[Int]> {
        var epoch = step / stepsPerEpoch
        var place = step % stepsPerEpoch
        var current = order(ofEpoch: epoch)
        return AnyIterator {
            if place == stepsPerEpoch {
                epoch += 1
                place = 0
                current = order(ofEpoch: epoch)
            }
            let batch = current[place * batchSize..<min(rows, (place + 1) * batchSize)]
            place += 1
            return Array(batch)
        }
    }
}

extension TrainingOptions {
    /// The order in which a run uses `count` rows.
    func order(of count: Int) -> BatchOrder {
        BatchOrder(rows: count, batchSize: batchSize, seed: seed, shuffles: shuffles)
    }

    /// The rows that a run's steps will use of `count`, ascending.
    func rowsUsed(of count: Int) -> [Int] {
        let order = order(of: count)
        return order.rows(usedIn: maximumSteps ?? epochs * order.stepsPerEpoch)
    }
}
