/// A set of labels that a search may return.
///
/// Membership is looked up in a bit set if the labels are dense enough, else by binary search.
package struct LabelFilter: Sendable {
    /// The labels, increasing and distinct.
    package let labels: [Int64]
    private let first: Int64
    private let bits: [UInt64]

    /// Creates a filter from labels in any order, with or without duplicates.
    package init(_ labels: some Sequence<Int64>) {
        var sorted = Array(labels)
        if !zip(sorted, sorted.dropFirst()).allSatisfy({ $0 < $1 }) {
            sorted.sort()
            var kept = 0
            for label in sorted where kept == 0 || sorted[kept - 1] != label {
                sorted[kept] = label
                kept += 1
            }
            sorted.removeLast(sorted.count - kept)
        }
        self.labels = sorted
        first = sorted.first ?? 0
        let span: Int64 =
            sorted.isEmpty
            ? 0
            : sorted[sorted.count - 1].subtractingReportingOverflow(first)
                .partialValue
        // A bit set over the span, if that takes at most 32 bytes per label.
        guard span >= 0, span / 256 <= Int64(sorted.count) else {
            bits = []
            return
        }
        var bits = [UInt64](repeating: 0, count: sorted.isEmpty ? 0 : Int(span) / 64 + 1)
        for label in sorted {
            let offset = Int(label - first)
            bits[offset >> 6] |= 1 << UInt64(offset & 63)
        }
        self.bits = bits
    }

    /// The number of labels.
    package var count: Int { labels.count }

    /// Whether a label is in the set.
    ///
    /// - Complexity: O(1) for dense labels, else O(log n).
    package func contains(_ label: Int64) -> Bool {
        guard !labels.isEmpty else { return false }
        if !bits.isEmpty {
            let offset = label.subtractingReportingOverflow(first).partialValue
            guard label >= first, offset >= 0, offset >> 6 < bits.count else { return false }
            return bits[Int(offset >> 6)] >> UInt64(offset & 63) & 1 != 0
        }
        var low = 0
        var high = labels.count
        while low < high {
            let middle = (low + high) / 2
            if labels[middle] < label { low = middle + 1 } else { high = middle }
        }
        return low < labels.count && labels[low] == label
    }
}
