import Foundation
import TestSupport
import Testing
import VectorIndex

/// The same input gives the same bytes, whatever the number of threads.
@Suite struct ReproducibilityTests {
    /// Builds in several calls, removes, inserts again; returns the bytes of the file.
    static func life(threads: Int, _ parameters: IndexParameters, in folder: TemporaryFolder) throws
        -> Data
    {
        let sample = SampleVectors(count: 6000, dimensions: parameters.dimensions)
        let builder = try HNSWBuilder(parameters: parameters)
        let labels = sample.labels()
        try builder.insert(
            labels: Array(labels[..<100]), vectors: sample.rows(0..<100), threads: threads)
        try builder.insert(
            labels: Array(labels[100..<5000]), vectors: sample.rows(100..<5000), threads: threads)
        builder.remove(labels: labels.filter { $0 % 7 == 0 }, threads: threads)
        try builder.insert(
            labels: Array(labels[5000...]), vectors: sample.rows(5000..<6000), threads: threads)
        let path = folder.file("graph-\(threads)")
        try builder.save(to: path, header: sampleHeader)
        return try Data(contentsOf: URL(fileURLWithPath: path))
    }

    @Test(arguments: [VectorQuantization.int8, .none])
    func threadsDoNotMatter(_ quantization: VectorQuantization) throws {
        let folder = TemporaryFolder()
        let parameters = IndexParameters(
            dimensions: 24, metric: .euclidean, quantization: quantization, m: 6, efConstruction: 50
        )
        let one = try Self.life(threads: 1, parameters, in: folder)
        for threads in [2, 16] {
            #expect(try Self.life(threads: threads, parameters, in: folder) == one)
        }
        #expect(one.count > 6000 * 24)
    }

    /// Equal vectors, whose distances are ties, and zero vectors.
    @Test func threadsDoNotMatterToEqualVectors() throws {
        let folder = TemporaryFolder()
        let few = SampleVectors(count: 40, dimensions: 8)
        let values = (0..<2500).flatMap { index in
            index % 5 == 0 ? [Float](repeating: 0, count: 8) : few.row(index % 37)
        }
        let files = try [1, 2, 16].map { threads in
            let builder = try HNSWBuilder(
                parameters: IndexParameters(dimensions: 8, m: 5, efConstruction: 40))
            try builder.insert(labels: (1...2500).map { $0 }, vectors: values, threads: threads)
            try builder.save(to: folder.file("equal"), header: sampleHeader)
            try HNSWIndex(path: folder.file("equal")).checkInvariants()
            return try Data(contentsOf: URL(fileURLWithPath: folder.file("equal")))
        }
        #expect(files[0] == files[1] && files[0] == files[2])
    }

    /// Saving, loading and saving again changes nothing.
    @Test func loadedGraphIsTheSavedOne() throws {
        let folder = TemporaryFolder()
        let parameters = IndexParameters(dimensions: 10, metric: .cosine, m: 5)
        let bytes = try Self.life(threads: 2, parameters, in: folder)
        let index = try HNSWIndex(path: folder.file("graph-2"))
        let again = try HNSWBuilder(extending: index)
        try again.checkInvariants()
        #expect(again.count == index.count && again.lastLabel == index.lastLabel)
        #expect(again.labels == index.labels)
        try again.save(to: folder.file("again"), header: sampleHeader)
        #expect(try Data(contentsOf: URL(fileURLWithPath: folder.file("again"))) == bytes)
    }
}
