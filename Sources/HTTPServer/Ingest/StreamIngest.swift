import FileFormat
import HTTPTypes
import Hummingbird
import JSON
import NIOCore
import Synchronization
import TextBytes
import VectorDatabase

/// Stores documents of NDJSON while they arrive, and says how far it came.
///
///     body ──> lines ──> documents ──(bounded queue)──> commits ──> report ──> answer
///
/// 1. The queue holds a bounded number of bytes; when it is full, the body is not read, and the client's
///    connection fills up.
/// 2. Each window is an ingest of its own, so that the database's writer is free between windows, however
///    slow the client is. A window ends when it is full, or when its first document has waited a moment.
/// 3. A line is acknowledged after the commit that made it durable, never before.
/// 4. The answer is written beside, from a report that keeps only the newest acknowledgment: a client that
///    does not read holds up nothing but its own answer.
/// 5. The answer to a body that a proxy passes on with its length begins when the body is in: nginx, once an
///    answer has begun, gives up sending a body that it cannot send at once.
struct StreamIngest: Sendable {
    let services: Services
    let collection: DocumentCollection
    let parameters: IngestParameters

    private static let queueBound = 16 << 20
    private static let patience = Duration.milliseconds(200)
    private static let window = 2048
    private static let windowBytes = 8 << 20

    /// A line of the body.
    private struct Record: Sendable {
        let line: Int
        /// `nil` for a line that is no document, such as an empty one.
        let content: Result<Document, any Error>?
    }

    func answer(to call: Call) async throws -> Response {
        let encoding = try call.contentEncoding()
        guard call.isWholeFromProxy else {
            return response { writer in
                let report = IngestReport(instance: call.id)
                let work = store(call, encoding, report) {}
                try await write(report, of: work, to: &writer)
            }
        }
        let report = IngestReport(instance: call.id)
        let (arrival, arrived) = AsyncStream<Void>.makeStream()
        let work = store(call, encoding, report) { arrived.finish() }
        try await withTaskCancellationHandler {
            await services.lifecycle.stopping({ work.cancel() }) {
                for await _ in arrival {}
            }
            try Task.checkCancellation()
        } onCancel: {
            work.cancel()
        }
        return response { writer in try await write(report, of: work, to: &writer) }
    }

    private func response(
        _ body: @escaping @Sendable (inout any ResponseBodyWriter) async throws -> Void
    ) -> Response {
        Response(
            status: .ok,
            headers: [
                .contentType: "application/x-ndjson", .xAccelBuffering: "no",
                .cacheControl: "no-store",
            ],
            body: ResponseBody { writer in try await body(&writer) })
    }

    /// Begins to read and to store.
    ///
    /// - Parameter arrived: called when the whole body has been read, or no more of it will be.
    private func store(
        _ call: Call, _ encoding: Compression?, _ report: IngestReport,
        arrived: @escaping @Sendable () -> Void
    ) -> Task<Void, Never> {
        // Lines are parsed as fast as they come, which would keep others from Swift's threads.
        Task(executorPreference: BlockingExecutor.shared) {
            defer { arrived() }
            do {
                report.finish(try await run(call, encoding, report, arrived: arrived))
            } catch { report.fail(error) }
        }
    }

    /// Writes the answer while it comes about.
    private func write(
        _ report: IngestReport, of work: Task<Void, Never>, to writer: inout any ResponseBodyWriter
    ) async throws {
        // Whichever way this ends, nobody waits for the rest.
        defer { work.cancel() }
        try await withTaskCancellationHandler {
            try await services.lifecycle.stopping({ work.cancel() }) {
                while let lines = await report.next() {
                    try await writer.write(ByteBuffer(bytes: lines))
                }
            }
            try await writer.finish(nil)
        } onCancel: {
            work.cancel()
        }
    }

