import FileFormat

/// Collects passages and builds a segment.
///
/// Bounding its memory is up to the caller, who watches `byteCount`.
package struct SegmentBuilder {
    private struct Occurrence {
        var term: UInt32
        var slot: UInt32
        var frequency: UInt32
    }

    private let scanner = WordScanner()
    private let stemmer = PorterStemmer()
    /// Folded words and the numbers of their stems. Most words recur, and each is stemmed only
    /// once.
    private var words = WordTable()
    private var stemOfWord: [UInt32] = []
    private var stems = WordTable()
    private var occurrences: [Occurrence] = []
    /// For each stem its last occurrence, and the number of passages that contain it.
    private var lastOccurrence: [UInt32] = []
    private var passageCounts: [UInt32] = []
    private(set) var keys: [Int64] = []
    private(set) var lengths: [UInt32] = []

    package init() {}

    /// The number of passages appended so far.
    package var count: Int { keys.count }

    /// The approximate memory used, in bytes.
    package var byteCount: Int {
        occurrences.count * 12 + words.byteCount + stems.byteCount + stems.count * 8
            + words.count * 4 + keys.count * 12
    }

    /// Adds a passage. Its key must be greater than the previous one.
    package mutating func append(key: Int64, title: String, text: String) {
        precondition(keys.last.map { $0 < key } ?? true)
        let slot = UInt32(keys.count)
        keys.append(key)
        lengths.append(0)
        var (title, text) = (title, text)
        title.withUTF8 { add($0, slot) }
        text.withUTF8 { add($0, slot) }
    }

    private mutating func add(_ text: UnsafeBufferPointer<UInt8>, _ slot: UInt32) {
        var length: UInt32 = 0
        scanner.forEachWord(in: text, for: .passage) { word in
            length += 1
            let (number, isNew) = words.number(of: word)
            if isNew {
                let stem = stemmer.withStem(of: word) { stems.number(of: $0) }
                if stem.isNew {
                    lastOccurrence.append(.max)
                    passageCounts.append(0)
                }
                stemOfWord.append(UInt32(stem.number))
            }
            let stem = stemOfWord[number]
            let last = Int(lastOccurrence[Int(stem)])
            if last < occurrences.count, occurrences[last].slot == slot {
                occurrences[last].frequency += 1
            } else {
                lastOccurrence[Int(stem)] = UInt32(occurrences.count)
                passageCounts[Int(stem)] += 1
                occurrences.append(Occurrence(term: stem, slot: slot, frequency: 1))
            }
        }
        lengths[Int(slot)] += length
    }

    /// Builds a segment in memory. The builder can be used further.
    package func segment(_ header: LexicalHeader = .transient) -> LexicalSegment {
        do {
            var encoder = try SegmentEncoder(sink: MemorySink(), lengths: lengths)
            try encode(into: &encoder)
            let fields = try encoder.finish(header, keys: keys)
            return LexicalSegment(fields, memory: SegmentMemory(encoder.sink.sections))
        } catch { preconditionFailure("memory takes every section: \(error)") }
    }

    private func encode<Sink>(into encoder: inout SegmentEncoder<Sink>) throws(SectionFileError) {
        var failure: SectionFileError?
        forEachStem { word, postings in
            guard failure == nil else { return }
            do throws(SectionFileError) { try encoder.append(word, postings) } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }

    /// Calls `body` with each stem, in byte order, and its postings, both valid during the call.
    func forEachStem(
        _ body: (UnsafeBufferPointer<UInt8>, Postings) throws -> Void
    ) rethrows {
        // Counting sort by stem, which keeps the order of slots.
        var starts: [Int] = []
        starts.reserveCapacity(stems.count + 1)
        var sum = 0
        for count in passageCounts {
            starts.append(sum)
            sum += Int(count)
        }
        starts.append(sum)
        var next = starts
        var order = [UInt32](repeating: 0, count: sum)
        for (index, occurrence) in occurrences.enumerated() {
            order[next[Int(occurrence.term)]] = UInt32(index)
            next[Int(occurrence.term)] += 1
        }
        var postings = Postings()
        for stem in stems.sorted() {
            postings.removeAll()
            for index in order[starts[stem]..<starts[stem + 1]] {
                let occurrence = occurrences[Int(index)]
                postings.append(slot: occurrence.slot, frequency: occurrence.frequency)
            }
            try stems.withWord(stem) { try body($0, postings) }
        }
    }
}
