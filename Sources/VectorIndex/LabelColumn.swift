/// Increasing labels in a file, stored as differences from the first, in 4 bytes if they fit, else
/// 8.
struct LabelColumn: Sendable {
    let count: Int
    /// Bytes per label, 4 or 8.
    let width: Int
    let base: Int64
    nonisolated(unsafe) let bytes: UnsafeRawPointer

    static func width(first: Int64, last: Int64) -> Int {
        let (span, overflow) = last.subtractingReportingOverflow(first)
        return !overflow && span >= 0 && span <= Int64(UInt32.max) ? 4 : 8
    }

    /// Encodes increasing labels.
    static func encode(_ labels: [Int64], base: Int64, width: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(labels.count * width)
        for label in labels {
            let offset = UInt64(bitPattern: label &- base)
            withUnsafeBytes(of: offset.littleEndian) { bytes += $0.prefix(width) }
        }
        return bytes
    }

    subscript(index: Int) -> Int64 {
        width == 4
            ? base &+ Int64(bytes.load(fromByteOffset: index * 4, as: UInt32.self))
            : base &+ Int64(bitPattern: bytes.load(fromByteOffset: index * 8, as: UInt64.self))
    }

    /// The index of a label; `hint` is tried first.
    func index(of label: Int64, hint: Int = 0) -> Int? {
        if hint >= 0, hint < count, self[hint] == label { return hint }
        let index = lowerBound(label)
        return index < count && self[index] == label ? index : nil
    }

    /// The first index in `start ..< end` whose label is not below `label`; `end` if there is none.
    func lowerBound(_ label: Int64, from start: Int = 0, to end: Int? = nil) -> Int {
        var low = start
        var high = end ?? count
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < label { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The indices of a filter's labels, increasing.
    ///
    /// Labels are integers and increase, so a label that is greater by d is at most d places
    /// further on, and exactly d places if no label between them is missing.
    func indices(matching filter: LabelFilter) -> [UInt32] {
        var indices: [UInt32] = []
        indices.reserveCapacity(min(filter.count, count))
        var start = 0
        for label in filter.labels {
            guard start < count else { break }
            let first = self[start]
            guard label >= first else { continue }
            // The difference fits an unsigned integer, whatever the signs.
            let distance = UInt64(bitPattern: label &- first)
            let last = Int(min(UInt64(count - 1 - start), distance)) + start
            var index = last
            if self[last] != label { index = lowerBound(label, from: start, to: last + 1) }
            if index < count, self[index] == label {
                indices.append(UInt32(index))
                index += 1
            }
            start = index
        }
        return indices
    }

    /// Whether the labels increase.
    var isSorted: Bool {
        for index in 1..<max(1, count) where self[index - 1] >= self[index] { return false }
        return true
    }
}