    private func run(
        _ call: Call, _ encoding: Compression?, _ report: IngestReport,
        arrived: @escaping @Sendable () -> Void
    ) async throws -> IngestSummary {
        let queue = BoundedQueue<Record>(bound: Self.queueBound, patience: Self.patience)
        let started = ContinuousClock.now
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    try await read(call, encoding, into: queue)
                    arrived()
                    queue.finish()
                } catch { queue.finish(throwing: error) }
            }
            var total = IngestSummary()
            while let window = try await queue.receive(
                .init(count: Self.window, weight: Self.windowBytes))
            {
                try await store(window, into: &total, report)
                total.seconds = (ContinuousClock.now - started) / .seconds(1)
            }
            group.cancelAll()
            return total
        }
    }

    // MARK: Reading

    private func read(
        _ call: Call, _ encoding: Compression?, into queue: BoundedQueue<Record>
    ) async throws {
        var splitter = LineSplitter(limit: services.limits.line)
        let decoder = DocumentDecoder(name: "line")
        let limit = services.limits.line
        func send(_ line: LineSplitter.Line) async throws {
            switch line {
            case .tooLong(let number):
                let failure = RequestFailure.lineTooLong(line: number, limit: limit)
                try await queue.send(
                    Record(line: number, content: .failure(failure)), weight: 100)
            case .bytes(let bytes, let number):
                try await queue.send(
                    Self.record(bytes, number, decoder), weight: bytes.count + 100)
            }
        }
        let decompressor = encoding.map { StreamDecoder($0) }
        for try await piece in call.request.body {
            if let decompressor {
                try await decompressor.decode(piece) { piece in
                    for line in splitter.split(piece) { try await send(line) }
                }
            } else {
                for line in splitter.split(piece) { try await send(line) }
            }
        }
        try await decompressor?.decode(nil) { piece in
            for line in splitter.split(piece) { try await send(line) }
        }
        if let line = splitter.end() { try await send(line) }
    }

    private static func record(
        _ bytes: [UInt8], _ number: Int, _ decoder: DocumentDecoder
    ) -> Record {
        let result = bytes.withUnsafeBufferPointer { buffer -> Result<Document, any Error>? in
            do throws(SourceError) {
                return try decoder.document(in: buffer, line: number).map { .success($0) }
            } catch { return .failure(error) }
        }
        return Record(line: number, content: result)
    }

    // MARK: Storing

    /// Stores a window: up to its first fault, or all that can be stored.
    private func store(
        _ window: [Record], into total: inout IngestSummary, _ report: IngestReport
    ) async throws {
        var documents: [Document] = []
        var lines: [Int] = []
        var fault: (line: Int, error: any Error)?
        for record in window {
            switch record.content {
            case nil: break
            case .success(let document):
                documents.append(document)
                lines.append(record.line)
            case .failure(let error) where parameters.onError == .skip:
                total.documents += 1
                total.failed += 1
                report.skip(error, line: record.line)
            case .failure(let error): fault = (record.line, error)
            }
            if fault != nil { break }
        }
        try await ingest(documents, lines, into: &total, report)
        if let fault {
            report.acknowledge(fault.line - 1)
            throw IngestReport.Fault(line: fault.line, underlying: fault.error)
        }
        if let last = window.last { report.acknowledge(last.line) }
    }

    private func ingest(
        _ documents: [Document], _ lines: [Int], into total: inout IngestSummary,
        _ report: IngestReport
    ) async throws {
        if documents.isEmpty { return }
        let failed = Mutex<[(id: String, error: any Error)]>([])
        let settled = Mutex(0)
        var options = parameters.options(services.metrics)
        options.failed = { document, error in failed.withLock { $0.append((document.id, error)) } }
        options.acknowledged = { count in
            settled.withLock { $0 = count }
            // What follows the document in this window is not stored yet.
            if count > 0, count <= lines.count { report.acknowledge(lines[count - 1]) }
        }
        do {
            let summary = try await collection.ingest(documents, options: options)
            services.metrics.ingested(summary, collection: collection.name)
            total.add(summary)
        } catch {
            let count = settled.withLock { $0 }
            guard count < lines.count, !(error is CancellationError) else { throw error }
            throw IngestReport.Fault(line: lines[count], underlying: error)
        }
        for fault in failed.withLock({ $0 }) {
            let place = documents.firstIndex { $0.id.hasSameBytes(as: fault.id) }
            report.skip(fault.error, line: place.map { lines[$0] } ?? lines[0])
        }
    }
}
