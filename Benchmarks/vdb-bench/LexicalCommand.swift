import ArgumentParser
import FileFormat
import Foundation
import LexicalIndex

/// `vdb-bench lexical`: measures how fast passages are found by their words.
struct LexicalCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lexical", abstract: "Index passages and time queries by words.",
        discussion: """
            The passages are a file's lines, with keys from 1. After a first round, each query of each \
            file is answered --repeat times on one thread; the fastest time of each query counts. \
            The first round is reported separately.

            vdb-bench lexical --texts passages.txt --queries queries.txt --index /tmp/i --format json
            """)

    @Option(help: "A file with one passage a line.")
    var texts: String

    @Option(help: "A file with one query a line; may be given several times.")
    var queries: [String]

    @Option(help: "The index file; an existing one is read, not written.")
    var index: String

    @Option(name: .shortAndLong, help: "Hits for each query.")
    var k = 10

    @Option(name: .customLong("repeat"), help: "Measured rounds.")
    var rounds = 3

    @Option(help: "Bytes of postings collected before they are compressed.")
    var memory = 96 << 20

    @Option(help: "Write each file's results to PATH-N, one line for each query: key:score …")
    var out: String?

    @Option(help: "text or json.")
    var format = EncodeCommand.Format.text

    func validate() throws {
        guard k > 0, rounds > 0 else {
            throw ValidationError("--k and --repeat must be at least 1")
        }
    }

    func run() throws {
        var building: Stopwatch?
        if !FileManager.default.fileExists(atPath: index) {
            var watch = Stopwatch()
            try watch.measure(build)
            building = watch
        }
        let peak = ProcessMemory.peakBytes
        var opened: LexicalSegment?
        let opening = try seconds { opened = try LexicalSegment(path: index) }
        guard let segment = opened else { return }
        let snapshot = LexicalSnapshot([LiveSegment(segment)])
        var fields: [String] = [
            "\"passages\":\(segment.count)", "\"terms\":\(segment.termCount)",
            "\"words\":\(segment.totalLength)", "\"bytes\":\(segment.byteCount)",
            "\"build_seconds\":\(building.map { "\($0.seconds)" } ?? "null")",
            "\"build_processor_seconds\":\(building.map { "\($0.processorSeconds)" } ?? "null")",
            "\"build_peak_bytes\":\(building == nil ? "null" : "\(peak)")",
            "\"open_ms\":\(opening * 1000)", "\"k\":\(k)",
        ]
        var points: [String] = []
        for (number, file) in queries.enumerated() {
            let texts = try lines(of: file)
            guard !texts.isEmpty else { throw ValidationError("\(file) holds no query") }
            let (times, first, postings, answers) = measure(texts, snapshot)
            points.append(
                "{\"queries\":\(texts.count), \(summary(times, "")), "
                    + "\(summary(first, "first_")), \"postings\":\(postings / texts.count)}")
            if let out {
                try answers.joined(separator: "\n").write(
                    toFile: "\(out)-\(number)", atomically: true, encoding: .utf8)
            }
        }
        fields.append("\"points\":[\(points.joined(separator: ", "))]")
        switch format {
        case .json: print("{\(fields.joined(separator: ", "))}")
        case .text: for field in fields { print(field.replacingOccurrences(of: "\"", with: "")) }
        }
    }

    private func summary(_ times: [Double], _ prefix: String) -> String {
        let sorted = times.sorted()
        let values = [
            ("p50", sorted[sorted.count / 2]),
            ("p99", sorted[min(sorted.count - 1, sorted.count * 99 / 100)]),
            ("mean", sorted.reduce(0, +) / Double(sorted.count)),
        ]
        return values.map { "\"\(prefix)\($0.0)_ms\":\($0.1 * 1000)" }.joined(separator: ", ")
    }

    /// The best time of each query in seconds, and its time in the first round.
    private func measure(_ texts: [String], _ snapshot: LexicalSnapshot)
        -> (times: [Double], first: [Double], postings: Int, answers: [String])
    {
        var first: [Double] = []
        var times = [Double](repeating: .infinity, count: texts.count)
        var postings = 0
        var answers: [String] = []
        for round in 0...rounds {
            for (index, text) in texts.enumerated() {
                var found: (hits: [ScoredKey], cost: LexicalCost)?
                let time = seconds { found = snapshot.search(text, limit: k) }
                if round > 0 { times[index] = min(times[index], time) }
                guard round == 0, let found else { continue }
                first.append(time)
                postings += found.cost.postings
                answers.append(
                    found.hits.map { "\($0.key):\($0.score)" }.joined(separator: " "))
            }
        }
        return (times, first, postings, answers)
    }

    private func build() throws {
        var runs: [LiveSegment] = []
        var builder = SegmentBuilder()
        var key: Int64 = 0
        let lines = LineReader(try DescriptorStream(path: texts))
        while let line = try lines.next({ String(decoding: $0, as: UTF8.self) }) {
            guard !line.isEmpty else { continue }
            key += 1
            builder.append(key: key, title: "", text: line)
            if builder.byteCount > memory {
                runs.append(LiveSegment(builder.segment()))
                builder = SegmentBuilder()
            }
        }
        runs.append(LiveSegment(builder.segment()))
        var header = LexicalHeader.transient
        header.throughKey = key
        try SegmentMerger(runs).write(to: index, header: header)
    }

    private func lines(of path: String) throws -> [String] {
        let text = try String(contentsOfFile: path, encoding: .utf8)
        return text.utf8.split(separator: UInt8(ascii: "\n")).map { String(Substring($0)) }
    }

    private func seconds(_ body: () throws -> Void) rethrows -> Double {
        let start = ContinuousClock.now
        try body()
        return (ContinuousClock.now - start) / .seconds(1)
    }
}
