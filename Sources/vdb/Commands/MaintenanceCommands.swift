import ArgumentParser
import Foundation
import VectorDatabase

/// `vdb index-field`: fast filters on a metadata field.
struct IndexFieldCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "index-field", abstract: "Make filters on a metadata field fast.",
        discussion: """
            Examples:
              vdb index-field year
              vdb index-field year --drop
            """)

    @Argument(help: "The field, as --where names it.")
    var name: String

    @Flag(help: "Forget the field's index; filters on it still work.")
    var drop = false

    @OptionGroup var database: DatabaseArguments
    @OptionGroup var general: GeneralArguments

    func run() async throws {
        Interruption.finishesCleanly()
        let store = try database.open(.readWrite, threads: general.threads)
        defer { try? store.close() }
        let collection = store.collection(database.collection)
        if drop {
            try await collection.dropIndexField(name)
        } else {
            try await collection.indexField(name)
        }
        general.say("\(name): \(drop ? "no longer indexed" : "indexed")")
    }
}

/// `vdb check`: whether everything is as it was written.
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Verify the database, the index against it, and every checksum.",
        discussion: """
            Example:
              vdb check --repair

            Ends with 0 where all is sound and 65 where it is not. A missing or lagging index is \
            sound: it is made again from the database.
            """)

    @Flag(help: "Rebuild what can be rebuilt.")
    var repair = false

    @Option(help: "How findings are printed.")
    var format = AnswerFormat.table

    @OptionGroup var database: DatabaseArguments
    @OptionGroup var general: GeneralArguments

    func run() async throws {
        if repair { Interruption.finishesCleanly() }
        let store = try database.open(repair ? .readWrite : .readOnly, threads: general.threads)
        defer { try? store.close() }
        let report = try await store.check(repairing: repair)
        switch format {
        case .json: json(report).print()
        case .table: show(report)
        }
        if !report.isSound { throw ExitCode(ExitStatus.badData.rawValue) }
    }

    private func json(_ report: CheckReport) -> JSONLine {
        var line = JSONLine()
        line.set("sound", .bool(report.isSound))
        line.set(
            "findings",
            report.findings.map { finding in
                var line = JSONLine()
                line.set("fault", .bool(finding.isFault))
                line.set("subject", finding.subject)
                line.set("message", finding.message)
                line.set("remedy", finding.remedy)
                return line
            })
        line.set("sampled_recall", .object(report.sampledRecall.mapValues { .number($0) }))
        return line
    }

    private func show(_ report: CheckReport) {
        for finding in report.findings {
            let remedy = finding.remedy.map { "; \($0)" } ?? ""
            let kind = finding.isFault ? "fault" : "note"
            Output.line("\(kind): \(finding.subject): \(finding.message)\(remedy)")
        }
        for (name, recall) in report.sampledRecall.sorted(by: { $0.key < $1.key }) {
            Output.line("collection '\(name)': the index finds \(percent(recall)) of the nearest")
        }
        Output.line(report.isSound ? "\(database.path): sound" : "\(database.path): damaged")
    }

    private func percent(_ share: Double) -> String { String(format: "%.1f %%", share * 100) }
}

/// `vdb compact`: space of what was deleted given back.
struct CompactCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compact", abstract: "Give back the space of what was deleted.",
        discussion: """
            Example:
              vdb compact --db notes.vdb

            The database is rewritten; that needs as much free space as it has.
            """)

    @OptionGroup var database: DatabaseArguments
    @OptionGroup var general: GeneralArguments

    func run() async throws {
        Interruption.finishesCleanly()
        let store = try database.open(.readWrite, threads: general.threads)
        defer { try? store.close() }
        let before = try store.bytesByPart().reduce(0) { $0 + $1.bytes }
        try await store.compact()
        let after = try store.bytesByPart().reduce(0) { $0 + $1.bytes }
        general.say(
            "\(ProgressBar.grouped(before)) bytes before, \(ProgressBar.grouped(after)) after")
    }
}

/// `vdb backup`: a copy as of one moment.
struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copy the database as it is at one moment, while others write.",
        discussion: """
            Example:
              vdb backup notes-monday.vdb --db notes.vdb

            The copy is one file. It is a database like any other: --db opens it.
            """)

    @Argument(help: "The file to make.")
    var destination: String

    @OptionGroup var database: DatabaseArguments
    @OptionGroup var general: GeneralArguments

    func run() async throws {
        let store = try database.open(.readOnly, threads: general.threads)
        defer { try? store.close() }
        if FileManager.default.fileExists(atPath: destination) {
            throw CommandFailure(
                .cannotCreate, "\(destination): is there already; name another file")
        }
        Interruption.finishesCleanly()
        try await store.backup(to: destination)
        general.say("\(destination): written")
    }
}

/// `vdb reindex`: other vectors or another index over the same documents.
struct ReindexCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reindex",
        abstract: "Encode again with another model, or build the index with other parameters.",
        discussion: """
            Examples:
              vdb reindex --model ./my-model
              vdb reindex --m 32 --ef-construction 400 --quantization none

            Queries are answered with the old vectors until all new ones are there. Interrupted, \
            the same command goes on where it stopped.
            """)

    @Option(help: ArgumentHelp("Links of a node on each layer.", valueName: "n"))
    var m: Int?

    @Option(help: ArgumentHelp("Candidates examined for a new node's links.", valueName: "n"))
    var efConstruction: Int?

    @Option(
        help: "What the walk compares: full vectors (none) or int8; scores are exact in any case.")
    var quantization: IndexOptions.Quantization?

    @OptionGroup var model: ModelArguments
    @OptionGroup var database: DatabaseArguments
    @OptionGroup var general: GeneralArguments

    func validate() throws {
        try requirePositive(m, "--m")
        try requirePositive(efConstruction, "--ef-construction")
    }

    func run() async throws {
        Interruption.finishesCleanly()
        let finder = try model.finder(threads: general.threads)
        let store = try database.open(.readWrite, threads: general.threads, models: finder)
        defer { try? store.close() }
        let collection = store.collection(database.collection)
        var options = try collection.statistics(includesBytes: false).index.options
        let recorded = options
        if let m { options.m = m }
        if let efConstruction { options.efConstruction = efConstruction }
        if let quantization { options.quantization = quantization }
        if model.model != nil {
            let embedder = try finder.load()
            let bar = ProgressBar(unit: "passages", isQuiet: general.quiet)
            defer { bar.clear() }
            try await collection.reindex(with: embedder) { progress in
                bar.update(
                    done: progress.done, total: progress.total,
                    note: progress.stage == .indexing ? "indexing" : nil)
            }
        }
        if model.model == nil || options != recorded {
            try await collection.reindex(options: options)
        }
        general.say("\(database.path): indexed again")
    }
}

extension IndexOptions.Quantization: ExpressibleByArgument {}

/// `vdb completions`: what a shell needs to complete commands and options.
struct CompletionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completions", abstract: "Print a completion script for a shell.",
        discussion: """
            Examples:
              vdb completions bash > ~/.local/share/bash-completion/completions/vdb
              vdb completions zsh > ~/.zfunc/_vdb
              vdb completions fish > ~/.config/fish/completions/vdb.fish
            """)

    enum Shell: String, ExpressibleByArgument, CaseIterable { case bash, zsh, fish }

    @Argument(help: "The shell.")
    var shell: Shell

    func run() throws {
        let target: CompletionShell =
            switch shell {
            case .bash: .bash
            case .zsh: .zsh
            case .fish: .fish
            }
        Output.line(VDB.completionScript(for: target))
    }
}
