import FileFormat
import Foundation
import TestSupport
import VectorIndex

/// The cache files of the vector index, as ``CacheFileInput`` describes them.
enum IndexTarget {
    case graph, vectors

    private static let dimensions = 6

    func run(_ input: [UInt8]) throws {
        let bases = try (self == .graph ? Self.graphs : Self.vectorFiles).get()
        guard let bytes = CacheFileInput(input, bases: bases)?.bytes else { return }
        let file = try InputFile(bytes)
        switch self {
        case .graph: try Self.useGraph(file.path)
        case .vectors: try Self.useVectors(file.path)
        }
    }

    // MARK: Use

    private static func useGraph(_ path: String) throws {
        guard let index = try? HNSWIndex(path: path) else { return }
        let query = [Float](repeating: 0.25, count: index.parameters.dimensions)
        try requireOrder(try index.search(query, k: 5, ef: 20).hits)
        try requireOrder(try index.search(query, k: 3, filter: LabelFilter([1, 2, 7])).hits)
        _ = index.contains(label: 3)
        _ = index.labels
        let isSound = (try? index.verify()) != nil && (try? index.checkInvariants()) != nil
        // Extending it is what a writer does. Lengths that fit no memory are for the next opening.
        guard index.count < 10_000, let builder = try? HNSWBuilder(extending: index) else { return }
        builder.connect()
        let last = builder.lastLabel ?? 0
        guard last >= 0, last < 1 << 40 else { return }
        try? builder.insert(labels: [last + 1], vectors: query)
        _ = builder.remove(labels: [builder.labels.first ?? 0])
        let copy = try InputFile([])
        do { try builder.save(to: copy.path, header: index.header) } catch { return }
        let again = try HNSWIndex(path: copy.path)
        // A writer extends no file that does not verify.
        guard isSound else { return }
        try again.checkInvariants()
        try again.verify()
    }

    private static func useVectors(_ path: String) throws {
        guard let file = try? VectorFile(path: path) else { return }
        let query = [Float](repeating: 0.25, count: file.dimensions)
        try requireOrder(try file.exactSearch(query, k: 5))
        _ = try file.exactSearch(query, k: 5, filter: LabelFilter([1, 2, 7]))
        _ = file.vector(label: 3)
        _ = file.labels
        guard (try? file.verify()) != nil else { return }
        let copy = try InputFile([])
        let writer = try VectorFileWriter(
            path: copy.path, header: file.header, dimensions: file.dimensions,
            metric: file.metric, element: file.element)
        try writer.append(contentsOf: file)
        try writer.commit()
        try FuzzFailure.require(
            try VectorFile(path: copy.path).labels == file.labels, "a copy has other labels")
    }

    private static func requireOrder(_ hits: [ScoredKey]) throws {
        for (one, other) in zip(hits, hits.dropFirst()) where one.score < other.score {
            throw FuzzFailure(description: "\(one) comes before \(other)")
        }
    }

    // MARK: Sound files

    private static let header = IndexHeader(
        databaseIdentity: UUID(uuid: (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16)),
        collection: 1, modelFingerprint: ContentHash(high: 1, low: 2), changeLogPosition: 9)

    private static func vector(_ number: Int) -> [Float] {
        HashEmbedding.vector(of: "row \(number)", dimensions: dimensions)
    }

    private static let graphs = Result {
        try Metric.allCases.flatMap { metric in
            try VectorQuantization.allCases.map { quantization in
                let builder = try HNSWBuilder(
                    parameters: IndexParameters(
                        dimensions: dimensions, metric: metric, quantization: quantization, m: 3,
                        efConstruction: 20))
                for row in 0..<60 {
                    try builder.insert(labels: [Int64(row * 2 + 1)], vectors: vector(row))
                }
                let file = try InputFile([])
                try builder.save(to: file.path, header: header)
                return Array(try Data(contentsOf: URL(fileURLWithPath: file.path)))
            }
        }
    }

    private static let vectorFiles = Result {
        try Metric.allCases.flatMap { metric in
            try VectorElement.allCases.map { element in
                let file = try InputFile([])
                let writer = try VectorFileWriter(
                    path: file.path, header: header, dimensions: dimensions, metric: metric,
                    element: element)
                for row in 0..<40 {
                    try writer.append(label: Int64(row * 3 + 1), vector: vector(row))
                }
                try writer.commit()
                return Array(try Data(contentsOf: URL(fileURLWithPath: file.path)))
            }
        }
    }
}
