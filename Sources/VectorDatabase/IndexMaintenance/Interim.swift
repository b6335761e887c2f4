// Interim, until VectorIndex has landed.
struct IndexParameters: Sendable, Equatable {
    enum Metric { case innerProduct, cosine, l2 }
    enum Quantization { case none, int8 }
    var dimensions: Int
    var metric: Metric
    var quantization: Quantization
    var m: Int
    var efConstruction: Int
}
final class HNSWIndex: Sendable { let count = 0 }
final class VectorFile: Sendable { let labels: [Int64] = []; let count = 0 }
struct CacheReader {
    let record: CollectionRecord
    let files: CacheFiles
    let store: DocumentStore
    func open() throws -> (graph: HNSWIndex?, flat: VectorFile?, position: Int64) { (nil, nil, 0) }
}
import DocumentStore
extension IngestRun {
    func index() async throws { for await _ in committed.stream {} }
}
struct WriterLock {
    static func acquire(_ path: String, database: String, timeout: Duration) async throws
        -> WriterLock
    { WriterLock() }
    func release() {}
}
extension DocumentCollection {
    enum Force { case none, rebuild };
    func maintain(_ record: CollectionRecord, force: Force = .none) async throws {}
}

extension IndexSnapshot { var isSmall: Bool { true }; var deletedInGraph: Int { 0 } }
struct Checker {
    let database: Database
    func check() throws -> CheckReport { CheckReport() }
    func repair(_ report: CheckReport) async throws -> CheckReport { report }
}
