import HTTPTypes
import Hummingbird
import JSON
import NIOCore
import Synchronization
import TextBytes
import VectorDatabase

/// Stores the documents of `{"documents":[…]}`, and answers after they are durable.
struct JSONIngest {
    let services: Services
    let collection: DocumentCollection
    let parameters: IngestParameters

    /// The most errors that an answer lists.
    private static let listedErrors = 100

    /// A document that is not stored.
    private struct Fault {
        let index: Int
        let id: String?
        let error: any Error

        var json: JSONWriter {
            let problem = Problem(for: error)
            var line = JSONWriter()
            line.set("index", index)
            line.set("id", id)
            line.set("code", problem.code)
            line.set("detail", problem.detail)
            return line
        }
    }

    func answer(to call: Call) async throws -> Response {
        let records = try Self.records(in: await call.body())
        var documents: [Document] = []
        var faults: [Fault] = []
        for (index, record) in records.enumerated() {
            switch record {
            case .success(let document): documents.append(document)
            case .failure(let error): faults.append(Fault(index: index, id: nil, error: error))
            }
            if parameters.onError == .stop, !faults.isEmpty { break }
        }
        let failed = Mutex<[(id: String, error: any Error)]>([])
        let acknowledged = Mutex(0)
        var options = parameters.options(services.metrics)
        options.failed = { document, error in failed.withLock { $0.append((document.id, error)) } }
        options.acknowledged = { count in acknowledged.withLock { $0 = count } }
        var summary: IngestSummary
        do {
            summary = try await services.writing { [documents, options] in
                try await collection.ingest(documents, options: options)
            }
        } catch {
            throw Self.problem(error, acknowledged: acknowledged.withLock { $0 })
        }
        services.metrics.ingested(summary, collection: collection.name)
        if parameters.onError == .stop, let fault = faults.first {
            throw Self.problem(fault.error, acknowledged: documents.count, index: fault.index)
        }
        summary.documents += faults.count
        summary.failed += faults.count
        let places = Self.places(of: failed.withLock { $0.map(\.id) }, in: records)
        for (number, fault) in failed.withLock({ $0 }).enumerated() {
            faults.append(Fault(index: places[number], id: fault.id, error: fault.error))
        }
        guard !faults.isEmpty else { return .json(summary.json) }
        var line = summary.json
        faults.sort { $0.index < $1.index }
        line.set("errors", faults.prefix(Self.listedErrors).map(\.json))
        return .json(line, status: .multiStatus)
    }

    private static func problem(
        _ error: any Error, acknowledged: Int, index: Int? = nil
    ) -> Problem {
        var problem = Problem(for: error)
        problem.facts["acknowledged"] = .integer(Int64(acknowledged))
        if let index { problem.facts["index"] = .integer(Int64(index)) }
        return problem
    }

    /// Where the documents of these ids are, each the next of its id.
    private static func places(
        of ids: [String], in records: [Result<Document, SourceError>]
    ) -> [Int] {
        guard !ids.isEmpty else { return [] }
        var places: [Identifier: [Int]] = [:]
        for (index, record) in records.enumerated() {
            if case .success(let document) = record {
                places[Identifier(document.id), default: []].append(index)
            }
        }
        return ids.map { id in
            guard var rest = places[Identifier(id)], !rest.isEmpty else { return 0 }
            let index = rest.removeFirst()
            if !rest.isEmpty { places[Identifier(id)] = rest }
            return index
        }
    }

    /// The elements of the array `documents`, each read by the rules of JSON Lines.
    private static func records(
        in body: ByteBuffer
    ) throws -> [Result<Document, SourceError>] {
        try body.readableBytesView.withUnsafeBytes { bytes in
            var ranges: [Range<Int>]?
            do {
                var reader = JSONReader(bytes, rules: .init(maximumDepth: JSONValue.maximumDepth))
                guard try reader.kind() == .object else { throw RequestFailure.notAnObject }
                try reader.enterObject()
                while let key = try reader.nextKey() {
                    guard key == "documents", ranges == nil else {
                        throw ranges == nil || key != "documents"
                            ? RequestFailure.unknownMember(name: key, known: ["documents"])
                            : RequestFailure.notJSON(reader.repeated(key))
                    }
                    ranges = []
                    try reader.enterArray()
                    while try reader.nextElement() { ranges?.append(try reader.skip()) }
                }
                try reader.end()
            } catch let error as JSONError { throw RequestFailure.notJSON(error) }
            guard let ranges else { throw RequestFailure.missingMember(name: "documents") }
            guard ranges.count <= Limits.documents else {
                throw RequestFailure.wrongValue(
                    name: "documents",
                    expected: "an array of at most \(Limits.documents); send more as "
                        + "application/x-ndjson")
            }
            let decoder = DocumentDecoder(name: "documents")
            return ranges.enumerated().map { index, range in
                let element = UnsafeRawBufferPointer(rebasing: bytes[range])
                    .assumingMemoryBound(to: UInt8.self)
                do throws(SourceError) {
                    if let document = try decoder.document(in: element, line: index + 1) {
                        return .success(document)
                    }
                    return .failure(
                        .wrongType(
                            path: "documents", line: index + 1, field: "documents",
                            expected: "documents", found: "the head of an export"))
                } catch { return .failure(error) }
            }
        }
    }
}
