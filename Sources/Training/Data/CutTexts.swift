import Synchronization

/// Counts texts that were cut to the maximum length.
final class CutTexts: Sendable {
    private let number = Atomic(0)

    var count: Int { number.load(ordering: .relaxed) }

    func note() { number.add(1, ordering: .relaxed) }
}
