import FileFormat
import Foundation
import TestSupport
import Testing

@testable import LexicalIndex

@Suite struct SegmentFileTests {
    private static func sample() -> LexicalSegment {
        var maker = TextMaker(seed: 11, vocabulary: 400)
        return .make((1...Int64(900)).map { ($0, "", maker.text(0...40)) })
    }

    private static let header = LexicalHeader.sample(position: 9, through: 900)

    @Test func aFileIsWhatWasWritten() throws {
        let scratch = TemporaryFolder()
        let path = scratch.file("segment")
        var part = LiveSegment(Self.sample())
        part.delete(keys: [10...30, 500...500])
        try SegmentMerger([part]).write(to: path, header: Self.header, deletionsBefore: [3, 9])
        let segment = try LexicalSegment(path: path)
        #expect(segment.header == Self.header)
        #expect(segment.count == 900 - 22)
        #expect(segment.deletionsBefore == [3, 9])
        #expect(segment.slot(ofKey: 500) == nil)
        #expect(segment.slot(ofKey: 9) == 8)
        try segment.verify()
        try segment.checkInvariants()
        let query = "w1x w50x w9x"
        #expect(
            LexicalSnapshot([LiveSegment(segment)]).search(query, limit: 50).hits
                == LexicalSnapshot([part]).search(query, limit: 50).hits)
    }

    @Test func emptyAndLongOnes() throws {
        let scratch = TemporaryFolder()
        let path = scratch.file("segment")
        try SegmentMerger([]).write(to: path, header: Self.header)
        let empty = try LexicalSegment(path: path)
        #expect(empty.count == 0)
        try empty.checkInvariants()
        #expect(LexicalSnapshot([LiveSegment(empty)]).search("a", limit: 3).hits.isEmpty)

        // A passage of more words than two bytes count, and keys far apart.
        let long = Array(repeating: "word", count: 70_000).joined(separator: " ")
        let segment = LexicalSegment.make([(1, "", long), (1 << 40, "b", "word")])
        try segment.checkInvariants()
        #expect(segment.length(at: 0) == 70_000)
        #expect(
            LexicalSnapshot([LiveSegment(segment)]).search("word", limit: 3).hits.map(\.key) == [
                1, 1 << 40,
            ])
    }

    /// A check finds any damage, and a search in a damaged file neither traps nor hangs.
    @Test func damageIsFoundAndSurvived() throws {
        let scratch = TemporaryFolder()
        let path = scratch.file("segment")
        try SegmentMerger([LiveSegment(Self.sample())]).write(to: path, header: Self.header)
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        var generator = RandomSource.forTest(5)
        for round in 0..<300 {
            var data = whole
            for _ in 0..<(round % 3 == 0 ? 1 : 40) {
                let place = Int.random(in: 0..<data.count, using: &generator)
                data[place] = UInt8.random(in: 0...255, using: &generator)
            }
            if round % 5 == 0 {
                data = data.prefix(Int.random(in: 0..<data.count, using: &generator))
            }
            try data.write(to: URL(fileURLWithPath: path))
            guard data != whole else { continue }
            do throws(SectionFileError) {
                let segment = try LexicalSegment(path: path)
                let snapshot = LexicalSnapshot([LiveSegment(segment)])
                for query in ["w0x w1x w2x w3x w300x", "w7x", "w0x"] {
                    _ = snapshot.search(query, limit: 20)
                    _ = snapshot.search(query, limit: 20, allowed: [1, 5, 800])
                }
                _ = try? SegmentMerger([LiveSegment(segment)]).segment()
                _ = try? segment.checkInvariants()
            } catch {
                #expect("\(error)".contains(path))
            }
        }
    }

    @Test func checksumsCoverEverySection() throws {
        let scratch = TemporaryFolder()
        let path = scratch.file("segment")
        try SegmentMerger([LiveSegment(Self.sample())]).write(
            to: path, header: Self.header, deletionsBefore: [1])
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        // Except for padding between sections, which is never read.
        for place in stride(from: 4096, to: whole.count - 4096, by: 4096) {
            var data = whole
            data[place] ^= 1
            try data.write(to: URL(fileURLWithPath: path))
            let segment = try LexicalSegment(path: path)
            #expect(throws: SectionFileError.self) { try segment.verify() }
        }
        var data = whole
        data[whole.count - 4000] ^= 1
        try data.write(to: URL(fileURLWithPath: path))
        #expect(throws: SectionFileError.self) { try LexicalSegment(path: path) }
    }
}
