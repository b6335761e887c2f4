import FileFormat
import Foundation
import LexicalIndex
import TestSupport

/// The cache files of the words' index, as ``CacheFileInput`` describes them.
enum LexicalTarget {
    static func run(_ input: [UInt8]) throws {
        guard let bytes = try CacheFileInput(input, bases: bases.get())?.bytes else { return }
        let file = try InputFile(bytes)
        guard let segment = try? LexicalSegment(path: file.path) else { return }
        let digests = (try? segment.verify()) == nil ? nil : try? segment.checkInvariants()

        var part = LiveSegment(segment, deleted: segment.deletionsBefore)
        part.delete(keys: [2...4, 9...9])
        try search([LiveSegment(segment)])
        // As a collection holds several, the later ones with higher keys.
        try search([part, LiveSegment(later)])
        _ = segment.slot(ofKey: 5)
        try merge([part, LiveSegment(later)], isSound: false)
        try merge([LiveSegment(segment)], isSound: digests != nil)
        guard let digests else { return }
        let copy = try InputFile([])
        try SegmentMerger([LiveSegment(segment)]).write(to: copy.path, header: segment.header)
        try FuzzFailure.require(
            try LexicalSegment(path: copy.path).checkInvariants() == digests,
            "a copy holds other words")
    }

    private static func search(_ parts: [LiveSegment]) throws {
        let snapshot = LexicalSnapshot(parts)
        for query in ["word7 rare common", "common word1 word2 word3 later", "absent"] {
            for allowed in [nil, [1, 5, 60, 1 << 40]] as [[Int64]?] {
                let hits = snapshot.search(query, limit: 10, allowed: allowed).hits
                for (one, other) in zip(hits, hits.dropFirst())
                where ScoredKey.precedes(other, one) {
                    throw FuzzFailure(description: "\(one) comes before \(other)")
                }
            }
        }
    }

    /// What is made of damaged parts may be refused; what is made is sound where they were.
    private static func merge(_ parts: [LiveSegment], isSound: Bool) throws {
        do {
            let merged = try SegmentMerger(parts).segment()
            if isSound { try merged.checkInvariants() }
        } catch {
            if isSound { throw error }
        }
    }

    // MARK: Sound files

    private static let header = LexicalHeader(
        databaseIdentity: UUID(uuid: (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16)),
        collection: 1, place: LexicalHeader.Place(position: 9, token: 4), throughKey: 900)

    private static let later: LexicalSegment = {
        var builder = SegmentBuilder()
        builder.append(key: 5000, title: "common", text: "later word1")
        return builder.segment()
    }()

    private static let bases = Result {
        // One block of postings; several; keys and lengths that take wider columns; none.
        let keys: [[Int64]] = [
            Array(1...12), Array(1...300), [1, 5, 1 << 40], [],
        ]
        return try keys.enumerated().map { number, keys in
            var builder = SegmentBuilder()
            for key in keys {
                var text =
                    "common word\(key % 23) word\(key % 7) \(String(repeating: "x ", count: Int(key % 5)))"
                if key == 5 { text += " rare" }
                if key == 1 << 40 { text = String(repeating: "common ", count: 66_000) }
                builder.append(key: key, title: key % 3 == 0 ? "word\(key % 40)" : "", text: text)
            }
            let file = try InputFile([])
            try SegmentMerger([LiveSegment(builder.segment())]).write(
                to: file.path, header: header, deletionsBefore: number == 0 ? [1, 4, 900] : [])
            return Array(try Data(contentsOf: URL(fileURLWithPath: file.path)))
        }
    }
}
