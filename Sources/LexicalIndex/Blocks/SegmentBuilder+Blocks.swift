extension SegmentBuilder {
    /// The postings of the passages appended so far, for a store that keeps them by terms.
    ///
    /// - Parameter body: called with each term's key (see ``TermKey``), in the byte order of the stems.
    package func forEachTerm(_ body: ([UInt8], KeyedPostings) throws -> Void) rethrows {
        var postings = KeyedPostings()
        try forEachStem { stem, slots in
            postings.removeAll()
            for (slot, frequency) in zip(slots.slots, slots.frequencies) {
                postings.append(
                    keys[Int(slot)], frequency: frequency, length: lengths[Int(slot)])
            }
            try body(TermKey.of(Array(stem)), postings)
        }
    }

    /// The number of words of the passages appended so far.
    package var totalLength: Int { lengths.reduce(0) { $0 + Int($1) } }
}
