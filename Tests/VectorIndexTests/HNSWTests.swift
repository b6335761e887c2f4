import Testing
import VectorIndex

/// The graph against exact search.
@Suite struct HNSWTests {
    /// A graph and a flat file over the same vectors, written and mapped.
    static func make(
        _ sample: SampleVectors, _ parameters: IndexParameters, in folder: TemporaryFolder,
        threads: Int = 2
    ) throws -> (HNSWIndex, VectorFile) {
        let builder = try HNSWBuilder(parameters: parameters)
        try builder.insert(labels: sample.labels(), vectors: sample.values, threads: threads)
        try builder.save(to: folder.file("index"), header: sampleHeader)
        let writer = try VectorFileWriter(
            path: folder.file("vectors"), header: sampleHeader,
            dimensions: parameters.dimensions, metric: parameters.metric)
        for (row, label) in sample.labels().enumerated() {
            try writer.append(label: label, vector: sample.row(row))
        }
        try writer.commit()
        return (
            try HNSWIndex(path: folder.file("index")), try VectorFile(path: folder.file("vectors"))
        )
    }

    @Test(arguments: VectorQuantization.allCases)
    func findsWhatExactSearchFinds(_ quantization: VectorQuantization) throws {
        let sample = SampleVectors(count: 20_000, dimensions: 48, clusters: 200)
        let folder = try TemporaryFolder()
        let (index, exact) = try Self.make(
            sample, IndexParameters(dimensions: 48, metric: .cosine, quantization: quantization),
            in: folder)
        #expect(index.count == 20_000)
        try index.checkInvariants()
        try index.verify()
        let queries = SampleVectors(count: 200, dimensions: 48, clusters: 200, seed: 2)
        var total = 0.0
        for row in 0..<queries.count {
            let query = queries.row(row)
            let truth = try exact.exactSearch(query, k: 10)
            let result = try index.search(query, k: 10, ef: 100, source: exact)
            #expect(result.hits.count == 10)
            total += recall(result.hits, truth)
        }
        #expect(total / Double(queries.count) >= 0.98)
    }
}
