/// The four normalization forms (Unicode Standard Annex 15), over UTF-8.
enum UnicodeNormalization: Sendable {
    case nfc, nfd, nfkc, nfkd

    private var composes: Bool { self == .nfc || self == .nfkc }
    private var isCompatible: Bool { self == .nfkc || self == .nfkd }

    /// Replaces `bytes` by its normal form.
    ///
    /// ASCII is its own form under all four. For NFC, the commonest, so is most other text: only
    /// stretches that begin before a scalar that is not inert are worked on.
    func apply(to bytes: inout [UInt8], classes: ScalarClasses) {
        if bytes.allSatisfy({ $0 < 0x80 }) { return }
        var table = NormalizationTable()
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count + 16)
        var stretch: [UInt32] = []
        var inert = true
        bytes.withUnsafeBufferPointer { buffer in
            UTF8Text.forEachScalar(in: buffer) { scalar, _ in
                let settled =
                    scalar < 0x80
                    || (self == .nfc
                        && classes.properties(scalar) & ScalarClasses.inertNFC != 0)
                if settled {
                    flush(&stretch, inert, &table, &out)
                    inert = true
                } else {
                    inert = false
                }
                stretch.append(scalar)
            }
        }
        flush(&stretch, inert, &table, &out)
        bytes = out
    }

    /// Writes a stretch before which nothing joins anything, and empties it.
    private func flush(
        _ stretch: inout [UInt32], _ inert: Bool, _ table: inout NormalizationTable,
        _ out: inout [UInt8]
    ) {
        if inert {
            for scalar in stretch { UTF8Text.append(scalar, to: &out) }
        } else {
            var scalars: [(scalar: UInt32, order: UInt8)] = []
            for scalar in stretch {
                table.decompose(scalar, compatible: isCompatible, into: &scalars)
            }
            Self.sort(&scalars)
            if composes { compose(&scalars, &table) }
            for (scalar, _) in scalars { UTF8Text.append(scalar, to: &out) }
        }
        stretch.removeAll(keepingCapacity: true)
    }

    /// The canonical ordering: each run of marks by combining class, equals as they stood.
    private static func sort(_ scalars: inout [(scalar: UInt32, order: UInt8)]) {
        var start = 0
        while start < scalars.count {
            guard scalars[start].order != 0 else {
                start += 1
                continue
            }
            var end = start
            while end < scalars.count, scalars[end].order != 0 { end += 1 }
            if end - start > 1 {
                let run = scalars[start..<end].enumerated().sorted {
                    ($0.element.order, $0.offset) < ($1.element.order, $1.offset)
                }
                for (index, item) in run.enumerated() { scalars[start + index] = item.element }
            }
            start = end
        }
    }

    /// Canonical composition: a scalar joins the last starter unless one of its own class, or a
    /// starter, stands between.
    private func compose(
        _ scalars: inout [(scalar: UInt32, order: UInt8)], _ table: inout NormalizationTable
    ) {
        var kept: [(scalar: UInt32, order: UInt8)] = []
        kept.reserveCapacity(scalars.count)
        var starter: Int?
        for item in scalars {
            if let at = starter {
                let last = kept[kept.count - 1].order
                let adjacent = kept.count - 1 == at
                if adjacent || (last != 0 && last < item.order),
                    let whole = table.composite(kept[at].scalar, item.scalar)
                {
                    kept[at].scalar = whole
                    continue
                }
            }
            if item.order == 0 { starter = kept.count }
            kept.append(item)
        }
        scalars = kept
    }
}
