import ArgumentParser
import FileFormat
import Foundation
import LexicalIndex

/// How fast passages are found by their words.
struct LexicalCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lexical", abstract: "Index passages and time queries by words.",
        discussion: """
            The passages are a file's lines, keyed from 1. Each query of each file is answered \
            --repeat times after one round that is not counted, one after another on one thread; the \
            fastest of each counts.

            vdb-bench lexical --texts passages.txt --queries queries.txt --index /tmp/i --format json
            """)

    @Option(help: "A file with one passage a line.")
    var texts: String

    @Option(help: "A file with one query a line; may be given several times.")
    var queries: [String]

    @Option(help: "Where the index is written; read from there where it is already.")
    var index: String

    @Option(name: .shortAndLong, help: "Hits of each query.")
    var k = 10

    @Option(name: .customLong("repeat"), help: "Rounds that are counted.")
    var rounds = 3

    @Option(help: "Bytes of postings collected before they are compressed.")
    var memory = 96 << 20

    @Option(help: "Writes each file's answers to PATH-N, a line for each query: key:score …")
    var out: String?

    @Option(help: "text or json.")
    var format = EncodeCommand.Format.text

    func run() throws {
        var building: Double?
        if !FileManager.default.fileExists(atPath: index) {
            building = try seconds { try build() }
        }
        var opened: LexicalSegment?
        let opening = try seconds { opened = try LexicalSegment(path: index) }
        guard let segment = opened else { return }
        let snapshot = LexicalSnapshot([LiveSegment(segment)])
        var fields: [String] = [
            "\"passages\":\(segment.count)", "\"terms\":\(segment.termCount)",
            "\"words\":\(segment.totalLength)", "\"bytes\":\(segment.byteCount)",
            "\"build_seconds\":\(building.map { "\($0)" } ?? "null")",
            "\"open_ms\":\(opening * 1000)", "\"k\":\(k)",
        ]
        var points: [String] = []
        for (number, file) in queries.enumerated() {
            let texts = try lines(of: file)
            guard !texts.isEmpty else { throw ValidationError("\(file) holds no query") }
            let (times, postings, answers) = measure(texts, snapshot)
            let sorted = times.sorted()
            points.append(
                "{\"queries\":\(texts.count), \"p50_ms\":\(sorted[sorted.count / 2] * 1000), "
                    + "\"p99_ms\":\(sorted[min(sorted.count - 1, sorted.count * 99 / 100)] * 1000), "
                    + "\"mean_ms\":\(sorted.reduce(0, +) / Double(sorted.count) * 1000), "
                    + "\"postings\":\(postings / texts.count)}")
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

    /// The best time of each query in seconds.
    private func measure(_ texts: [String], _ snapshot: LexicalSnapshot)
        -> (times: [Double], postings: Int, answers: [String])
    {
        var times = [Double](repeating: .infinity, count: texts.count)
        var postings = 0
        var answers: [String] = []
        for round in 0...rounds {
            for (index, text) in texts.enumerated() {
                var found: (hits: [LexicalMatch], cost: LexicalCost)?
                let time = seconds { found = snapshot.search(text, limit: k) }
                if round > 0 { times[index] = min(times[index], time) }
                guard round == 0, let found else { continue }
                postings += found.cost.postings
                answers.append(
                    found.hits.map { "\($0.key):\($0.score)" }.joined(separator: " "))
            }
        }
        return (times, postings, answers)
    }

    private func build() throws {
        var runs: [LiveSegment] = []
        var builder = SegmentBuilder()
        var key: Int64 = 0
        for line in try lines(of: texts) {
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
