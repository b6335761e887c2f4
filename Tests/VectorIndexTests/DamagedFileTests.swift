import Foundation
import TestSupport
import Testing
import VectorIndex

/// Truncated, overwritten or malicious files cause a typed error or a harmless answer.
@Suite struct DamagedFileTests {
    let folder: TemporaryFolder
    let graph: [UInt8]
    let codes: [UInt8]
    let vectors: [UInt8]
    /// A third of them are copies, or so near to others that their codes are equal.
    let sample = {
        let different = SampleVectors(count: 600, dimensions: 12)
        let copies = (0..<300).flatMap { index in
            different.row(index % 40).map { index % 3 == 0 ? $0 : $0 * 1.000_01 }
        }
        return SampleVectors(dimensions: 12, values: different.values + copies)
    }()

    init() throws {
        folder = TemporaryFolder()
        _ = try HNSWTests.make(
            sample, IndexParameters(dimensions: 12, metric: .euclidean, m: 4), in: folder)
        graph = Array(try Data(contentsOf: URL(fileURLWithPath: folder.file("index"))))
        vectors = Array(try Data(contentsOf: URL(fileURLWithPath: folder.file("vectors"))))
        let builder = try HNSWBuilder(extending: HNSWIndex(path: folder.file("index")))
        builder.storeNeighborCodes(true)
        try builder.save(to: folder.file("codes"), header: sampleHeader)
        codes = Array(try Data(contentsOf: URL(fileURLWithPath: folder.file("codes"))))
    }

    /// Opens both kinds and searches those that open; returns how many opened and verified.
    func use(_ bytes: [UInt8], as name: String) throws -> (opened: Bool, sound: Bool) {
        let path = folder.file("damaged")
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        do throws(IndexError) {
            if name != "vectors" {
                let index = try HNSWIndex(path: path)
                _ = try index.search(sample.row(3), k: 10, ef: 30)
                _ = try index.search(sample.row(3), k: 10, filter: LabelFilter(1...40))
                // Extending a damaged graph must not crash either.
                let builder = try HNSWBuilder(extending: index)
                builder.connect()
                do throws(IndexError) { try index.verify() } catch { return (true, false) }
            } else {
                let file = try VectorFile(path: path)
                _ = try file.exactSearch(sample.row(3), k: 10)
                _ = file.vector(label: 5)
                do throws(IndexError) { try file.verify() } catch { return (true, false) }
            }
            return (true, true)
        } catch {
            #expect(!error.description.isEmpty)
            return (false, false)
        }
    }

    private func original(_ name: String) -> [UInt8] {
        name == "index" ? graph : name == "codes" ? codes : vectors
    }

    @Test(arguments: ["index", "codes", "vectors"])
    func flippedBits(_ name: String) throws {
        let original = original(name)
        #expect(try use(original, as: name) == (true, true))
        var random = RandomSource.forTest(12)
        let page = 4096
        for trial in 0..<240 {
            var bytes = original
            // A third each in the first page, in the trailer, and anywhere.
            let range =
                [0..<page, bytes.count - page..<bytes.count, page..<bytes.count - page][trial % 3]
            let position = Int.random(in: range, using: &random)
            bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            let (opened, sound) = try use(bytes, as: name)
            if trial % 3 < 2 { #expect(!opened, "byte \(position)") }
            // Padding between sections belongs to none of them.
            if sound { #expect(original[position] == 0) }
        }
    }

    @Test(arguments: ["index", "codes", "vectors"])
    func cutAndForeignFiles(_ name: String) throws {
        let original = original(name)
        var lengths = [0, 1, 7, 8, 11, 12, 100, 4095, 4096, 4097, 8191, 8192, 8193]
        lengths += stride(from: 4096, to: original.count, by: 4096)
        lengths += [original.count - 1, original.count - 4096]
        for length in lengths {
            #expect(try use(Array(original.prefix(length)), as: name) == (false, false))
        }
        #expect(try !use(original + [0], as: name).opened)
        #expect(try !use(original + [UInt8](repeating: 0, count: 4096), as: name).opened)
        #expect(try !use(name != "vectors" ? vectors : graph, as: name).opened)
        #expect(try !use(Array("SQLite format 3\0".utf8) + original, as: name).opened)
        var future = original
        future[8] = 200
        let path = folder.file("damaged")
        try Data(future).write(to: URL(fileURLWithPath: path))
        let expected = IndexError.unsupportedVersion(
            path: path, found: 200, supported: name != "vectors" ? 4 : 2)
        #expect(throws: expected) { _ = try HNSWIndexOrVectors(path, name) }
        #expect(throws: IndexError.self) { _ = try HNSWIndexOrVectors(folder.file("none"), name) }
    }

    private func HNSWIndexOrVectors(_ path: String, _ name: String) throws -> Int {
        name != "vectors" ? try HNSWIndex(path: path).count : try VectorFile(path: path).count
    }

    /// Whole sections of hostile values, which opening does not read.
    @Test(arguments: ["index", "codes"])
    func hostileSections(_ name: String) throws {
        var random = RandomSource.forTest(2)
        for fill in 0..<6 {
            var bytes = original(name)
            for position in 4096..<bytes.count - 4096 {
                switch fill {
                case 0: bytes[position] = 0
                case 1: bytes[position] = 0xff
                case 2: bytes[position] = 0x7f
                case 3:
                    bytes[position] =
                        position % 4 == 0 ? UInt8(truncatingIfNeeded: random.next()) : 0
                case 4: bytes[position] = UInt8(truncatingIfNeeded: random.next() >> 9)
                default: if random.next() % 50 == 0 { bytes[position] ^= 0x80 }
                }
            }
            #expect(try !use(bytes, as: name).sound)
        }
    }
}
