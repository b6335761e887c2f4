import ArgumentParser
import AutoRegEmbed
import JSON
import VectorDatabase

/// `vdb embed`: prints the vectors of texts.
struct EmbedCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "embed",
        abstract: "Print the vectors of texts.",
        discussion: """
            Examples:
              vdb embed "a text" --instruction next
              vdb embed - --model ./model < lines.txt
              vdb embed - --format npy < lines.txt > vectors.npy

            Prints one JSON object a line: the text, the token ids of the whole input, the vector. \
            With -, every line of standard input is a text.
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable { case json, npy }

    @Argument(help: "Texts, or - for lines of standard input.")
    var texts: [String]

    @Option(help: "The output format: JSON Lines, or a NumPy array of float32.")
    var format = Format.json

    @Flag(help: "Add the k states at the compressed tokens, whose mean is the vector.")
    var states = false

    @OptionGroup var instruction: InstructionArguments
    @OptionGroup var model: ModelArguments
    @OptionGroup var general: GeneralArguments

    func run() async throws {
        let finder = try model.finder(threads: general.threads)
        let embedder = try finder.load()
        let compressing = try states ? finder.loadLanguageModel(for: "--states") : nil
        let (instruction, task) = (self.instruction.parsed, self.instruction.task)
        var array = NpyArray()
        for try await batch in TextInput(texts) {
            let encoded = try embedder.encode(
                batch, instruction: instruction, task: task, isCancelled: { false })
            for (text, encoded) in zip(batch, encoded) {
                let states = try compressing?.states(text, instruction: instruction, task: task)
                if format == .npy {
                    array.append(states ?? [encoded.vector])
                    continue
                }
                var line = JSONWriter()
                line.set("text", text)
                line.set(
                    "tokens", embedder.inputTokens(text, instruction: instruction, task: task))
                line.set("embedding", encoded.vector)
                if let states { line.set("states", states) }
                line.print()
            }
            Output.flush()
        }
        if format == .npy { array.print(asMatrices: states, dimensions: embedder.dimensions) }
    }
}

/// Rows collected for an `.npy` file, whose header has their number.
private struct NpyArray {
    private var values: [UInt8] = []
    private var count = 0
    private var rows = 1

    /// - Parameter rows: one row or a matrix; the same number each time.
    mutating func append(_ rows: [[Float]]) {
        count += 1
        self.rows = rows.count
        for number in rows.joined() {
            withUnsafeBytes(of: number.bitPattern.littleEndian) { values.append(contentsOf: $0) }
        }
    }

    func print(asMatrices: Bool, dimensions: Int) {
        let shape = asMatrices ? "\(count), \(rows), \(dimensions)" : "\(count), \(dimensions)"
        var header = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(shape)), }"
        // Magic number, version and length take 10 bytes; data begin at a multiple of 64.
        header += String(repeating: " ", count: 63 - (10 + header.utf8.count) % 64) + "\n"
        let length = UInt16(header.utf8.count)
        Output.write(
            [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(length & 255), UInt8(length >> 8)])
        Output.write(Array(header.utf8))
        Output.write(values)
    }
}
