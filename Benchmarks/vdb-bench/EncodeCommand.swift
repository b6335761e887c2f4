import ArgumentParser
import AutoRegEmbed
import Encoder
import Foundation

/// `vdb-bench encode`: measures how fast texts are encoded.
struct EncodeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "encode", abstract: "Encode texts and print tokens per second.",
        discussion: """
            Encodes the file's texts, one a line, in --repeat measured rounds after one unmeasured \
            round; the figures are the median round's. query_ms is the median time of encoding the \
            first text alone.

            vdb-bench encode --model DIR --texts passages.txt --format json
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }

    @Option(help: "A Hugging Face model folder.")
    var model: String

    @Option(help: "A file with one text a line.")
    var texts: String

    @Option(help: "Texts given to the encoder at once; default: all.")
    var batchSize: Int?

    @Option(help: "Threads; default: all available cores.")
    var threads: Int?

    @Option(help: "float32 or bfloat16; default: the checkpoint's.")
    var precision: ComputePrecision?

    @Option(help: "compressed, last or mean; default: the model's.")
    var pooling: Pooling?

    @Option(help: "The most tokens of a text; default: the model's.")
    var maxLength: Int?

    @Option(help: "self, next, none, or the text of an instruction.")
    var instruction = "self"

    @Option(name: .customLong("repeat"), help: "Measured rounds.")
    var rounds = 3

    @Option(help: "text or json.")
    var format = Format.text

    func validate() throws {
        guard rounds > 0, batchSize ?? 1 > 0, threads ?? 1 > 0, maxLength ?? 1 > 0 else {
            throw ValidationError(
                "--repeat, --batch-size, --threads and --max-length must be positive")
        }
    }

    func run() throws {
        var lines = try String(contentsOfFile: texts, encoding: .utf8)
            .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if lines.last == "" { lines.removeLast() }
        guard let first = lines.first else { throw ValidationError("\(texts) holds no text") }
        var options = AutoRegEmbedder.Options()
        options.threads = threads
        options.precision = precision
        options.pooling = pooling
        options.maximumLength = maxLength
        let asked: Instruction =
            switch instruction {
            case "self": .self_
            case "next": .next
            case "none": .none
            default: .custom(instruction)
            }

        let clock = ContinuousClock()
        let start = clock.now
        let embedder = try ModelFolder.open(URL(fileURLWithPath: model), options: options)
        let encode = { (texts: [String]) in
            try embedder.encode(
                texts, instruction: asked, task: .retrieval, isCancelled: { false })
        }
        let loading = seconds(clock.now - start)
        var (tokens, times, queries): (Int, [Double], [Double]) = (0, [], [])
        for round in 0...rounds {
            tokens = 0
            let start = clock.now
            for first in stride(from: 0, to: lines.count, by: batchSize ?? lines.count) {
                let end = min(first + (batchSize ?? lines.count), lines.count)
                tokens += try encode(Array(lines[first..<end])).reduce(0) { $0 + $1.tokenCount }
            }
            if round > 0 { times.append(seconds(clock.now - start)) }
        }
        for _ in 0..<15 {
            let start = clock.now
            _ = try encode([first])
            queries.append(seconds(clock.now - start))
        }
        report(
            tokens: tokens, seconds: times.sorted()[times.count / 2],
            query: queries.sorted()[queries.count / 2], loading: loading, embedder: embedder)
    }

    private func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
    }

    private func report(
        tokens: Int, seconds: Double, query: Double, loading: Double,
        embedder: any ModelEmbedder
    ) {
        let precision = embedder.arithmetic
        let rate = Double(tokens) / seconds
        switch format {
        case .json:
            print(
                "{\"tokens\":\(tokens), \"seconds\":\(seconds), \"tokens_per_second\":\(rate), "
                    + "\"query_ms\":\(query * 1000), \"load_ms\":\(loading * 1000), "
                    + "\"precision\":\"\(precision)\"}")
        case .text:
            print("\(tokens) tokens in \(seconds) s: \(Int(rate)) tokens/s (\(precision))")
            print("the first text by itself: \(query * 1000) ms; loading: \(loading * 1000) ms")
        }
    }
}

extension ComputePrecision: ExpressibleByArgument {}
extension Pooling: ExpressibleByArgument {}
